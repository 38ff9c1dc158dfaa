package io.payhook.journal;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.UUID;

/**
 * Time-ordered identifiers, RFC 9562 version 7: 48 bits of milliseconds, a counter within the
 * millisecond, 62 random bits.
 */
final class EventIds {
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private long lastMillis;
  private int counter;

  EventIds(Clock clock) {
    this.clock = clock;
  }

  synchronized UUID next() {
    long millis = clock.millis();
    if (millis > lastMillis) {
      lastMillis = millis;
      counter = 0;
    } else if (++counter > 0xfff) {
      lastMillis++;
      counter = 0;
    }
    long most = (lastMillis << 16) | 0x7000L | counter;
    long least = (random.nextLong() & 0x3fffffffffffffffL) | 0x8000000000000000L;
    return new UUID(most, least);
  }

  /** The smallest identifier that an event received at that time can have. */
  static UUID lowest(Instant at) {
    return new UUID(Math.max(0, at.toEpochMilli()) << 16, 0);
  }
}

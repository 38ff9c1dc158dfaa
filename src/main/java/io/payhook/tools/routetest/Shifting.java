package io.payhook.tools.routetest;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;

/** The system's time, moved by as much as a test says. */
final class Shifting extends Clock {
  private final AtomicReference<Duration> by = new AtomicReference<>(Duration.ZERO);

  void move(Duration more) {
    by.updateAndGet(before -> before.plus(more));
  }

  @Override
  public Instant instant() {
    return Instant.now().plus(by.get());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return Clock.system(zone);
  }
}

package io.payhook.journal;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as a delivery needs it. While a delivery is only waiting, its event has no body here:
 * much may be waiting, and memory is limited.
 *
 * @param receivedAt by the database's clock
 * @param provider the preset that accepted it, if its endpoint has several; otherwise null
 * @param facts what is known about it
 * @param confirmation JSON: what the provider's API answered when it confirmed the event; null if
 *     it was not asked
 */
public record StoredEvent(
    UUID id,
    String endpoint,
    String type,
    String key,
    Instant receivedAt,
    @Nullable String contentType,
    byte[] body,
    @Nullable String provider,
    Facts facts,
    @Nullable String confirmation) {

  private static final byte[] UNREAD = new byte[0];

  /** The event without its large parts. */
  public StoredEvent unread() {
    return read(UNREAD, null);
  }

  /** Whether the body is here. */
  public boolean isRead() {
    return body != UNREAD;
  }

  StoredEvent read(byte[] itsBody, @Nullable String itsConfirmation) {
    return new StoredEvent(
        id,
        endpoint,
        type,
        key,
        receivedAt,
        contentType,
        itsBody,
        provider,
        facts,
        itsConfirmation);
  }

  /** An event of which only the body is known. */
  public StoredEvent(
      UUID id,
      String endpoint,
      String type,
      String key,
      Instant receivedAt,
      @Nullable String contentType,
      byte[] body) {
    this(id, endpoint, type, key, receivedAt, contentType, body, null, Facts.NONE, null);
  }
}

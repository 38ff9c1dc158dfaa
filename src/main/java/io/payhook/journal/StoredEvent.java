package io.payhook.journal;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as a delivery needs it. While a delivery only waits it has no body here: what waits may
 * be much, and memory is not.
 *
 * @param receivedAt by the database's clock
 * @param provider the preset that took it, where its endpoint has several; else null
 * @param facts what is known of it
 * @param confirmation JSON: what the provider's API said when it confirmed the event; null where it
 *     was not asked
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

  /** The event without what makes it large. */
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

package io.payhook.journal;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as a delivery needs it.
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

package io.payhook.journal;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An event as a delivery needs it. {@code receivedAt} is the database's clock. */
public record StoredEvent(
    UUID id,
    String endpoint,
    String type,
    String key,
    Instant receivedAt,
    @Nullable String contentType,
    byte[] body) {}

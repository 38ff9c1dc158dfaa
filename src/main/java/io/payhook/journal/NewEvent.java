package io.payhook.journal;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An authentic event on its way into the journal.
 *
 * @param endpoint name of the endpoint that received it
 * @param type canonical event type
 * @param key what makes it the same event when the provider sends it again
 * @param entity what `ordered` deliveries are kept in order by, or null
 * @param occurredAt when the provider says it happened, or null
 * @param amount in the currency's major unit, or null
 * @param currency ISO 4217 code, or null
 * @param secret label of the secret that matched, never the secret
 * @param method HTTP method
 * @param url request target as it came over the wire
 * @param contentType Content-Type as it came over the wire, or null
 * @param headers JSON text: {@code [[name, value], …]} in wire order
 * @param body the raw bytes
 * @param sameAs whether a stored body under the same key is the same event (compared as JSON, less
 *     what a provider may change between tries)
 */
public record NewEvent(
    String endpoint,
    String type,
    String key,
    @Nullable String entity,
    @Nullable Instant occurredAt,
    @Nullable BigDecimal amount,
    @Nullable String currency,
    @Nullable String secret,
    String method,
    String url,
    @Nullable String contentType,
    String headers,
    byte[] body,
    Predicate<byte[]> sameAs) {}

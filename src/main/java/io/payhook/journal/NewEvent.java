package io.payhook.journal;

import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An authentic event on its way into the journal.
 *
 * @param endpoint name of the endpoint that received it
 * @param type canonical event type
 * @param key what makes it the same event when the provider sends it again
 * @param facts what is known of it
 * @param secret label of the secret that matched, never the secret
 * @param method HTTP method
 * @param url request target as it came over the wire
 * @param contentType Content-Type as it came over the wire, or null
 * @param headers JSON text: {@code [[name, value], …]} in wire order
 * @param body the raw bytes
 * @param sameness what else tells a repeat from a new event
 */
public record NewEvent(
    String endpoint,
    String type,
    String key,
    Facts facts,
    @Nullable String secret,
    String method,
    String url,
    @Nullable String contentType,
    String headers,
    byte[] body,
    Sameness sameness) {

  /**
   * What tells a repeat from a new event, besides the key.
   *
   * @param as whether a stored body under the same key is the same event (compared as JSON, less
   *     what a provider may change between tries)
   * @param provider the preset that took it, where the endpoint has several; else null
   * @param signedDigest of what was signed, where the key stands outside of it: the same again is a
   *     repeat; else null
   * @param recursWithin for a state that can come back: how long after it a repeat may come; what
   *     comes later, or has another body, is a new event. Null where the key alone decides
   */
  public record Sameness(
      Predicate<byte[]> as,
      @Nullable String provider,
      byte @Nullable [] signedDigest,
      @Nullable Duration recursWithin) {

    /** Where nothing but the key and the body count. */
    public static Sameness of(Predicate<byte[]> as) {
      return new Sameness(as, null, null, null);
    }
  }

  /** The same event under another key. */
  NewEvent withKey(String other) {
    return new NewEvent(
        endpoint, type, other, facts, secret, method, url, contentType, headers, body, sameness);
  }
}

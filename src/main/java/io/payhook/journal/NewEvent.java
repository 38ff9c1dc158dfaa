package io.payhook.journal;

import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An authentic event on its way into the journal.
 *
 * @param endpoint name of the endpoint that received it
 * @param type canonical event type
 * @param key what makes it the same event if the provider sends it again
 * @param facts what is known about it
 * @param secret label of the secret that matched, never the secret
 * @param method HTTP method
 * @param url request target as sent
 * @param contentType Content-Type as sent, or null
 * @param headers JSON text: {@code [[name, value], …]} in wire order
 * @param body the raw bytes
 * @param sameness what else distinguishes a repeat from a new event
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
   * What distinguishes a repeat from a new event, besides the key.
   *
   * @param as whether a stored body under the same key is the same event (compared as JSON, without
   *     what a provider may change between retries)
   * @param provider the preset that accepted it, if the endpoint has several; otherwise null
   * @param signedDigest of the signed bytes, if the key is outside them: the same digest is a
   *     repeat; otherwise null
   * @param recursWithin for a recurring state: how long after it a repeat may arrive; a later one,
   *     or one with another body, is a new event. Null if the key alone decides
   */
  public record Sameness(
      Predicate<byte[]> as,
      @Nullable String provider,
      byte @Nullable [] signedDigest,
      @Nullable Duration recursWithin) {

    /** If only the key and the body matter. */
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

package io.payhook.signature;

import java.security.PublicKey;
import java.time.Instant;

/**
 * The certificates that platforms sign with and name in their requests. A verification asks for
 * one, and is answered from memory alone: who keeps them fetches a new one later, by itself.
 */
public interface Certificates {

  /** What is known of a certificate. */
  sealed interface Answer {}

  /**
   * It is one of the platform's.
   *
   * @param key that its signatures hold by
   * @param label names it, as a secret's label does
   * @param until when it counts
   */
  record Trusted(PublicKey key, String label, Instant until) implements Answer {}

  /**
   * It is not here yet; the request can be decided when it is sent again.
   *
   * @param why in words for a person
   */
  record Awaited(String why) implements Answer {}

  /**
   * It is none of the platform's.
   *
   * @param why in words for a person
   */
  record NotTrusted(String why) implements Answer {}

  /** No certificate but those that an endpoint has as its secrets. */
  Certificates NONE = url -> new NotTrusted("certificates are only fetched by a running endpoint");

  /** What is known now. Never waits. */
  Answer at(CertificateUrl url);
}

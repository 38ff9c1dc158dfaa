package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One authentic webhook and what it says. Only a {@link Verifier} makes one, so whoever holds one
 * holds a request that passed the check.
 */
public final class VerifiedEvent implements Verdict {
  private final Provider provider;
  private final RawRequest request;
  private final Facts facts;
  private final String secretLabel;
  private final @Nullable JsonNode json;
  private final List<VerifiedEvent> items;
  private final List<Refused> leftOut;
  private final byte @Nullable [] signedDigest;

  VerifiedEvent(
      Provider provider,
      RawRequest request,
      Facts facts,
      String secretLabel,
      @Nullable JsonNode json,
      List<VerifiedEvent> items,
      List<Refused> leftOut,
      byte @Nullable [] signedDigest) {
    this.provider = provider;
    this.leftOut = leftOut;
    this.signedDigest = signedDigest;
    this.request = request;
    this.facts = facts;
    this.secretLabel = secretLabel;
    this.json = json;
    this.items = items;
  }

  /** What the provider's settings found in a request. */
  record Facts(
      String type,
      String rawType,
      String key,
      String entity,
      @Nullable Instant occurredAt,
      @Nullable BigDecimal amount,
      @Nullable String currency) {}

  Facts facts() {
    return facts;
  }

  /** The preset that it was verified by. */
  public Provider provider() {
    return provider;
  }

  /** The event type, after the provider's aliases: {@code payment.success}. */
  public String type() {
    return facts.type();
  }

  /** The event type as the platform wrote it: {@code charge.success}. */
  public String rawType() {
    return facts.rawType();
  }

  /** What makes this event the same as another: a repeat has the same key. Up to 512 characters. */
  public String key() {
    return facts.key();
  }

  /** What the event is about, such as the transaction; the key when the provider names none. */
  public String entity() {
    return facts.entity();
  }

  /** When it happened, as the platform says. */
  public @Nullable Instant occurredAt() {
    return facts.occurredAt();
  }

  /** The amount in the currency's major unit (naira, euro), whatever unit the platform uses. */
  public @Nullable BigDecimal amount() {
    return facts.amount();
  }

  /** The currency's ISO 4217 code, in upper case. */
  public @Nullable String currency() {
    return facts.currency();
  }

  /** The name of the secret that matched; {@code none} for a provider that does not sign. */
  public String secretLabel() {
    return secretLabel;
  }

  /**
   * Whether its key names a state that can come back, so that the key alone does not tell a repeat
   * from a new event.
   */
  public boolean recurs() {
    return provider.plan().event.recurs(type(), rawType());
  }

  /**
   * A digest of what was signed, where type or key stand outside of it: the same again under
   * another key is a repeat. Null where the signature covers both, or covers nothing.
   */
  public byte @Nullable [] signedDigest() {
    return signedDigest == null ? null : signedDigest.clone();
  }

  /** What of a batch was not taken, since nobody signed it. */
  public List<Refused> leftOut() {
    return leftOut;
  }

  /** The request as it came; the query of a GET as the body of a form. */
  public RawRequest request() {
    return request;
  }

  /**
   * The body as JSON, parsed once: numbers with a fraction are {@link BigDecimal}, never floating
   * point. A form's fields, or XML carried in a form, as an object of the same names; null when the
   * provider's bodies are plain text.
   */
  public @Nullable JsonNode json() {
    return json;
  }

  /**
   * The single events of a request that carries several, each with its own slice of the body; just
   * this event when the provider does not send batches.
   */
  public List<VerifiedEvent> items() {
    return items.isEmpty() ? List.of(this) : items;
  }

  @Override
  public String toString() {
    return "VerifiedEvent[" + type() + " " + key() + "]";
  }
}

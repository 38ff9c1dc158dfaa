package io.payhook.signature;

import io.payhook.kit.PlainText;
import java.util.Objects;

/**
 * A request that is not taken, and why.
 *
 * @param category whether the sender could not prove who it is, or proved it and sent nonsense
 * @param reason one kebab-case word for metrics and the rejection record, such as {@code
 *     wrong-signature}
 * @param detail a sentence for the person who looks into it; for the record, never for the sender,
 *     never with a secret in it, and on one line without a character that can't be seen
 */
public record Refused(Category category, String reason, String detail) implements Verdict {

  /** The two ways to be refused. */
  public enum Category {
    /** Not proven to come from the provider: answered 401, whatever the reason. */
    SIGNATURE,
    /** Authentic, but not an event this provider is known to send: answered 400. */
    MALFORMED
  }

  public Refused {
    Objects.requireNonNull(category, "category");
    Objects.requireNonNull(reason, "reason");
    // It quotes what a stranger sent.
    detail = PlainText.of(detail);
  }
}

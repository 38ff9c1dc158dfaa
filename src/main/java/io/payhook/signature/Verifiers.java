package io.payhook.signature;

import java.util.List;
import java.util.Optional;

/**
 * Says whether a request is an event of one of several providers, for platforms that send two kinds
 * of webhooks to one URL. The first provider whose signature the request carries decides.
 */
public final class Verifiers {
  private final List<Verifier> verifiers;

  /**
   * @param verifiers in the order in which they are tried; at least one
   */
  public Verifiers(List<Verifier> verifiers) {
    if (verifiers.isEmpty()) {
      throw new IllegalArgumentException("an endpoint needs a provider");
    }
    this.verifiers = List.copyOf(verifiers);
  }

  /** The verdict on a request. */
  public Verdict verify(RawRequest request) {
    if (verifiers.size() == 1) {
      return verifiers.get(0).verify(request);
    }
    Verdict verdict = null;
    for (Verifier verifier : verifiers) {
      if (verifier.isFor(request)) {
        Verdict own = verifier.verify(request);
        if (!(own instanceof Refused)) {
          return own;
        }
        verdict = verdict == null ? own : better(verdict, own);
      }
    }
    return verdict == null ? verifiers.get(0).verify(request) : verdict;
  }

  /**
   * What is wrong with a request already by its headers, before a byte of its body has come: every
   * preset wants a header that it does not have.
   *
   * @param head of a POST; its body is not looked at
   */
  public Optional<Refused> refusedByHead(RawRequest head) {
    Refused first = null;
    for (Verifier verifier : verifiers) {
      Refused own = verifier.refusedByHead(head).orElse(null);
      if (own == null) {
        return Optional.empty();
      }
      first = first == null ? own : first;
    }
    return Optional.ofNullable(first);
  }

  /** Authentic but malformed says more than not authentic. */
  private static Verdict better(Verdict one, Verdict other) {
    return one instanceof Refused refused
            && refused.category() == Refused.Category.SIGNATURE
            && other instanceof Refused second
            && second.category() == Refused.Category.MALFORMED
        ? other
        : one;
  }
}

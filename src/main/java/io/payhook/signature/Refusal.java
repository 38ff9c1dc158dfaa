package io.payhook.signature;

/** Ends a verification early; thrown and caught within this package only. */
class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String detail;

  Refusal(String reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
    this.detail = detail;
  }

  String reason() {
    return reason;
  }

  String detail() {
    return detail;
  }

  Refused as(Refused.Category category) {
    return new Refused(category, reason, detail);
  }

  /** What is said of the request that it ends. */
  Verdict verdict(Refused.Category category) {
    return as(category);
  }

  /** Ends a verification that has to wait for a certificate. */
  static final class NotHereYet extends Refusal {
    private static final long serialVersionUID = 1L;

    NotHereYet(String why) {
      super("awaited-certificate", why);
    }

    @Override
    Verdict verdict(Refused.Category category) {
      return new Undecided(detail());
    }
  }
}

package io.payhook.signature;

/** Ends a verification early; thrown and caught within this package only. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  Refusal(String reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
  }

  String reason() {
    return reason;
  }

  Refused as(Refused.Category category) {
    String detail = getMessage();
    return new Refused(category, reason, detail == null ? reason : detail);
  }
}

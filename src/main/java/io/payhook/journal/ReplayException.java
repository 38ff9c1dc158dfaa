package io.payhook.journal;

import java.util.List;

/** A replay cannot be done as requested; nothing was changed. */
public final class ReplayException extends Exception {
  private static final long serialVersionUID = 1;

  /** What is wrong. */
  public enum Reason {
    /** There is no such event. */
    NO_EVENT,
    /** The route has no subscription; {@link ReplayException#known()} lists those that have. */
    NO_ROUTE,
    /** No route may run for the event in its present state. */
    NOT_DELIVERABLE
  }

  private final Reason reason;
  private final List<String> known;

  ReplayException(Reason reason, String message, List<String> known) {
    super(message);
    this.reason = reason;
    this.known = known;
  }

  public Reason reason() {
    return reason;
  }

  /** The routes that are subscribed. */
  public List<String> known() {
    return known;
  }
}

package io.payhook.journal;

import java.util.List;

/** A replay can't be done as asked; nothing was changed. */
public final class ReplayException extends Exception {
  private static final long serialVersionUID = 1;

  /** What is wrong. */
  public enum Reason {
    /** There is no such event. */
    NO_EVENT,
    /** Nobody subscribes to the route; {@link ReplayException#known()} are those there are. */
    NO_ROUTE,
    /** No route may run for the event in the state it is in. */
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

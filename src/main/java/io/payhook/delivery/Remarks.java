package io.payhook.delivery;

import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * What a route's effects report about an attempt that did not fail: that there was nothing to do,
 * or that something was left out. Stored on the exchange until the route has ended.
 */
public final class Remarks {
  /** The exchange property in which Camel's filters record whether they matched. */
  public static final String FILTER = "PayhookFilter";

  private static final String PROPERTY = "PayhookRemarks";
  private static final int LONGEST = 500;

  private final List<String> skipped = new ArrayList<>();
  private final List<String> noted = new ArrayList<>();
  private boolean done;

  private Remarks() {}

  /** How an attempt that did not fail ended, with a line for people. */
  static final class Ended extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean skipped;

    private Ended(boolean skipped, String message) {
      super(
          message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "…",
          null,
          false,
          false);
      this.skipped = skipped;
    }

    boolean skipped() {
      return skipped;
    }
  }

  /** Attaches remarks to this exchange and all copies of it. */
  static void begin(Exchange exchange) {
    exchange.setProperty(PROPERTY, new Remarks());
  }

  /** An effect had nothing to do for this event. */
  public static void skip(Exchange exchange, String reason) {
    Remarks remarks = of(exchange);
    synchronized (remarks) {
      remarks.skipped.add(reason);
    }
  }

  /** An effect is done but left something out. */
  public static void note(Exchange exchange, String text) {
    Remarks remarks = of(exchange);
    synchronized (remarks) {
      remarks.noted.add(text);
    }
  }

  /** An effect of the route was done. */
  public static void done(Exchange exchange) {
    Remarks remarks = of(exchange);
    synchronized (remarks) {
      remarks.done = true;
    }
  }

  private static Remarks of(Exchange exchange) {
    Remarks remarks = exchange.getProperty(PROPERTY, Remarks.class);
    if (remarks == null) {
      remarks = new Remarks();
      exchange.setProperty(PROPERTY, remarks);
    }
    return remarks;
  }

  @Override
  public synchronized String toString() {
    return "skipped " + skipped + ", noted " + noted + (done ? ", done" : "");
  }

  /**
   * What to report about a route that ended well; null for nothing. It was skipped if no effect of
   * it was done, because none had anything to do, or because a filter stopped everything before the
   * route had called anything.
   */
  static @Nullable Ended ended(Exchange exchange) {
    Remarks remarks = of(exchange);
    synchronized (remarks) {
      boolean called = remarks.done || exchange.getProperty(Exchange.TO_ENDPOINT) != null;
      boolean filtered = Boolean.FALSE.equals(exchange.getProperty(FILTER, Boolean.class));
      if (filtered && !called && remarks.skipped.isEmpty()) {
        return new Ended(true, "a filter of the route let nothing through");
      }
      List<String> all = new ArrayList<>(remarks.skipped);
      all.addAll(remarks.noted);
      return all.isEmpty() ? null : new Ended(!remarks.done, String.join("; ", all));
    }
  }
}

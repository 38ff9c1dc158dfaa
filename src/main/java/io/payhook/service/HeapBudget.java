package io.payhook.service;

import java.util.Optional;

/**
 * What each part may hold in memory, as shares of the heap: of whatever may be large, the sum of
 * all bounds has to fit. What is left is for the program itself.
 */
public final class HeapBudget {
  /** Bodies of requests, whole or half sent. */
  private static final double INTAKE = 0.25;

  /** What is read of requests and events before they are kept. */
  private static final double PARSING = 0.25;

  /** Events that routes work on. */
  private static final double DELIVERY = 0.25;

  private static final long MB = 1 << 20;

  private HeapBudget() {}

  /** Bytes for bodies of requests. */
  public static long intake() {
    return share(INTAKE);
  }

  /** Bytes for reading requests. */
  public static long parsing() {
    return share(PARSING);
  }

  /** Bytes for attempts of deliveries. */
  public static long delivery() {
    return share(DELIVERY);
  }

  /**
   * What to tell of events that are so large for this heap that they run one at a time.
   *
   * @param largest bytes of a body that is taken
   * @param swelling bytes of memory that an attempt takes for each
   */
  static Optional<String> tight(long largest, int swelling) {
    long needs = largest * swelling;
    if (needs <= delivery() / 2) {
      return Optional.empty();
    }
    return Optional.of(
        "An event of payhook.intake.max-body ("
            + largest / MB
            + " MB) may take "
            + needs / MB
            + " MB while a route works on it, and this heap has "
            + delivery() / MB
            + " MB for that: such events run one at a time. With JAVA_OPTS=-Xmx"
            + (long) (needs * 2 / DELIVERY) / MB
            + "m they need not.");
  }

  private static long share(double part) {
    return (long) (part * (double) Runtime.getRuntime().maxMemory());
  }
}

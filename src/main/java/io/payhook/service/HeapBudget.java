package io.payhook.service;

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

  private static long share(double part) {
    return (long) (part * (double) Runtime.getRuntime().maxMemory());
  }
}

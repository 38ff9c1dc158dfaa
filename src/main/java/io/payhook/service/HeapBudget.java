package io.payhook.service;

import java.util.Optional;

/**
 * The share of the heap that deliveries may use. The intake has two more of the same size, see
 * {@link io.payhook.intake.Limits#within}; the rest is for the program itself.
 */
final class HeapBudget {
  /** One part in this many of the heap is for events that routes are working on. */
  private static final double DELIVERY = 0.25;

  private static final long MB = 1 << 20;

  private HeapBudget() {}

  /** Bytes for attempts of deliveries. */
  static long delivery() {
    return (long) (DELIVERY * (double) Runtime.getRuntime().maxMemory());
  }

  /**
   * A message about events that are so large for this heap that they run one at a time.
   *
   * @param largest maximum size of a body
   * @param swelling bytes of memory that an attempt uses per byte
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
}

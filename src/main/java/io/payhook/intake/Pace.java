package io.payhook.intake;

/** Rate limit: a number per second, and as many at once after a quiet second. */
final class Pace {
  private final double perSecond;
  private double left;
  private long at = System.nanoTime();

  Pace(int perSecond) {
    this.perSecond = perSecond;
    this.left = perSecond;
  }

  synchronized boolean admits() {
    long now = System.nanoTime();
    left = Math.min(perSecond, left + (now - at) / 1e9 * perSecond);
    at = now;
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}

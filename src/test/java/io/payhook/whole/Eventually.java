package io.payhook.whole;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for what another process does, for as long as it needs and not longer. */
final class Eventually {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Eventually() {}

  interface Check {
    void run() throws Exception;
  }

  static void holds(Check check) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        check.run();
        return;
      } catch (AssertionError | Exception e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }
}

package io.payhook.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for what another process does, for as long as it needs and not longer. */
public final class Eventually {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private Eventually() {}

  public interface Check {
    void run() throws Exception;
  }

  public static void holds(Check check) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        check.run();
        return;
      } catch (AssertionError | Exception e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }
}

package io.payhook.service;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stops the parts that have been started, the last one first, within one time for all of them. */
final class Shutdown {
  private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);

  private final Duration patience;
  private final Deque<Step> steps = new ArrayDeque<>();
  private volatile long stopBy;
  private volatile @Nullable Runnable abort;

  interface Step {
    void run() throws Exception;
  }

  Shutdown(Duration patience) {
    this.patience = patience;
  }

  /** Adds a step that is run before those added earlier. */
  void then(Step step) {
    steps.push(step);
  }

  <T extends AutoCloseable> T closing(T part) {
    then(part::close);
    return part;
  }

  /** Closes the connections to the database if the time is over: it must not delay the rest. */
  void abort(Runnable abort) {
    this.abort = abort;
  }

  void run() {
    stopBy = System.nanoTime() + patience.toNanos();
    Thread limit = new Thread(this::limit, "payhook-stop");
    limit.setDaemon(true);
    limit.start();
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        LOG.warn("A part did not stop as it should: {}", StartFailure.line(e));
      }
    }
    limit.interrupt();
  }

  /** The timeout is for all parts together. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, stopBy - System.nanoTime()));
  }

  private void limit() {
    Runnable current = abort;
    try {
      Thread.sleep(patience.toMillis());
      if (current != null) {
        LOG.warn(
            "The shutdown has taken {} s: connections to the database are closed now. What was not committed is delivered later.",
            patience.toSeconds());
        current.run();
      }
    } catch (InterruptedException e) {
      // It has stopped in time.
    }
  }
}

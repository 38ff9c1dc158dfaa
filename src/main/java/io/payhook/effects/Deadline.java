package io.payhook.effects;

import io.payhook.delivery.Aborts;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a call to a far end, whatever it does: its connection is closed from another thread
 * when the call's time is over, or that of the attempt that makes it. The client's own limits are
 * for each read, so a far end that sends a byte now and then would never reach them.
 */
final class Deadline implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Deadline.class);

  private static final ThreadFactory THREADS =
      task -> {
        Thread thread = new Thread(task, "payhook-deadlines");
        thread.setDaemon(true);
        return thread;
      };

  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private final Aborts.Abort abort;
  private final Future<?> own;
  private final Aborts.Hook attempts;
  private volatile boolean over;

  private Deadline(Duration longest, Aborts.Abort abort) {
    this.abort = abort;
    this.own = TIMER.schedule(this::run, longest.toMillis(), TimeUnit.MILLISECONDS);
    this.attempts = Aborts.onTimeout(this::end);
  }

  private static ScheduledThreadPoolExecutor timer() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, THREADS);
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  /**
   * @param longest for the whole call
   * @param abort closes its connection; may come at any moment until this is closed
   */
  static Deadline of(Duration longest, Aborts.Abort abort) {
    return new Deadline(longest, abort);
  }

  /** Closing a connection may take its time too, so others don't wait for it. */
  private void run() {
    THREADS.newThread(this::end).start();
  }

  private void end() {
    over = true;
    try {
      abort.run();
    } catch (Exception e) {
      LOG.debug("a connection that was closed at its deadline says", e);
    }
  }

  /** Whether the call was ended here. */
  boolean over() {
    return over;
  }

  @Override
  public void close() {
    own.cancel(false);
    attempts.close();
  }
}

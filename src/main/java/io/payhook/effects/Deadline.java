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
 * The deadline of a call to a remote system, whatever it does: its connection is closed from
 * another thread at the call's own timeout, or at that of its attempt. The client's own timeouts
 * are per read, so a remote system that sends a byte now and then would never exceed them.
 */
public final class Deadline implements AutoCloseable {
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
   * Begins with the call.
   *
   * @param longest timeout of the whole call
   * @param abort closes its connection; may be called at any moment until this is closed
   */
  public static Deadline of(Duration longest, Aborts.Abort abort) {
    return new Deadline(longest, abort);
  }

  /** Closing a connection may take time too, so others do not wait for it. */
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

  /** Whether the call was aborted here. */
  public boolean over() {
    return over;
  }

  @Override
  public void close() {
    own.cancel(false);
    attempts.close();
  }
}

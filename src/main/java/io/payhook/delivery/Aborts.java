package io.payhook.delivery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an attempt has open towards a far end, to be closed when its time is over: a thread that
 * reads a socket hears no interrupt, and a far end that drips ends no read.
 *
 * <p>An effect says so around whatever may block:
 *
 * <pre>{@code
 * try (Aborts.Hook hook = Aborts.onTimeout(request::abort)) {
 *   client.execute(request);
 * }
 * }</pre>
 *
 * <p>An abort runs on a thread of its own and may come at any moment until the hook is closed, so
 * it must be good for being called while the call it ends is under way. Outside of a delivery there
 * is no timeout and nothing is ever aborted.
 */
public final class Aborts {
  private static final Logger LOG = LoggerFactory.getLogger(Aborts.class);
  private static final ThreadLocal<@Nullable Aborts> CURRENT = new ThreadLocal<>();
  private static final Hook NONE = () -> {};

  private final long deadline;
  private final Executor executor;
  private final List<Open> open = new ArrayList<>();
  private boolean over;

  /** Ends a call that is under way, from another thread. */
  @FunctionalInterface
  public interface Abort {
    void run() throws Exception;
  }

  /** Closed when the call has ended: from then on there is nothing to abort. */
  public interface Hook extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @param deadline by {@link System#nanoTime()}
   * @param executor where aborts run: closing a connection may take its time too
   */
  Aborts(long deadline, Executor executor) {
    this.deadline = deadline;
    this.executor = executor;
  }

  /**
   * Has a call of the attempt on this thread ended when the attempt's time is over; at once, when
   * it is over already.
   */
  public static Hook onTimeout(Abort abort) {
    Aborts current = CURRENT.get();
    return current == null ? NONE : current.add(abort);
  }

  /** How long the attempt on this thread may still take; null where nothing limits it. */
  public static @Nullable Duration left() {
    Aborts current = CURRENT.get();
    return current == null
        ? null
        : Duration.ofNanos(Math.max(0, current.deadline - System.nanoTime()));
  }

  /** From now on this thread runs an attempt. */
  void begin() {
    CURRENT.set(this);
  }

  /** This thread runs no attempt any more. */
  static void end() {
    CURRENT.remove();
  }

  private Hook add(Abort abort) {
    Open own = new Open(abort);
    synchronized (this) {
      if (!over) {
        open.add(own);
        return () -> {
          synchronized (this) {
            open.remove(own);
          }
          own.close();
        };
      }
    }
    executor.execute(own::abort);
    return own::close;
  }

  /** The attempt's time is over. */
  void run() {
    List<Open> now;
    synchronized (this) {
      over = true;
      now = new ArrayList<>(open);
      open.clear();
    }
    now.forEach(each -> executor.execute(each::abort));
  }

  /** A call that is under way. Once it is closed, what it used may be used by others. */
  private static final class Open {
    private final Abort abort;
    private boolean closed;

    Open(Abort abort) {
      this.abort = abort;
    }

    synchronized void abort() {
      if (!closed) {
        try {
          abort.run();
        } catch (Exception e) {
          LOG.debug("what was aborted says", e);
        }
      }
    }

    synchronized void close() {
      closed = true;
    }
  }
}

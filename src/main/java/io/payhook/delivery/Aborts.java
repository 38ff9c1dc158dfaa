package io.payhook.delivery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an attempt has open to a remote system, to be closed at the attempt's timeout: a thread that
 * reads from a socket ignores an interrupt, and a remote system that sends a byte now and then
 * keeps a read alive.
 *
 * <p>An effect wraps whatever may block:
 *
 * <p>{@code try (Aborts.Hook hook = Aborts.onTimeout(request::abort)) { client.execute(request); }}
 *
 * <p>An abort runs on a thread of its own and may happen at any moment until the hook is closed, so
 * it must be safe to call while the call that it ends is under way. Outside a delivery there is no
 * timeout, and nothing is ever aborted.
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

  /** To be closed when the call has ended: from then on there is nothing to abort. */
  public interface Hook extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @param deadline in terms of {@link System#nanoTime()}
   * @param executor where aborts run, since closing a connection may take time too
   */
  Aborts(long deadline, Executor executor) {
    this.deadline = deadline;
    this.executor = executor;
  }

  /**
   * Registers a call of the attempt on this thread, to be ended at the attempt's timeout; at once
   * if the timeout has passed.
   */
  public static Hook onTimeout(Abort abort) {
    Aborts current = CURRENT.get();
    return current == null ? NONE : current.add(abort);
  }

  /** Time left for the attempt on this thread; null if there is no limit. */
  public static @Nullable Duration left() {
    Aborts current = CURRENT.get();
    return current == null
        ? null
        : Duration.ofNanos(Math.max(0, current.deadline - System.nanoTime()));
  }

  /** Marks this thread as running an attempt. */
  void begin() {
    CURRENT.set(this);
  }

  /** Ends what {@code begin} started: this thread no longer runs an attempt. */
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

  /** Aborts everything that is open: the attempt has timed out. */
  void run() {
    List<Open> now;
    synchronized (this) {
      over = true;
      now = new ArrayList<>(open);
      open.clear();
    }
    now.forEach(each -> executor.execute(each::abort));
  }

  /** A call that is under way. Once it is closed, others may use what it used. */
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

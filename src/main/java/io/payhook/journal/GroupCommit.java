package io.payhook.journal;

import io.payhook.kit.Lines;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets many callers share one commit: whatever queued up while the previous commit ran goes with
 * the next one. There is no timer, so an idle journal commits a single item at once and a busy one
 * commits in batches.
 *
 * <p>Each writer thread keeps one connection. When a batch fails, {@link #problem()} says why until
 * something has been committed again; meanwhile, and now and then when there is nothing to write,
 * the writer tries a {@link Batch#rehearse rehearsal}, if the batch has one.
 */
final class GroupCommit<T> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);
  private static final int BATCH_MAX = 256;

  /** A statement holds several copies of its values. */
  private static final long BATCH_BYTES = 2 << 20;

  private static final long PROBE_MILLIS = 200;
  private static final long PROBE_MILLIS_MOST = 1_000;

  /** Writes one batch; the batch itself settles each item, even if it throws. */
  interface Batch<T> {
    void write(Connection connection, List<T> items) throws SQLException;

    void failed(List<T> items, Exception cause);

    /** Size of an item, in bytes, if that matters. */
    default long bytes(T item) {
      return 0;
    }

    /** Called after each written batch. */
    default void written(int size, long nanos) {}

    /**
     * Commits something that needs as much of the database as the last batch, and keeps nothing of
     * it.
     *
     * @return false if there is no rehearsal; then the next batch shows
     */
    default boolean rehearse(Connection connection) throws SQLException {
      return false;
    }
  }

  private final CommitState state;
  private final DataSource dataSource;
  private final Batch<T> batch;
  private final long pace;

  /** Empty only wakes a writer. */
  private final BlockingQueue<Optional<T>> queue;

  private final List<Thread> writers = new ArrayList<>();
  private volatile boolean closing;

  GroupCommit(
      CommitState state, DataSource dataSource, int writers, int queueSize, Batch<T> batch) {
    this(state, dataSource, writers, queueSize, Duration.ZERO, batch);
  }

  /**
   * @param state notified of how each commit ends
   * @param pace minimum time between commits of a writer, for items that nobody waits for; a single
   *     item is still committed at once
   */
  GroupCommit(
      CommitState state,
      DataSource dataSource,
      int writers,
      int queueSize,
      Duration pace,
      Batch<T> batch) {
    this.state = state;
    this.pace = pace.toNanos();
    this.dataSource = dataSource;
    this.batch = batch;
    this.queue = new ArrayBlockingQueue<>(queueSize);
    for (int i = 1; i <= writers; i++) {
      Thread thread = new Thread(this::run, "payhook-" + state.name() + "-" + i);
      thread.setDaemon(true);
      this.writers.add(thread);
      thread.start();
    }
  }

  /** Why nothing can be committed; null if something can. */
  @Nullable String problem() {
    return state.problem();
  }

  /** Queues an item for the next commit; false if the queue is full or closed. */
  boolean offer(T item) {
    return !closing && queue.offer(Optional.of(item));
  }

  int queued() {
    return queue.size();
  }

  private void run() {
    @Nullable Connection connection = null;
    List<T> items = new ArrayList<>(BATCH_MAX);
    long next = System.nanoTime();
    try {
      while (true) {
        items.clear();
        Optional<T> first = queue.poll(closing ? 1 : 500, TimeUnit.MILLISECONDS);
        if (first == null && closing) {
          return;
        }
        if (first == null || first.isEmpty()) {
          if (state.isDoubtful()) {
            connection = rehearse(connection);
          }
          continue;
        }
        items.add(first.get());
        long early = pace == 0 || closing ? 0 : next - System.nanoTime();
        if (early > 0) {
          TimeUnit.NANOSECONDS.sleep(early);
        }
        next = System.nanoTime() + pace;
        fill(items);
        connection = write(connection, items);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closeQuietly(connection);
    }
  }

  private void fill(List<T> items) {
    long bytes = batch.bytes(items.get(0));
    while (items.size() < BATCH_MAX && bytes < BATCH_BYTES) {
      Optional<T> next = queue.poll();
      if (next == null || next.isEmpty()) {
        return;
      }
      items.add(next.get());
      bytes += batch.bytes(next.get());
    }
  }

  private @Nullable Connection write(@Nullable Connection current, List<T> items)
      throws InterruptedException {
    @Nullable Connection connection = current;
    long start = System.nanoTime();
    state.begins();
    try {
      if (connection == null) {
        connection = dataSource.getConnection();
      }
      batch.write(connection, items);
      batch.written(items.size(), System.nanoTime() - start);
      state.committed();
      return connection;
    } catch (SQLException | RuntimeException e) {
      failed(e);
      batch.failed(new ArrayList<>(items), e);
      closeQuietly(connection);
      return rehearse(null);
    }
  }

  private void failed(Exception e) {
    if (!closing) {
      state.failed(e);
    }
  }

  /** Tries until something is committed; fails whatever queues up meanwhile at once. */
  private @Nullable Connection rehearse(@Nullable Connection current) throws InterruptedException {
    @Nullable Connection connection = current;
    List<T> items = new ArrayList<>();
    long pause = PROBE_MILLIS;
    while (!closing) {
      state.begins();
      try {
        if (connection == null) {
          connection = dataSource.getConnection();
        }
        if (batch.rehearse(connection)) {
          state.committed();
        } else {
          state.ends();
        }
        return connection;
      } catch (SQLException | RuntimeException e) {
        failed(e);
        closeQuietly(connection);
        connection = null;
        items.clear();
        for (Optional<T> next = queue.poll(); next != null; next = queue.poll()) {
          next.ifPresent(items::add);
        }
        if (!items.isEmpty()) {
          batch.failed(new ArrayList<>(items), e);
        }
        TimeUnit.MILLISECONDS.sleep(pause);
        pause = Math.min(2 * pause, PROBE_MILLIS_MOST);
      }
    }
    closeQuietly(connection);
    return null;
  }

  /**
   * What went wrong, in one line: the innermost cause, since a pool only reports that it has no
   * connection.
   */
  static String oneLine(Throwable e) {
    Throwable said =
        e instanceof SQLTransientConnectionException && e.getCause() != null ? e.getCause() : e;
    Throwable cause = said.getCause();
    return firstLine(said) + (cause instanceof IOException ? " (" + firstLine(cause) + ")" : "");
  }

  private static String firstLine(Throwable e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return Lines.first(message).replaceFirst("\\.$", "");
  }

  private static void closeQuietly(@Nullable Connection connection) {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        LOG.debug("closing a connection", e);
      }
    }
  }

  /** Writes what is queued, then stops the writers. */
  @Override
  public void close() {
    closing = true;
    // Where one finds no room, the writers are awake.
    writers.forEach(writer -> queue.offer(Optional.empty()));
    for (Thread writer : writers) {
      try {
        writer.join(TimeUnit.SECONDS.toMillis(10));
        if (writer.isAlive()) {
          writer.interrupt();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}

package io.payhook.journal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets many callers share one commit: whatever queued while the previous commit ran goes with the
 * next one. There is no timer, so an idle journal commits a lone item at once and a busy one
 * commits in batches.
 *
 * <p>Each writer thread keeps one connection. When the database goes away the batch at hand fails,
 * {@link #available()} turns false, and the first writer tries the database again until it answers.
 */
final class GroupCommit<T> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);
  private static final int BATCH_MAX = 256;

  /** A statement holds its values several times over. */
  private static final long BATCH_BYTES = 2 << 20;

  private static final long PROBE_MILLIS = 200;

  /** Writes one batch; every item is settled by the batch itself, also when it throws. */
  interface Batch<T> {
    void write(Connection connection, List<T> items) throws SQLException;

    void failed(List<T> items, Exception cause);

    /** How large an item is, where that matters. */
    default long bytes(T item) {
      return 0;
    }

    /** Called after each written batch. */
    default void written(int size, long nanos) {}
  }

  private final String name;
  private final DataSource dataSource;
  private final Batch<T> batch;
  private final long pace;
  private final BlockingQueue<T> queue;
  private final List<Thread> writers = new ArrayList<>();
  private volatile boolean available = true;
  private volatile boolean closing;

  GroupCommit(String name, DataSource dataSource, int writers, int queueSize, Batch<T> batch) {
    this(name, dataSource, writers, queueSize, Duration.ZERO, batch);
  }

  /**
   * @param pace at most one commit in this time and writer, for items that nobody waits for; a lone
   *     one still goes at once
   */
  GroupCommit(
      String name,
      DataSource dataSource,
      int writers,
      int queueSize,
      Duration pace,
      Batch<T> batch) {
    this.name = name;
    this.pace = pace.toNanos();
    this.dataSource = dataSource;
    this.batch = batch;
    this.queue = new ArrayBlockingQueue<>(queueSize);
    for (int i = 1; i <= writers; i++) {
      Thread thread = new Thread(this::run, "payhook-" + name + "-" + i);
      thread.setDaemon(true);
      this.writers.add(thread);
      thread.start();
    }
  }

  /** False from a failed batch until the database has answered again. */
  boolean available() {
    return available;
  }

  /** Queues an item for the next commit; false when the queue is full or the journal closes. */
  boolean offer(T item) {
    return !closing && queue.offer(item);
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
        T first = queue.poll(closing ? 1 : 500, TimeUnit.MILLISECONDS);
        if (first == null) {
          if (closing) {
            return;
          }
          if (!available) {
            connection = probe(connection);
          }
          continue;
        }
        items.add(first);
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
      T next = queue.poll();
      if (next == null) {
        return;
      }
      items.add(next);
      bytes += batch.bytes(next);
    }
  }

  private @Nullable Connection write(@Nullable Connection current, List<T> items)
      throws InterruptedException {
    @Nullable Connection connection = current;
    long start = System.nanoTime();
    try {
      if (connection == null) {
        connection = dataSource.getConnection();
      }
      batch.write(connection, items);
      batch.written(items.size(), System.nanoTime() - start);
      recovered();
      return connection;
    } catch (SQLException | RuntimeException e) {
      if (available && !closing) {
        LOG.warn(
            "The {} can't commit: {}. Requests are answered 503 until the database is back.",
            name,
            oneLine(e));
      }
      available = false;
      batch.failed(new ArrayList<>(items), e);
      closeQuietly(connection);
      return closing ? null : probe(null);
    }
  }

  /** Tries the database until it can write again, failing what queues meanwhile at once. */
  private @Nullable Connection probe(@Nullable Connection current) throws InterruptedException {
    closeQuietly(current);
    List<T> items = new ArrayList<>();
    while (!closing) {
      Connection connection = null;
      try {
        connection = dataSource.getConnection();
        if (writable(connection)) {
          recovered();
          return connection;
        }
        throw new SQLException("the database is read-only", "25006");
      } catch (SQLException e) {
        closeQuietly(connection);
        items.clear();
        queue.drainTo(items);
        if (!items.isEmpty()) {
          batch.failed(new ArrayList<>(items), e);
        }
        TimeUnit.MILLISECONDS.sleep(PROBE_MILLIS);
      }
    }
    return null;
  }

  private static boolean writable(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var row =
            statement.executeQuery(
                "select current_setting('transaction_read_only') = 'off' and not pg_is_in_recovery()")) {
      return row.next() && row.getBoolean(1);
    }
  }

  private void recovered() {
    if (!available) {
      available = true;
      LOG.info("The {} commits again.", name);
    }
  }

  static String oneLine(Throwable e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
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

  /** Writes what is queued, then ends the writers. */
  @Override
  public void close() {
    closing = true;
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

package io.payhook.journal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes events that are older than a configured age, together with their deliveries and attempts,
 * if every delivery is done or skipped. An event with a delivery that is pending, running, retrying
 * or dead stays, and so does one that waits for confirmation. Unrouted events and conflicts are
 * deleted once they are old enough: nothing will happen for them any more.
 *
 * <p>The age is measured by the database's clock. It goes through the old events in the order of
 * their identifiers, in small batches, and pauses after each for as long as it took. At most one
 * node per database does so at a time. Once an event is gone, the same webhook creates a new event,
 * so the age should exceed the time for which any provider keeps retrying.
 */
public final class Retention implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

  /**
   * Key of the advisory lock: any number that no other program locks in the same database;
   * "payhook" in ASCII.
   */
  private static final long LOCK = 0x706179686F6F6BL;

  private static final int BATCH = 500;
  private static final Duration REST_LEAST = Duration.ofMillis(20);
  private static final UUID FIRST = new UUID(0, 0);

  private final DataSource dataSource;
  private final Duration keep;
  private final Duration every;
  private final Thread thread;
  private volatile boolean closing;
  private boolean failing;

  /**
   * @param dataSource connections in auto-commit mode
   * @param keep how long events are kept ({@code payhook.journal.retention})
   * @param every interval between two runs
   */
  public Retention(DataSource dataSource, Duration keep, Duration every) {
    this.dataSource = dataSource;
    this.keep = keep;
    this.every = every;
    this.thread = new Thread(this::run, "payhook-retention");
    thread.setDaemon(true);
  }

  /** Runs periodically, in a thread of its own, until closed. */
  public void start() {
    thread.start();
  }

  private void run() {
    while (!closing) {
      try {
        long deleted = sweep();
        failing = false;
        if (deleted > 0) {
          LOG.info(
              "{} events older than {} and their deliveries were deleted.", deleted, text(keep));
        }
      } catch (SQLException e) {
        if (!failing && !closing) {
          LOG.warn(
              "Old events could not be deleted: {}. Retrying in {}.",
              GroupCommit.oneLine(e),
              text(every));
        }
        failing = true;
      }
      if (!closing) {
        LockSupport.parkNanos(this, every.toNanos());
      }
    }
  }

  private static String text(Duration duration) {
    return duration.toDays() > 1
        ? duration.toDays() + " days"
        : duration.toHours() > 1 ? duration.toHours() + " hours" : duration.toSeconds() + " s";
  }

  /**
   * Goes once through everything that is old enough.
   *
   * @return number of deleted events; also 0 if another node is doing it
   */
  public long sweep() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return sweep(connection);
    }
  }

  private long sweep(Connection connection) throws SQLException {
    Instant cutoff = now(connection).minus(keep);
    long deleted = 0;
    @Nullable UUID from = FIRST;
    while (from != null && !closing) {
      long start = System.nanoTime();
      Batch batch = batch(connection, from, cutoff);
      deleted += batch.deleted();
      from = batch.last();
      if (from != null) {
        LockSupport.parkNanos(this, Math.max(REST_LEAST.toNanos(), System.nanoTime() - start));
      }
    }
    return deleted;
  }

  private static Instant now(Connection connection) throws SQLException {
    return Rows.list(
            connection,
            new Query("select now()"),
            row -> row.getObject(1, OffsetDateTime.class).toInstant())
        .get(0);
  }

  /**
   * @param last where the next batch begins, or null at the end
   */
  private record Batch(int deleted, @Nullable UUID last) {}

  /**
   * Locked for one transaction only: behind a pooler, the session belongs to somebody else
   * afterwards.
   */
  private static Batch batch(Connection connection, UUID from, Instant cutoff) throws SQLException {
    connection.setAutoCommit(false);
    try {
      if (!lock(connection)) {
        return new Batch(0, null);
      }
      List<UUID> old = old(connection, from, cutoff);
      int deleted = old.isEmpty() ? 0 : delete(connection, old);
      connection.commit();
      return new Batch(deleted, old.size() < BATCH ? null : old.get(BATCH - 1));
    } finally {
      if (!connection.isClosed()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    }
  }

  private static boolean lock(Connection connection) throws SQLException {
    return Rows.list(
            connection,
            new Query("select pg_try_advisory_xact_lock(?)", LOCK),
            row -> row.getBoolean(1))
        .get(0);
  }

  /** The next old events, whether or not they can be deleted. */
  private static List<UUID> old(Connection connection, UUID from, Instant cutoff)
      throws SQLException {
    return Rows.list(
        connection,
        new Query(
            "select id from payhook.event where id > ? and id < ? and received_at < ? order by id limit ?",
            from,
            EventIds.lowest(cutoff.plus(JournalReader.CLOCK_MARGIN)),
            cutoff,
            BATCH),
        row -> row.getObject(1, UUID.class));
  }

  /** Deletes those for which nothing is left to do. */
  private static int delete(Connection connection, List<UUID> old) throws SQLException {
    String finished =
        "not exists (select 1 from payhook.delivery d where d.event_id = e.id and d.state not in ('done', 'skipped'))";
    // A replay locks the event it changes: an event that it has locked stays, and it finds none of
    // these any more. The second check sees what was changed before this transaction got the lock.
    List<UUID> locked =
        Rows.list(
            connection,
            new Query(
                "select e.id from payhook.event e where e.id = any(?) and e.state <> 'unconfirmed' and "
                    + finished
                    + " for update of e skip locked",
                (Object) old.toArray(UUID[]::new)),
            row -> row.getObject(1, UUID.class));
    if (locked.isEmpty()) {
      return 0;
    }
    List<Integer> deleted =
        Rows.list(
            connection,
            new Query(
                "with gone as (delete from payhook.event e where e.id = any(?) and "
                    + finished
                    + """
                       returning e.id
                    ), deliveries as (
                      delete from payhook.delivery where event_id in (select id from gone)
                    ), attempts as (
                      delete from payhook.attempt where event_id in (select id from gone)
                    )
                    select count(*)::int from gone
                    """,
                (Object) locked.toArray(UUID[]::new)),
            row -> row.getInt(1));
    return deleted.get(0);
  }

  /** Ends the thread after the current batch. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

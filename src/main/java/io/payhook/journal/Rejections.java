package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records rejected requests for inspection. The record is limited per second, in total and by age,
 * and if the queue is full or the database unavailable, the record is dropped, never the answer. A
 * flood of one kind, meaning one reason at one endpoint, displaces only its own rows.
 */
public final class Rejections implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rejections.class);
  private static final int QUEUE = 256;
  private static final int EXCERPT = 512;
  private static final int BODIES = 200;
  private static final int KINDS = 5;
  private static final Duration SWEEP_EVERY = Duration.ofMinutes(10);

  /**
   * A rejected request.
   *
   * @param category SIGNATURE, MALFORMED or SHED
   * @param reason one kebab-case word, as in the metrics
   * @param detail for people; the sender never sees it
   * @param headers JSON text: {@code [[name, value], …]}
   * @param excerpt the body, of which only the beginning is kept
   * @param body all of it, if its sender is authentic and will not send it in another form;
   *     recorded without a rate limit
   */
  public record Rejection(
      String endpoint,
      String category,
      String reason,
      String detail,
      @Nullable String remote,
      String headers,
      int size,
      String excerpt,
      byte @Nullable [] body) {}

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private record Kind(String endpoint, String reason) {}

  private final DataSource dataSource;
  private final GroupCommit<Rejection> commits;
  private final AtomicInteger open = new AtomicInteger();
  private final int keep;
  private final Duration keepFor;
  private final int perSecond;
  private final Map<Kind, Integer> inSecond = new HashMap<>();
  private final ScheduledExecutorService sweeper;
  private int untrimmed = Integer.MAX_VALUE / 2;
  private long second;
  private int admitted;
  private long suppressed;

  /**
   * @param keep maximum number of rows in the table, within a twentieth
   * @param keepFor how long a row stays
   * @param perSecond rows of one kind written per second; five times as many of all kinds
   */
  public Rejections(DataSource dataSource, int keep, Duration keepFor, int perSecond) {
    this.dataSource = dataSource;
    this.keep = keep;
    this.keepFor = keepFor;
    this.perSecond = perSecond;
    this.commits =
        new GroupCommit<>(
            new CommitState(
                "rejection record",
                "Refused requests are answered as ever and not recorded until the database is back.",
                PATIENCE),
            dataSource,
            1,
            QUEUE,
            new GroupCommit.Batch<>() {
              @Override
              public void write(Connection connection, List<Rejection> items) throws SQLException {
                insert(connection, items);
              }

              @Override
              public void written(int size, long nanos) {
                open.addAndGet(-size);
              }

              @Override
              public void failed(List<Rejection> items, Exception cause) {
                open.addAndGet(-items.size());
                LOG.debug("{} rejections were not recorded", items.size(), cause);
              }
            });
    this.sweeper =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "payhook-rejections-age");
              thread.setDaemon(true);
              return thread;
            });
    var unused =
        sweeper.scheduleWithFixedDelay(
            this::sweepQuietly, 0, SWEEP_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Records a rejection unless the limit is reached. Never blocks. */
  public void record(Rejection rejection) {
    if (rejection.body() != null) {
      offer(rejection);
    } else {
      record(rejection.endpoint(), rejection.reason(), () -> rejection);
    }
  }

  /**
   * Like {@link #record(Rejection)}.
   *
   * @param rejection only evaluated if it is recorded, so a flood costs next to nothing
   */
  public void record(String endpoint, String reason, Supplier<Rejection> rejection) {
    if (admits(new Kind(endpoint, reason))) {
      offer(rejection.get());
    }
  }

  private void offer(Rejection rejection) {
    open.incrementAndGet();
    if (!commits.offer(rejection)) {
      open.decrementAndGet();
    }
  }

  /** Whether everything queued so far has been written or dropped. */
  public boolean settled() {
    return open.get() == 0;
  }

  private synchronized boolean admits(Kind kind) {
    long now = System.nanoTime() / 1_000_000_000;
    if (now != second) {
      if (suppressed > 0) {
        LOG.warn(
            "{} more rejections came within a second and are not recorded one by one.", suppressed);
      }
      second = now;
      inSecond.clear();
      admitted = 0;
      suppressed = 0;
    }
    if (admitted >= KINDS * perSecond || inSecond.merge(kind, 1, Integer::sum) > perSecond) {
      suppressed++;
      return false;
    }
    admitted++;
    return true;
  }

  private void insert(Connection connection, List<Rejection> items) throws SQLException {
    boolean bodies = false;
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            insert into payhook.rejection (endpoint, category, reason, detail, remote, headers, size, excerpt, body)
            values (?, ?, ?, ?, ?, ?::json, ?, ?, ?)
            """)) {
      for (Rejection item : items) {
        new Binder(statement)
            .add(text(item.endpoint()), item.category(), item.reason(), text(item.detail()))
            .add(item.remote(), item.headers(), item.size(), text(item.excerpt()), item.body());
        statement.addBatch();
        bodies |= item.body() != null;
      }
      statement.executeBatch();
    }
    untrimmed += items.size();
    if (untrimmed > keep / 20) {
      untrimmed = 0;
      trim(connection);
    }
    if (bodies) {
      try (PreparedStatement statement =
          connection.prepareStatement(
              """
              update payhook.rejection set body = null
              where body is not null
                and id <= (select id from payhook.rejection where body is not null order by id desc offset ? limit 1)
              """)) {
        statement.setInt(1, BODIES);
        statement.executeUpdate();
      }
    }
  }

  /** Deletes the oldest rows of the most frequent kind first. */
  private void trim(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            delete from payhook.rejection where id in (
              select id from (
                select id, row_number() over (partition by endpoint, reason order by id desc) as place
                from payhook.rejection) ranked
              order by place desc, id
              limit greatest(0, (select count(*) from payhook.rejection) - ?))
            """)) {
      statement.setInt(1, keep);
      statement.executeUpdate();
    }
  }

  private void sweepQuietly() {
    try {
      sweep();
    } catch (SQLException e) {
      LOG.debug("old rejections could not be deleted; retrying later", e);
    }
  }

  /** Deletes expired rows, by the database's clock. */
  void sweep() throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "delete from payhook.rejection where at < now() - make_interval(secs => ?)")) {
      statement.setLong(1, keepFor.toSeconds());
      statement.executeUpdate();
    }
  }

  /** PostgreSQL's text cannot contain NUL. */
  private static String text(String any) {
    String clean = any.replace('\0', '\uFFFD');
    return clean.length() <= EXCERPT ? clean : clean.substring(0, EXCERPT);
  }

  @Override
  public void close() {
    sweeper.shutdownNow();
    commits.close();
  }
}

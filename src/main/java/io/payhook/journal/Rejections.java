package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records requests that were refused, for people to look at. The record is bounded: at most {@code
 * perSecond} are kept a second, at most {@code keep} in all, and a full queue or a database that is
 * away drops the record, never the answer. A flood of bad signatures can't fill the disk.
 */
public final class Rejections implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rejections.class);
  private static final int QUEUE = 256;
  private static final int EXCERPT = 512;

  /**
   * One refused request.
   *
   * @param category SIGNATURE or MALFORMED
   * @param reason one kebab-case word, as in the metrics
   * @param detail for a person; the sender never sees it
   * @param headers JSON text: {@code [[name, value], …]}
   * @param excerpt the body; only its beginning is kept
   */
  public record Rejection(
      String endpoint,
      String category,
      String reason,
      String detail,
      @Nullable String remote,
      String headers,
      int size,
      String excerpt) {}

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final GroupCommit<Rejection> commits;
  private final AtomicInteger open = new AtomicInteger();
  private final int perSecond;
  private long second;
  private int inSecond;
  private long suppressed;

  /**
   * @param keep rows that stay in the table, newest first
   * @param perSecond rows written a second
   */
  public Rejections(DataSource dataSource, int keep, int perSecond) {
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
                insert(connection, items, keep);
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
  }

  /** Records a rejection unless that would be too many. Never waits. */
  public void record(Rejection rejection) {
    if (admit()) {
      open.incrementAndGet();
      if (!commits.offer(rejection)) {
        open.decrementAndGet();
      }
    }
  }

  /** Whether everything that was to be recorded until now is in the table, or was given up. */
  public boolean settled() {
    return open.get() == 0;
  }

  private synchronized boolean admit() {
    long now = System.nanoTime() / 1_000_000_000;
    if (now != second) {
      if (suppressed > 0) {
        LOG.warn(
            "{} more rejections came within a second and are not recorded one by one.", suppressed);
      }
      second = now;
      inSecond = 0;
      suppressed = 0;
    }
    if (++inSecond > perSecond) {
      suppressed++;
      return false;
    }
    return true;
  }

  private static void insert(Connection connection, List<Rejection> items, int keep)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            insert into payhook.rejection (endpoint, category, reason, detail, remote, headers, size, excerpt)
            values (?, ?, ?, ?, ?, ?::json, ?, ?)
            """)) {
      for (Rejection item : items) {
        statement.setString(1, text(item.endpoint()));
        statement.setString(2, item.category());
        statement.setString(3, item.reason());
        statement.setString(4, text(item.detail()));
        statement.setString(5, item.remote());
        statement.setString(6, item.headers());
        statement.setInt(7, item.size());
        statement.setString(8, text(item.excerpt()));
        statement.addBatch();
      }
      statement.executeBatch();
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "delete from payhook.rejection where id <= (select max(id) - ? from payhook.rejection)")) {
      statement.setInt(1, keep);
      statement.executeUpdate();
    }
  }

  /** PostgreSQL's text can't hold a NUL. */
  private static String text(String any) {
    String clean = any.replace('\0', '\uFFFD');
    return clean.length() <= EXCERPT ? clean : clean.substring(0, EXCERPT);
  }

  @Override
  public void close() {
    commits.close();
  }
}

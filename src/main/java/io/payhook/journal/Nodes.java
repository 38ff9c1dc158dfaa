package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that share a journal, according to their heartbeats, measured by the database's clock.
 * A name belongs to one process at a time: two processes under one name would settle each other's
 * deliveries and replace each other's subscriptions.
 */
public final class Nodes {
  /** Time without a heartbeat after which another process may take the name. */
  public static final Duration SILENT = Duration.ofMinutes(1);

  /** Time without a heartbeat after which a node is forgotten. */
  private static final Duration FORGOTTEN = Duration.ofDays(7);

  /**
   * This process.
   *
   * @param name unique among the nodes of a journal
   * @param incarnation identifies the process itself
   * @param home where it runs; two processes with the same home never run at the same time
   * @param host its machine, for people
   */
  public record Self(String name, UUID incarnation, String home, String host, String version) {}

  /**
   * A node.
   *
   * @param state {@code live}, {@code stopped} (orderly) or {@code silent}
   * @param counts whether its subscriptions are in effect
   * @param routes number of routes it runs or ran
   */
  public record Node(
      String name,
      String state,
      boolean counts,
      String host,
      String version,
      Instant startedAt,
      Instant seenAt,
      @Nullable Instant stoppedAt,
      Instant expiresAt,
      int routes) {}

  /** The holder of a name. */
  public record Holder(
      @Nullable UUID incarnation, String host, Instant startedAt, Instant seenAt) {}

  private final DataSource dataSource;
  private final Self self;
  private final Duration silentAfter;

  /**
   * @param silentAfter how long a node's subscriptions stay in effect after its last heartbeat
   */
  public Nodes(DataSource dataSource, Self self, Duration silentAfter) {
    this.dataSource = dataSource;
    this.self = self;
    this.silentAfter = silentAfter;
  }

  public Self self() {
    return self;
  }

  /**
   * Takes the name, unless another process holds it and has a recent heartbeat.
   *
   * @return null if the name is now this process's, otherwise its holder
   */
  public @Nullable Holder join() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      Query join =
          new Query(
              """
              insert into payhook.node as n (name, incarnation, home, host, version, expires_at)
              values (?, ?, ?, ?, ?, now() + ? * interval '1 millisecond')
              on conflict (name) do update
              set incarnation = excluded.incarnation, home = excluded.home, host = excluded.host, version = excluded.version,
                  started_at = now(), seen_at = now(), stopped_at = null, expires_at = excluded.expires_at
              where n.incarnation is null or n.incarnation = excluded.incarnation or n.stopped_at is not null
                or (n.home = excluded.home and n.home <> '') or n.seen_at < now() - ? * interval '1 millisecond'
              """,
              self.name,
              self.incarnation,
              self.home,
              self.host,
              self.version,
              silentAfter.toMillis(),
              SILENT.toMillis());
      try (PreparedStatement statement = join.prepare(connection)) {
        return statement.executeUpdate() == 1 ? null : holder(connection);
      }
    }
  }

  /**
   * Records a heartbeat.
   *
   * @return null if the name is still this process's, otherwise its present holder
   */
  public @Nullable Holder heartbeat() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      Query beat =
          new Query(
              """
              update payhook.node set seen_at = now(), stopped_at = null, expires_at = now() + ? * interval '1 millisecond'
              where name = ? and incarnation = ?
              """,
              silentAfter.toMillis(),
              self.name,
              self.incarnation);
      try (PreparedStatement statement = beat.prepare(connection)) {
        if (statement.executeUpdate() == 1) {
          forget(connection, "n.seen_at < now() - ? * interval '1 second'", FORGOTTEN.toSeconds());
          return null;
        }
      }
    }
    // The row may be gone: it was forgotten while the node was silent.
    return join();
  }

  /**
   * Records an orderly shutdown: the name is free, and the subscriptions stay in effect until the
   * node would be silent.
   */
  public void leave() throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            new Query(
                    "update payhook.node set seen_at = now(), stopped_at = now() where name = ? and incarnation = ?",
                    self.name,
                    self.incarnation)
                .prepare(connection)) {
      statement.executeUpdate();
    }
  }

  private Holder holder(Connection connection) throws SQLException {
    List<Holder> holders =
        Rows.list(
            connection,
            new Query(
                "select incarnation, host, started_at, seen_at from payhook.node where name = ?",
                self.name),
            row ->
                new Holder(
                    row.getObject(1, UUID.class),
                    row.getString(2),
                    instant(row, "started_at"),
                    instant(row, "seen_at")));
    // The row can only have been forgotten in this moment; then nobody holds the name, and the next
    // try joins.
    return holders.isEmpty() ? new Holder(null, "", Instant.EPOCH, Instant.EPOCH) : holders.get(0);
  }

  /** All known nodes, live ones first. */
  public static List<Node> list(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return list(connection);
    }
  }

  private static List<Node> list(Connection connection) throws SQLException {
    return Rows.list(
        connection,
        new Query(
            """
            select n.*, n.expires_at > now() as counts,
              case when n.stopped_at is not null then 'stopped'
                   when n.seen_at < now() - ? * interval '1 millisecond' then 'silent' else 'live' end as state,
              (select count(*)::int from payhook.subscriber s where s.node = n.name) as routes
            from payhook.node n order by state, name
            """,
            SILENT.toMillis()),
        row -> {
          OffsetDateTime stoppedAt = row.getObject("stopped_at", OffsetDateTime.class);
          return new Node(
              row.getString("name"),
              row.getString("state"),
              row.getBoolean("counts"),
              row.getString("host"),
              row.getString("version"),
              instant(row, "started_at"),
              instant(row, "seen_at"),
              stoppedAt == null ? null : stoppedAt.toInstant(),
              instant(row, "expires_at"),
              row.getInt("routes"));
        });
  }

  /** The result of forgetting a node. */
  public enum Forgotten {
    /** Its row and its subscriptions are gone. */
    GONE,
    /** It is alive; nothing has changed. */
    LIVES,
    /** There is no node of that name. */
    UNKNOWN
  }

  /** Removes what a departed node has left: its subscriptions are no longer in effect. */
  public static Forgotten forget(DataSource dataSource, String name) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      if (forget(
              connection,
              "n.name = ? and (n.stopped_at is not null or n.seen_at < now() - ? * interval '1 millisecond')",
              name,
              SILENT.toMillis())
          > 0) {
        return Forgotten.GONE;
      }
      return list(connection).stream().anyMatch(node -> node.name().equals(name))
          ? Forgotten.LIVES
          : Forgotten.UNKNOWN;
    }
  }

  private static int forget(Connection connection, String which, Object... values)
      throws SQLException {
    return Rows.list(
            connection,
            new Query(
                "with gone as (delete from payhook.node n where "
                    + which
                    + """
                       returning name
                    ), its as (
                      delete from payhook.subscriber where node in (select name from gone)
                    )
                    select count(*)::int from gone
                    """,
                values),
            row -> row.getInt(1))
        .get(0);
  }

  private static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }
}

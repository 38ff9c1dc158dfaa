package io.payhook.journal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.payhook.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/** A real PostgreSQL with an empty journal, one for all tests of a JVM, and rows as they arise. */
public final class JournalFixture {
  private static final DataSource DATA_SOURCE = start();

  private JournalFixture() {}

  private static DataSource start() {
    HikariConfig pool = new HikariConfig();
    pool.setDataSource(TestDatabase.create().dataSource());
    pool.setMaximumPoolSize(8);
    pool.setMinimumIdle(0);
    DataSource dataSource = new HikariDataSource(pool);
    Migrations.journal(dataSource);
    return dataSource;
  }

  /** The database, with nothing in the journal. */
  public static DataSource fresh() {
    execute(
        "truncate payhook.event, payhook.delivery, payhook.attempt, payhook.subscriber, payhook.rejection restart identity");
    return DATA_SOURCE;
  }

  /** An event of now, accepted, with a JSON body. */
  public static UUID event(String type, String key) {
    return event(type, key, "accepted", Instant.now());
  }

  public static UUID event(String type, String key, String state, Instant receivedAt) {
    return event(
        "payments",
        type,
        key,
        state,
        receivedAt,
        "{\"event\":\"%s\",\"data\":{\"transaction_id\":\"%s\",\"customer\":{\"email\":\"Ada@example.com\"}}}"
            .formatted(type, key)
            .getBytes(StandardCharsets.UTF_8));
  }

  public static UUID event(
      String endpoint, String type, String key, String state, Instant receivedAt, byte[] body) {
    UUID id = idOf(receivedAt);
    execute(
        """
        insert into payhook.event (id, endpoint, type, key, variant, state, entity, received_at, amount, currency, method, url,
                                   content_type, headers, body)
        values (?, ?, ?, ?, ?, ?, ?, ?, 120.50, 'NGN', 'POST', '/webhooks/payments', 'application/json',
                '[["X-Signature","abc"],["Accept","*/*"]]', ?)
        """,
        id,
        endpoint,
        type,
        key,
        state.equals("conflict") ? "other" : "",
        state,
        key,
        receivedAt.atOffset(ZoneOffset.UTC),
        body);
    return id;
  }

  private static int counter;

  private static synchronized UUID idOf(Instant at) {
    counter = (counter + 1) & 0xfff;
    UUID lowest = EventIds.lowest(at);
    return new UUID(
        lowest.getMostSignificantBits() | 0x7000L | counter,
        UUID.randomUUID().getLeastSignificantBits());
  }

  /** A delivery in some state, with one attempt behind it unless it is pending. */
  public static void delivery(UUID event, String route, String state) {
    int attempts = state.equals("pending") ? 0 : 1;
    execute(
        """
        insert into payhook.delivery (event_id, route, state, attempts, node, due_at, done_at, category, error)
        values (?, ?, ?, ?, case when ? = 'running' then 'node-1' end,
                case when ? in ('running', 'retrying') then now() + interval '1 hour' else now() end,
                case when ? in ('done', 'skipped') then now() end,
                case ? when 'dead' then 'DEAD' when 'retrying' then 'DELIVERY_FAILED' end,
                case when ? in ('dead', 'retrying') then 'HTTP 500 from the CRM' end)
        """,
        event,
        route,
        state,
        attempts,
        state,
        state,
        state,
        state,
        state);
    if (attempts > 0 && !state.equals("running")) {
      execute(
          """
          insert into payhook.attempt (event_id, route, run, number, started_at, duration_ms, outcome, category, error, node)
          values (?, ?, 1, 1, now(), 42, ?, ?, ?, 'node-1')
          """,
          event,
          route,
          state.equals("done") ? "done" : "failed",
          state.equals("dead") ? "DEAD" : null,
          state.equals("dead") ? "HTTP 500 from the CRM" : null);
    }
  }

  public static void subscription(String route, String endpoint, String type) {
    subscription(route, endpoint, type, false);
  }

  public static void subscription(String route, String endpoint, String type, boolean ordered) {
    execute(
        "insert into payhook.subscriber (route, node, endpoint, type, ordered) values (?, 'node-1', ?, ?, ?)",
        route,
        endpoint,
        type,
        ordered);
  }

  public static void rejection(String endpoint, String reason) {
    execute(
        """
        insert into payhook.rejection (endpoint, category, reason, detail, remote, headers, size, excerpt)
        values (?, 'SIGNATURE', ?, 'the body was changed after it was signed', '127.0.0.1', '[]', 2, '{}')
        """,
        endpoint,
        reason);
  }

  public static Instant ago(long amount, ChronoUnit unit) {
    return Instant.now().minus(amount, unit);
  }

  public static void execute(String sql, Object... values) {
    try (Connection connection = DATA_SOURCE.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.execute();
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  /** One text a row: its columns, separated by blanks. */
  public static List<String> rows(String sql, Object... values) {
    try (Connection connection = DATA_SOURCE.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      List<String> rows = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          List<String> columns = new ArrayList<>();
          for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
            columns.add(row.getString(i));
          }
          rows.add(String.join(" ", columns.stream().map(String::valueOf).toList()));
        }
      }
      return rows;
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }
}

package io.payhook.effects;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.apache.camel.component.jdbc.ConnectionStrategy;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseSinkTest {
  private static final String ROUTE =
      """
      - route:
          id: %s
          from:
            uri: event:shop/order
            steps:
              - to:
                  uri: kamelet:database-sink
                  parameters:
                    statement: sql/it.sql
      """;
  private static final String EVENT =
      """
      {"event":"order","data":{"id":"o-1","amount":5000.10,"count":3,"big":12345678901,"paid":true,
       "none":null,"tags":["a","b"],"customer":{"name":"Robert'); drop table t;--"}}}""";

  @TempDir Path folder;
  @TempDir Path mails;
  private MailSender mail;

  @BeforeEach
  void tables() throws Exception {
    mail = new MailStandIn(mails, Running.CLOCK);
    TestDatabase.fresh();
    TestDatabase.execute(
        "create table t (id text primary key, amount numeric, count int, big bigint, paid boolean,"
            + " name text, event jsonb, tags jsonb, at timestamptz, missing date)");
  }

  @Test
  void values_of_the_event_arrive_with_their_types() throws Exception {
    try (Running running = running("save", INSERT)) {
      done(running.deliver("save", EVENT));
    }

    assertThat(TestDatabase.rows("select *, event->'data'->>'id' as inside from t"))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row)
                  .containsEntry("id", "o-1")
                  .containsEntry("amount", new BigDecimal("5000.10"))
                  .containsEntry("count", 3)
                  .containsEntry("big", 12345678901L)
                  .containsEntry("paid", true)
                  .containsEntry("name", "Robert'); drop table t;--")
                  .containsEntry("inside", "o-1")
                  .containsEntry("missing", null);
              assertThat(row.get("tags")).hasToString("[\"a\", \"b\"]");
            });
    assertThat(TestDatabase.rows("select at = '2026-11-23T20:15:00Z' as same from t"))
        .containsExactly(Map.of("same", true));
  }

  private static final String INSERT =
      """
      -- Saves an order.
      insert into t (id, amount, count, big, paid, name, event, tags, at, missing)
      values (:event.data.id, :event.data.amount, :event.data.count, :event.data.big,
              :event.data.paid, :event.data.customer.name, :event, :event.data.tags, :receivedAt,
              :event.data.not_there)
      """;

  @Test
  void rows_go_to_a_variable_and_the_message_stays_as_it_was() throws Exception {
    try (Running running = running("read", "select :event.data.count::int as n, 'x' as name")) {
      Exchange exchange =
          done(
              running.deliver(
                  "read",
                  EVENT,
                  e -> e.getMessage().setHeader("CamelJdbcParameters", Map.of("x", 1))));

      assertThat(exchange.getVariable("rows")).isEqualTo(List.of(Map.of("n", 3, "name", "x")));
      assertThat(exchange.getMessage().getBody()).isEqualTo(EVENT);
      assertThat(exchange.getMessage().getHeaders()).containsOnlyKeys("CamelJdbcParameters");
      assertThat(exchange.getVariables().keySet())
          .containsExactlyInAnyOrder(
              "endpoint",
              "eventId",
              "eventType",
              "eventKey",
              "receivedAt",
              "attempt",
              "event",
              "idempotencyKey",
              "rows");
    }
  }

  @Test
  void a_statement_without_rows_gives_none() throws Exception {
    try (Running running = running("save", INSERT)) {
      assertThat(done(running.deliver("save", EVENT)).getVariable("rows")).isEqualTo(List.of());
    }
  }

  @Test
  void json_operators_work_on_the_whole_event() throws Exception {
    try (Running running =
        running("read", "select :event -> 'data' ->> 'id' as id, :event ? 'data' as there")) {
      assertThat(done(running.deliver("read", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("id", "o-1", "there", true)));
    }
  }

  @Test
  void facts_have_their_type_in_sql_known_or_not() throws Exception {
    String statement =
        "select pg_typeof(:amount)::text as a, pg_typeof(:occurredAt)::text as t,"
            + " coalesce(:amount, 7::numeric) as amount, coalesce(:currency, '-') as currency,"
            + " coalesce(:entity, '-') || coalesce(:origin, '-') as rest,"
            + " coalesce(:occurredAt, '2026-11-23T10:00:00Z'::timestamptz) as at,"
            + " :confirmation is null as unconfirmed";
    try (Running running = running("read", statement)) {
      assertThat(done(running.deliver("read", EVENT)).getVariable("rows"))
          .asString()
          .contains("a=numeric", "t=timestamp with time zone", "amount=7", "currency=-", "rest=--")
          .contains("unconfirmed=true");
      assertThat(
              done(running.deliver(
                      "read",
                      EVENT,
                      exchange -> {
                        exchange.setVariable("amount", new BigDecimal("5000.00"));
                        exchange.setVariable("currency", "NGN");
                        exchange.setVariable("entity", "tx-1");
                        exchange.setVariable("origin", "webhook");
                        exchange.setVariable("occurredAt", Instant.EPOCH);
                      }))
                  .getVariable("rows"))
          .asString()
          .contains("a=numeric", "amount=5000.00", "currency=NGN", "rest=tx-1webhook", "at=1970");
    }
  }

  @Test
  void an_unknown_variable_is_a_data_error_and_leaves_the_message_alone() throws Exception {
    try (Running running = running("read", "select 1,\n :evnt.data.id")) {
      Exchange exchange = running.deliver("read", EVENT);

      assertThat(exchange.getException())
          .isInstanceOf(EffectException.class)
          .hasMessage(
              folder.resolve("sql/it.sql")
                  + ":2: the parameter :evnt names no variable; did you mean :event?");
      assertThat(exchange.getMessage().getBody()).isEqualTo(EVENT);
    }
  }

  @Test
  void a_missing_file_is_an_error_that_says_where_it_was_looked_for() throws Exception {
    try (Running running = running("read", "select 1")) {
      Files.delete(folder.resolve("sql/it.sql"));

      assertThat(running.deliver("read", EVENT).getException())
          .isInstanceOf(EffectException.class)
          .hasMessage(
              folder.resolve("sql/it.sql")
                  + ": there is no such file; the path is relative to the route file's folder");
    }
  }

  @Test
  void an_edited_file_is_used_at_the_next_delivery() throws Exception {
    try (Running running = running("read", "select 1 as n")) {
      assertThat(done(running.deliver("read", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("n", 1)));

      Path file = folder.resolve("sql/it.sql");
      Files.writeString(file, "select 2 as n");
      Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2030-01-01T00:00:00Z")));

      assertThat(done(running.deliver("read", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("n", 2)));
    }
  }

  @Test
  void the_same_path_in_two_folders_is_two_files() throws Exception {
    Path one = write(folder.resolve("one"), "read-one", "select 1 as n");
    Path two = write(folder.resolve("two"), "read-two", "select 2 as n");
    try (Running running =
        new Running(mail, TestDatabase.dataSource(), "http://127.0.0.1:1", one, two)) {
      assertThat(done(running.deliver("read-one", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("n", 1)));
      assertThat(done(running.deliver("read-two", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("n", 2)));
      assertThat(done(running.deliver("read-one", EVENT)).getVariable("rows"))
          .isEqualTo(List.of(Map.of("n", 1)));
    }
  }

  @Test
  void a_connection_of_a_transaction_is_neither_committed_nor_closed() throws Exception {
    try (Running running = running("save", INSERT);
        Connection connection = TestDatabase.dataSource().getConnection()) {
      connection.setAutoCommit(false);
      running
          .context
          .getComponent("jdbc", JdbcComponent.class)
          .setConnectionStrategy(
              new ConnectionStrategy() {
                @Override
                public Connection getConnection(DataSource dataSource) {
                  return connection;
                }

                @Override
                public boolean isConnectionTransactional(Connection c, DataSource dataSource) {
                  return true;
                }
              });

      done(running.deliver("save", EVENT));

      assertThat(connection.isClosed()).isFalse();
      assertThat(TestDatabase.rows("select id from t")).isEmpty();
      connection.commit();
      assertThat(TestDatabase.rows("select id from t")).hasSize(1);
    }
  }

  @Test
  void a_failing_statement_keeps_nothing_and_tells_postgresqls_reason() throws Exception {
    try (Running running =
        running("save", INSERT + ";\ninsert into t (id, amount) values ('x', :event.data.id)")) {
      assertThat(running.deliver("save", EVENT).getException())
          .isInstanceOf(java.sql.SQLException.class)
          .hasMessageContaining("invalid input syntax for type numeric: \"o-1\"");
      assertThat(TestDatabase.rows("select id from t")).isEmpty();
    }
  }

  private Running running(String route, String sql) throws Exception {
    return new Running(
        mail, TestDatabase.dataSource(), "http://127.0.0.1:1", write(folder, route, sql));
  }

  private static Path write(Path folder, String route, String sql) throws IOException {
    Files.createDirectories(folder.resolve("sql"));
    Files.writeString(folder.resolve("sql/it.sql"), sql);
    return Files.writeString(folder.resolve("shop.camel.yaml"), ROUTE.formatted(route));
  }

  private static Exchange done(Exchange exchange) throws Exception {
    return Running.done(exchange);
  }
}

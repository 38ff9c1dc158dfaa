package io.payhook.effects.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.effects.EffectException;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailSender;
import io.payhook.effects.mail.MailStandIn;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
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
    mail = new MailStandIn(mails, EffectRoutes.CLOCK);
    PaymentsTables.none();
    PaymentsTables.execute(
        "create table t (id text primary key, amount numeric, count int, big bigint, paid boolean,"
            + " name text, event jsonb, tags jsonb, at timestamptz, missing date)");
  }

  @Test
  void values_of_the_event_arrive_with_their_types() throws Exception {
    try (EffectRoutes running = running("save", INSERT)) {
      done(running.deliver("save", EVENT));
    }

    assertThat(PaymentsTables.rows("select *, event->'data'->>'id' as inside from t"))
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
    assertThat(PaymentsTables.rows("select at = '2026-11-23T20:15:00Z' as same from t"))
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
    try (EffectRoutes running =
        running("read", "select :event.data.count::int as n, 'x' as name")) {
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
    try (EffectRoutes running = running("save", INSERT)) {
      assertThat(done(running.deliver("save", EVENT)).getVariable("rows")).isEqualTo(List.of());
    }
  }

  @Test
  void json_operators_work_on_the_whole_event() throws Exception {
    try (EffectRoutes running =
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
    try (EffectRoutes running = running("read", statement)) {
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
    try (EffectRoutes running = running("read", "select 1,\n :evnt.data.id")) {
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
    try (EffectRoutes running = running("read", "select 1")) {
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
    try (EffectRoutes running = running("read", "select 1 as n")) {
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
    try (EffectRoutes running =
        new EffectRoutes(mail, PaymentsTables.dataSource(), "http://127.0.0.1:1", one, two)) {
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
    try (EffectRoutes running = running("save", INSERT);
        Connection connection = PaymentsTables.dataSource().getConnection()) {
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
      assertThat(PaymentsTables.rows("select id from t")).isEmpty();
      connection.commit();
      assertThat(PaymentsTables.rows("select id from t")).hasSize(1);
    }
  }

  @Test
  void a_failing_statement_keeps_nothing_and_tells_postgresqls_reason() throws Exception {
    try (EffectRoutes running =
        running("save", INSERT + ";\ninsert into t (id, amount) values ('x', :event.data.id)")) {
      assertThat(running.deliver("save", EVENT).getException())
          .isInstanceOf(java.sql.SQLException.class)
          .hasMessageContaining("invalid input syntax for type numeric: \"o-1\"");
      assertThat(PaymentsTables.rows("select id from t")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"NaN\"",
        "\" -inf \"",
        "\"Infinity\"",
        "\"1_000_000\"",
        "\"0xff\"",
        "\"1e99999999\"",
        "1e99999999",
        "-1e99999999",
        "1e1001",
        "\"5,000.00\"",
        "\"lots\"",
      })
  void what_is_no_finite_amount_is_never_an_amount(String value) throws Exception {
    for (String place :
        List.of(
            ":event.data.value",
            ":event.data.value::numeric",
            ":event.data.value :: numeric(30, 2)",
            "cast(:event.data.value as decimal)",
            "coalesce(:event.data.value::numeric, 0)")) {
      try (EffectRoutes running =
          running("save", "insert into t (id, amount) values ('x', " + place + ")")) {
        assertThat(running.deliver("save", data("\"value\":" + value)).getException())
            .as(place)
            .isNotNull();
      }
    }
    assertThat(PaymentsTables.rows("select * from t")).isEmpty();
  }

  @Test
  void an_amount_that_is_none_is_told_with_its_place() throws Exception {
    try (EffectRoutes running =
        running("save", "insert into t (id, amount) values\n('x', :event.data.value)")) {
      assertThat(running.deliver("save", data("\"value\":\"NaN\"")).getException())
          .isInstanceOf(EffectException.class)
          .hasMessage(
              folder.resolve("sql/it.sql")
                  + ":2: :event.data.value is 'NaN' in this event; a number such as 5000.00 would"
                  + " be right");
      assertThat(running.deliver("save", data("\"value\":1e99999999")).getException())
          .isInstanceOf(EffectException.class)
          .hasMessage(
              folder.resolve("sql/it.sql")
                  + ":2: :event.data.value is 1E+99999999 in this event; a number of at most 1000"
                  + " digits would be right");
    }
  }

  @Test
  void names_that_look_like_numbers_are_names_and_long_numbers_are_exact() throws Exception {
    String digits = "9".repeat(900);
    try (EffectRoutes running =
        running(
            "save",
            "insert into t (id, name, amount) values (:event.data.id, :event.data.name, :event.data.amount)")) {
      done(running.deliver("save", data("\"id\":\"Nan\",\"name\":\"now\",\"amount\":" + digits)));
    }
    assertThat(PaymentsTables.rows("select id, name, amount from t"))
        .containsExactly(Map.of("id", "Nan", "name", "now", "amount", new BigDecimal(digits)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "\"2025-12-31T00:00:00+01:00\" ~ 2025-12-30 23:00:00",
        "\"2025-12-31 00:00:00 Africa/Lagos\" ~ 2025-12-30 23:00:00",
        "\"2016-12-31T23:59:60Z\" ~ 2017-01-01 00:00:00",
        "\"2025-12-31T24:00:00Z\" ~ 2026-01-01 00:00:00",
        "\"2025-12-31\" ~ 2025-12-31 00:00:00",
        "1735689600 ~ 2025-01-01 00:00:00",
        "1735689600000 ~ 2025-01-01 00:00:00",
        "\"1735689600\" ~ 2025-01-01 00:00:00",
        "null ~ null",
        "\"\" ~ null",
        "\" \" ~ null",
      })
  void a_time_is_read_in_one_way(String value, String time) throws Exception {
    String sql =
        "insert into t (id, at) values ('x', :event.data.value::timestamptz) on conflict do nothing";
    try (EffectRoutes running = running("save", "set local time zone 'UTC'; " + sql)) {
      done(running.deliver("save", data("\"value\":" + value)));
    }
    assertThat(PaymentsTables.rows("select (at at time zone 'UTC')::text as at from t"))
        .singleElement()
        .satisfies(row -> assertThat(row.get("at")).isEqualTo(time.equals("null") ? null : time));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"tomorrow\"",
        "\"now\"",
        "\"infinity\"",
        "\"epoch\"",
        "\"12/31/2025\"",
        "\"31/12/2025\"",
        "\"2025-02-30\"",
        "\"99999-01-01\"",
        "\"2025-12-31T25:00:00Z\"",
        "\"Dec 31 2025\"",
        "1e99",
        "5",
        "true",
      })
  void what_is_no_time_is_an_error_or_absent_where_the_statement_says_so(String value)
      throws Exception {
    try (EffectRoutes running =
        running("save", "insert into t (id, at) values ('x', :event.data.value::timestamptz)")) {
      assertThat(running.deliver("save", data("\"value\":" + value)).getException()).isNotNull();
    }
    try (EffectRoutes running =
        running(
            "save",
            "insert into t (id, at) values ('x', coalesce(:event.data.value::timestamptz, null))")) {
      Exchange exchange = running.deliver("save", data("\"value\":" + value));
      assertThat(exchange.getException()).isNull();
    }
    assertThat(PaymentsTables.rows("select at from t where at is not null")).isEmpty();
    assertThat(PaymentsTables.rows("select id from t")).hasSize(1);
  }

  @Test
  void a_null_character_or_half_a_pair_keeps_nothing_from_being_recorded() throws Exception {
    try (EffectRoutes running =
        running(
            "save",
            "insert into t (id, name, event) values (:event.data.id, :event.data.name, :event)")) {
      done(
          running.deliver(
              "save", data("\"id\":\"a\\u0000b\",\"name\":\"A\\ud800B \\ud83d\\ude00\"")));
    }
    assertThat(PaymentsTables.rows("select id, name, event->'data'->>'name' as inside from t"))
        .containsExactly(Map.of("id", "a\uFFFDb", "name", "A\uFFFDB 😀", "inside", "A\uFFFDB 😀"));
  }

  private static String data(String members) {
    return "{\"event\":\"order\",\"data\":{" + members + "}}";
  }

  private EffectRoutes running(String route, String sql) throws Exception {
    return new EffectRoutes(
        mail, PaymentsTables.dataSource(), "http://127.0.0.1:1", write(folder, route, sql));
  }

  private static Path write(Path folder, String route, String sql) throws IOException {
    Files.createDirectories(folder.resolve("sql"));
    Files.writeString(folder.resolve("sql/it.sql"), sql);
    return Files.writeString(folder.resolve("shop.camel.yaml"), ROUTE.formatted(route));
  }

  private static Exchange done(Exchange exchange) throws Exception {
    return EffectRoutes.done(exchange);
  }
}

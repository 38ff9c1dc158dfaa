package io.payhook.effects.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.effects.EffectException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlStatementTest {
  private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\0',
      value = {
        "select :eventId ~ select ? ~ eventId",
        "select :event.data.amount::numeric ~ select ?::numeric ~ event.data.amount",
        "values (:a,:b) ~ values (?,?) ~ a b",
        "select :event.items.0.sku, 1 ~ select ?, 1 ~ event.items.0.sku",
        "select :event.\"odd-name\".x ~ select ? ~ event.odd-name.x",
        "select :a-1 ~ select ?-1 ~ a",
        "select :a. ~ select ?. ~ a",
        "select ARRAY[:a, :b][1:2] ~ select ARRAY[?, ?][1:2] ~ a b",
        "select array [ :a ] ~ select array [ ? ] ~ a",
        "select t.a[:n] from t ~ select t.a[:n] from t ~ ",
        "select a[lo:hi], a[1:n] ~ select a[lo:hi], a[1:n] ~ ",
        "select a[(:n)] ~ select a[(?)] ~ n",
        "select a[f(:n):3] ~ select a[f(?):3] ~ n",
        "select f(x := :a) ~ select f(x := ?) ~ a",
        "select f(x:=:a) ~ select f(x:=?) ~ a",
        "select :event ? 'key' ~ select ? ?? 'key' ~ event",
        "select j ?| array[:a] ~ select j ??| array[?] ~ a",
        "select 1 where :a is null;select :b ~ select 1 where ? is null;select ? ~ a b",
        "select $1, cost$:a ~ select $1, cost$? ~ a",
      })
  void a_colon_and_a_name_is_a_parameter(String text, String sql, String names) {
    SqlStatement statement = SqlStatement.parse("f.sql", text);

    assertThat(statement.sql()).isEqualTo(sql);
    assertThat(names(statement)).isEqualTo(names == null ? "" : names);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select ':a ''quoted :b'' ?'",
        "select E'it\\'s :a ?'",
        "select e'\\\\', 'x'",
        "select \"odd:name \"\" :a ?\"",
        "select 1 -- :a ? 'unclosed",
        "select /* :a /* nested :b */ ? ' */ 1",
        "select $$ :a ' ? $$",
        "select $tag$ :a $$ :b $tag$",
        "do $f$ begin perform x(:a); end $f$",
        "select '{}'::jsonb, 'a'::text",
        "select x::int[], y :: text",
        "select a.b[1:2][3:4]",
        "select 1 : 2",
        "select U&'d\\0061t:a'",
        "select 'C:\\'",
      })
  void text_names_comments_casts_and_slices_hold_no_parameter(String text) {
    SqlStatement statement = SqlStatement.parse("f.sql", text);

    assertThat(statement.sql()).isEqualTo(text);
    assertThat(statement.parameters()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\0',
      value = {
        "select 1,\\n 'open ~ f.sql:2:2: a text starts here and never ends",
        "select \"open ~ f.sql:1:8: a quoted name starts here",
        "\\n\\n/* open ~ f.sql:3:1: a comment starts here",
        "select $a$ open $b$ ~ f.sql:1:8: a dollar-quoted text starts here",
        "select :a.\"open ~ f.sql:1:11: a quoted member starts here",
      })
  void what_is_not_closed_is_an_error_with_its_place(String text, String message) {
    assertThatThrownBy(() -> SqlStatement.parse("f.sql", text.replace("\\n", "\n")))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining(message.strip());
  }

  @Test
  void values_are_found_by_members_and_indexes() {
    exchange.setVariable(
        "event",
        Map.of("data", Map.of("amount", new BigDecimal("5.10"), "items", List.of("a", "b"))));

    assertThat(
            values(
                "select :event.data.amount, :event.data.items.1, :event.data.items.2,"
                    + " :event.data.items.x, :event.data.none.deeper, :event.data.amount.none,"
                    + " :event.data.items"))
        .containsExactly(new BigDecimal("5.10"), "b", null, null, null, null, List.of("a", "b"));
  }

  @Test
  void a_variable_of_every_delivery_is_null_where_it_is_absent() {
    assertThat(values("select :eventKey")).containsExactly((Object) null);
  }

  @Test
  void an_unknown_variable_is_an_error_that_names_file_line_and_what_was_meant() {
    exchange.setVariable("event", Map.of());

    assertThatThrownBy(() -> values("-- comment\nselect\n  :evnt.data"))
        .isInstanceOf(EffectException.class)
        .hasMessage("f.sql:3: the parameter :evnt names no variable; did you mean :event?");
    assertThatThrownBy(() -> values("select :customer"))
        .hasMessageContaining("f.sql:1: the parameter :customer names no variable; there are")
        .hasMessageContaining(":receivedAt");
  }

  private List<Object> values(String sql) {
    return SqlStatement.parse("f.sql", sql).values(exchange);
  }

  private static String names(SqlStatement statement) {
    return String.join(
        " ",
        statement.parameters().stream()
            .map(
                p ->
                    p.members().isEmpty()
                        ? p.variable()
                        : p.variable() + "." + String.join(".", p.members()))
            .toList());
  }
}

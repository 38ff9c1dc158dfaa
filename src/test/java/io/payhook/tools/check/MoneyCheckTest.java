package io.payhook.tools.check;

import static io.payhook.tools.check.CheckedRoutes.HTML;
import static io.payhook.tools.check.CheckedRoutes.JSON;
import static io.payhook.tools.check.CheckedRoutes.NEW;
import static io.payhook.tools.check.CheckedRoutes.SHOP;
import static io.payhook.tools.check.CheckedRoutes.STATEMENT;
import static io.payhook.tools.check.CheckedRoutes.TABLES;
import static io.payhook.tools.check.CheckedRoutes.TEXT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kobo taken for naira, integers divided, floating point: each where it stands. */
@Tag("service")
class MoneyCheckTest {
  private static final String IN_KOBO =
      ": endpoint 'shop' gets it in the minor unit (kobo, cents), and here it is taken for money; ";
  private static final String CUT =
      ": integers are divided, which cuts the decimals off (199 / 100 is 1); ";
  private static final String INEXACT =
      ": floating point is not exact, and money in it gets wrong by a cent; ";

  @TempDir Path folder;
  private CheckedRoutes routes;

  @BeforeEach
  void begin() throws IOException {
    routes = new CheckedRoutes(folder);
  }

  private void breaking(String file, String old, String by, String... expected) throws IOException {
    routes.replace(file, old, by);
    assertThat(routes.findings()).containsExactly(expected);
  }

  /** A statement that inserts a value into a column. */
  private void inserting(String column, String value) throws IOException {
    routes.write(
        STATEMENT,
        "insert into orders (reference, " + column + ")\nvalues (:eventKey, " + value + ");\n");
  }

  @Test
  void kobo_that_are_counted_as_kobo_are_well() {
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void the_fact_amount_is_well_with_and_without_its_currency() throws IOException {
    inserting("amount", ":amount");
    routes.write(TEXT, "{{ amount | money(currency) }} {{ amount }}");
    routes.write(JSON, "{\"amount\": {{ amount }}}");
    routes.replace(
        SHOP, "receipt.html\n", "receipt.html\n              subject: ${variable.amount}\n");
    assertThat(routes.findings()).isEmpty();
  }

  // Kobo taken for naira

  @Test
  void a_template_that_writes_kobo_as_naira_is_found() throws IOException {
    breaking(
        HTML,
        ", unit=\"minor\"",
        "",
        "shop/email/receipt.html:2:7: warning: event.data.amount"
            + IN_KOBO
            + "write {{ amount | money(currency) }}");
  }

  @Test
  void the_plain_text_beside_it_is_looked_through_too() throws IOException {
    breaking(
        TEXT,
        "}} kobo,",
        "}},",
        "shop/email/receipt.txt:1:10: warning: event.data.amount"
            + IN_KOBO
            + "write {{ amount | money(currency) }}");
  }

  @Test
  void a_body_of_json_says_what_its_number_counts() throws IOException {
    breaking(
        JSON,
        "amount_kobo",
        "amount",
        "shop/crm/order.json:1:15: warning: event.data.amount" + IN_KOBO + "write {{ amount }}");
  }

  @Test
  void a_template_that_others_stand_on_is_looked_through() throws IOException {
    routes.write(
        "shop/email/layout.html", "<i>{{ event.data.amount }}</i>{% block a %}{% endblock %}");
    routes.write(
        HTML, "<title>Paid</title>{% extends \"layout.html\" %}{% block a %}x{% endblock %}");
    assertThat(routes.findings())
        .singleElement()
        .asString()
        .startsWith("shop/email/layout.html:1:7: warning: event.data.amount: endpoint 'shop'");
  }

  @Test
  void a_value_that_is_only_asked_for_is_not_taken_for_money() throws IOException {
    routes.write(
        TEXT,
        "{% if event.data.amount > 0 %}Paid.{% endif %}{{ event.data.amount is empty ? \"\" : \"Paid.\" }}");
    assertThat(routes.findings()).isEmpty();
    routes.write(TEXT, "{% if event.data.amount > 10000 %}Paid a lot.{% endif %}");
    assertThat(routes.findings()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":event.data.amount",
        ":event.data.amount::bigint",
        "coalesce(:event.data.amount, 0)",
        "round(:event.data.amount::numeric, 2)"
      })
  void kobo_in_a_numeric_column_are_found(String value) throws IOException {
    inserting("amount", value);
    int column = 20 + value.indexOf(':');
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/record-order.sql:2:"
                + column
                + ": warning: :event.data.amount"
                + IN_KOBO
                + "write :amount");
  }

  @Test
  void kobo_set_by_an_update_are_found() throws IOException {
    breaking(
        STATEMENT,
        "  amount_kobo = :event",
        "  amount = :event",
        "shop/sql/record-order.sql:5:12: warning: :event.data.amount" + IN_KOBO + "write :amount");
  }

  @Test
  void kobo_in_a_statement_before_another_are_found() throws IOException {
    routes.write(
        STATEMENT,
        """
        with paid as (
          insert into orders (reference, amount) select :eventKey, :event.data.amount returning *
        )
        select reference from paid;
        select 1 where exists (select from orders where amount = :event.data.amount);
        """);
    assertThat(routes.findings())
        .hasSize(2)
        .allMatch(finding -> finding.endsWith(IN_KOBO + "write :amount"));
  }

  @Test
  void naira_made_of_kobo_by_a_division_of_decimals_are_well() throws IOException {
    inserting("amount", ":event.data.amount::numeric / 100");
    assertThat(routes.findings()).isEmpty();
    inserting("amount", ":event.data.amount / 100.0");
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void kobo_in_a_text_of_a_route_are_found() throws IOException {
    breaking(
        SHOP,
        "template: email/receipt.html",
        "template: email/receipt.html\n              subject: Paid ${variable.event[data][amount]}",
        "shop/shop.camel.yaml:29:29: warning: ${variable.event[data][amount]}"
            + IN_KOBO
            + "write ${variable.amount}");
  }

  @Test
  void kobo_that_a_condition_compares_are_found() throws IOException {
    routes.addRoute(
        """
        - filter:
            expression:
              simple:
                expression: "${variable.event[data][amount]} > 1000000"
            steps: []
        """);
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:30: warning: ${variable.event[data][amount]}"
                + IN_KOBO
                + "write ${variable.amount}");
    routes.replace(NEW, "> 1000000", "> 0");
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void an_endpoint_that_says_its_unit_is_believed() throws IOException {
    routes.replace(HTML, ", unit=\"minor\"", "");
    routes.replace(SHOP, "paystack\n", "paystack\n        event.amount-unit: major\n");
    assertThat(routes.findings()).isEmpty();
    routes.replace(
        SHOP, "major\n", "major\n        event.amount-unit-of:\n          charge.*: minor\n");
    assertThat(routes.findings()).hasSize(1);
  }

  @Test
  void the_place_of_one_event_types_amount_counts() throws IOException {
    routes.replace(
        SHOP, "paystack\n", "paystack\n        event.amount-of.charge.success: /data/fees\n");
    routes.write(TEXT, "{{ event.data.fees | money(event.data.currency) }}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:4: warning: event.data.fees"
                + IN_KOBO
                + "write {{ amount | money(currency) }}");
    routes.write(TEXT, "{{ event.data.amount | money(event.data.currency) }}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:4: warning: event.data.amount"
                + IN_KOBO
                + "write {{ event.data.amount | money(currency, unit=\"minor\") }}");
  }

  // Divisions

  @ParameterizedTest
  @CsvSource({
    "{{ (event.data.amount / 100) | money(event.data.currency) }}, 5, amount, {{ amount | money(currency) }}",
    "{{ event.data.amount / 100 }}, 4, amount, {{ amount | money(currency) }}",
    "{% set paid = event.data.amount / 100 %}, 15, amount, {{ amount | money(currency) }}",
    "'{{ event.data.fees / 100 }}', 4, fees, '{{ event.data.fees | money(currency, unit=\"minor\") }}'"
  })
  void a_division_of_integers_in_a_template_is_found(
      String text, int column, String member, String right) throws IOException {
    routes.write(TEXT, text);
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:"
                + column
                + ": warning: event.data."
                + member
                + " / 100"
                + CUT
                + "write "
                + right);
  }

  @ParameterizedTest
  @ValueSource(strings = {":event.data.amount / 100", ":event.data.amount::bigint / 100"})
  void a_division_of_integers_in_sql_is_found(String value) throws IOException {
    inserting("amount", value);
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/record-order.sql:2:20: warning: " + value + CUT + "write :amount");
  }

  @Test
  void an_amount_that_is_naira_already_is_not_divided() throws IOException {
    inserting("amount", ":amount / 100");
    routes.write(TEXT, "{{ amount / 100 }}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:4: warning: amount / 100: amount is in the major unit already (naira, dollars); write {{ amount | money(currency) }}",
            "shop/sql/record-order.sql:2:20: warning: :amount / 100: amount is in the major unit already (naira, dollars); write :amount");
  }

  // Floating point

  @ParameterizedTest
  @CsvSource({
    ":event.data.amount::float8, :event.data.amount::float8",
    ":amount::float8, :amount::float8",
    ":event.data.amount::double  precision, :event.data.amount::double precision",
    "(:event.data.amount)::real, :event.data.amount::real",
    "'cast(:event.data.amount as float)', :event.data.amount::float"
  })
  void floating_point_in_sql_is_found(String value, String told) throws IOException {
    inserting("amount", value);
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/record-order.sql:2:"
                + (20 + value.indexOf(':'))
                + ": warning: "
                + told
                + INEXACT
                + "write :amount");
  }

  @Test
  void a_column_that_is_calculated_with_as_floating_point_is_found() throws IOException {
    inserting("amount_kobo", ":event.data.amount");
    routes.write(STATEMENT, "select sum(amount)::float8, amount::float8 from orders group by 2;");
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/record-order.sql:1:12: warning: amount)::float8"
                + INEXACT
                + "numeric is right",
            "shop/sql/record-order.sql:1:29: warning: amount::float8"
                + INEXACT
                + "numeric is right");
  }

  @Test
  void a_template_that_divides_by_a_fraction_is_found() throws IOException {
    breaking(
        TEXT,
        "{{ event.data.amount }} kobo",
        "{{ event.data.amount / 100.0 }}",
        "shop/email/receipt.txt:1:10: warning: event.data.amount / 100.0"
            + INEXACT
            + "write {{ amount | money(currency) }}");
  }

  @Test
  void columns_of_money_that_can_not_hold_it_are_found() throws IOException {
    routes.replace(TABLES, "amount       numeric(14,2)", "amount       double precision");
    routes.replace(TABLES, "fee          numeric", "fee          money");
    routes.write(
        "shop/sql/schema/V002__more.sql",
        "-- amount real\nalter table orders add column total_price real, add latitude float8;\n");
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/schema/V001__orders.sql:4:16: warning: column 'amount' is double precision"
                + INEXACT
                + "numeric is right",
            "shop/sql/schema/V001__orders.sql:5:16: warning: column 'fee' is money: that has the decimals of the server's locale, whatever the currency; numeric is right",
            "shop/sql/schema/V002__more.sql:2:43: warning: column 'total_price' is real"
                + INEXACT
                + "numeric is right");
  }

  @Test
  void an_amount_that_goes_to_a_column_of_floating_point_is_found() throws IOException {
    routes.replace(TABLES, "fee          numeric", "paid         float8");
    inserting("paid", ":event.data.amount");
    assertThat(routes.findings())
        .containsExactly(
            "shop/sql/record-order.sql:2:20: warning: :event.data.amount: column 'paid' is double precision"
                + INEXACT
                + "make the column numeric");
  }
}

package io.payhook.tools.check;

import static io.payhook.tools.check.CheckedRoutes.SHOP;
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

/**
 * Values of the event in the notation of another place, and values that become part of a language.
 */
@Tag("service")
class NotationCheckTest {
  private static final String TO = "\"${variable.event[data][customer][email]}\"";
  private static final String BRACKETS =
      ": a route reads members of the event with brackets; write ";

  @TempDir Path folder;
  private CheckedRoutes routes;

  @BeforeEach
  void begin() throws IOException {
    routes = new CheckedRoutes(folder);
  }

  private void body(String text) throws IOException {
    routes.addRoute(
        "- setBody:\n    expression:\n      simple:\n        expression: '" + text + "'\n");
  }

  // Brackets in routes, dots in templates

  @ParameterizedTest
  @ValueSource(
      strings = {
        "${variable.event.data.customer.email}",
        "${variable.event[data].customer.email}",
        "${variable.event[data][customer]?.email}",
        "${variables.event.data.customer.email}"
      })
  void dots_in_a_parameter_of_a_kamelet_are_found(String value) throws IOException {
    routes.replace(SHOP, TO, "\"" + value + "\"");
    assertThat(routes.findings())
        .containsExactly(
            "shop/shop.camel.yaml:29:20: "
                + value
                + BRACKETS
                + "${variable.event[data][customer][email]}");
  }

  @Test
  void dots_in_an_expression_are_found() throws IOException {
    body("For ${variable.event.data.reference}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:34: ${variable.event.data.reference}"
                + BRACKETS
                + "${variable.event[data][reference]}");
  }

  @Test
  void what_a_list_or_a_map_has_itself_is_read_with_a_dot() throws IOException {
    body("${variable.event[data][customer].size} ${variable.event.get(\"data\")} ${body.length}");
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void a_member_of_the_body_is_found() throws IOException {
    body("For ${body.data.reference}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:34: ${body.data.reference}: the body is text and has no members; write ${variable.event[data][reference]}");
  }

  @Test
  void a_misspelt_member_is_found_in_every_way_to_write_it() throws IOException {
    body("For ${variables:event[data][refrence]}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:34: ${variables:event[data][refrence]}: sample charge.success.json has no 'refrence'; did you mean 'reference'?");
  }

  @Test
  void the_notation_of_routes_is_found_in_a_template() throws IOException {
    routes.write(TEXT, "For ${variable.event[data][reference]}, ${body}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:5: ${variable.event[data][reference]} is a route's notation, and goes out of a template as it is; write {{ event.data.reference }}",
            "shop/email/receipt.txt:1:41: ${body} is a route's notation, and goes out of a template as it is; write {{ event.… }}, as in {{ event.data.amount }}");
  }

  @Test
  void brackets_around_a_plain_name_are_found_in_a_template() throws IOException {
    routes.write(TEXT, "For {{ event[data][reference] }}");
    assertThat(routes.findings())
        .containsExactly(
            "shop/email/receipt.txt:1:8: event[data][reference]: a template reads members with dots; write event.data.reference");
  }

  @Test
  void brackets_around_a_name_of_the_templates_own_are_well() throws IOException {
    routes.write(
        TEXT,
        "{% for name in [\"reference\"] %}{{ event.data[name] }}{% endfor %}{{ event.data[\"reference\"] }}");
    assertThat(routes.findings()).isEmpty();
  }

  // Recipients

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"\" | 'to' is empty; kamelet 'email-sink' needs it",
        "event.data.customer.email | 'to' is no e-mail address: event.data.customer.email; write ${variable.event[data][customer][email]}",
        "ada.obi | 'to' is no e-mail address: ada.obi; name@example.com is one, and ${variable.event[…]} reads one of the event"
      })
  void a_recipient_that_is_none_is_found(String to, String told) throws IOException {
    routes.replace(SHOP, TO, to);
    assertThat(routes.findings()).containsExactly("shop/shop.camel.yaml:29:19: " + told);
  }

  // Values that become part of JSON or SQL

  @Test
  void a_value_that_becomes_part_of_json_is_found() throws IOException {
    routes.addRoute(
        """
        - setBody:
            expression:
              simple:
                expression: '{"name": "${variable.event[data][customer][first_name]}"}'
        """);
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:40: warning: ${variable.event[data][customer][first_name]} becomes part of the JSON as it is, so a quote in it breaks the JSON or adds members; render a .json template, where {{ … | json }} writes any value, as crm-sink does");
  }

  @Test
  void a_number_becomes_part_of_json_as_it_is() throws IOException {
    body("{\"id\": ${variable.event[data][id]}, \"route\": \"${variable.eventId}\"}");
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void a_value_that_becomes_part_of_sql_is_found() throws IOException {
    routes.addRoute(
        """
        - setBody:
            expression:
              simple:
                expression: "insert into ledger values ('${variable.event[data][reference]}')"
        """);
    assertThat(routes.findings())
        .containsExactly(
            "shop/new.camel.yaml:10:58: warning: ${variable.event[data][reference]} becomes part of the SQL as it is, so a quote in it breaks the SQL or runs more of it; let kamelet:database-sink bind the values of an SQL file, or write :?name with a header 'name' and useHeadersAsParameters");
  }

  @Test
  void a_sentence_that_begins_like_sql_is_none() throws IOException {
    body("Update: ${variable.event[data][reference]} was paid, select a size");
    assertThat(routes.findings()).isEmpty();
  }
}

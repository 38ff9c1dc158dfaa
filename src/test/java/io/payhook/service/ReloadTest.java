package io.payhook.service;

import static io.payhook.service.RunningService.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("service")
final class ReloadTest {
  private static final String SUCCESS = "payments/payment-success.camel.yaml";
  private static final String ENDPOINT = "payments/payments.camel.yaml";
  private static final String AUDIT =
      """
      - route:
          id: audit-payment
          description: Notes the payment once more.
          from:
            uri: event:payments/payment.success
            steps:
              - setBody:
                  expression:
                    constant:
                      expression: noted
      """;

  @TempDir static Path folder;
  private static RunningService running;
  private static int number;

  @BeforeAll
  static void start() throws Exception {
    running = RunningService.start(folder, Map.of("payhook.routes.reload", "off"));
  }

  @AfterAll
  static void stop() {
    running.close();
  }

  @AfterEach
  void restore() throws Exception {
    for (String name : new String[] {SUCCESS, ENDPOINT, "intake.camel.yaml"}) {
      running.save(name, Files.readString(Path.of("routes").resolve(name)));
    }
    Files.deleteIfExists(running.file("payments/audit.camel.yaml"));
    Files.deleteIfExists(running.file("kamelets/shout-action.kamelet.yaml"));
    assertThat(running.service.reload().problems()).isEmpty();
  }

  private static String id() {
    return "RELOAD-" + ++number;
  }

  private static void settled(String event, Map<String, String> states) {
    await("the deliveries " + states, () -> running.deliveries(event).equals(states));
  }

  @Test
  void an_added_file_gets_the_next_event_and_a_deleted_one_none() throws Exception {
    running.save("payments/audit.camel.yaml", AUDIT);
    RouteFiles.Outcome added = running.service.reload();
    assertThat(added.changed()).containsExactly(running.file("payments/audit.camel.yaml"));
    settled(
        running.send("payment.success", id()),
        Map.of(
            "audit-payment", "done",
            "crm-contact", "done",
            "receipt-email", "done",
            "record-payment", "done"));

    Files.delete(running.file("payments/audit.camel.yaml"));
    assertThat(running.service.reload().changed()).hasSize(1);
    settled(
        running.send("payment.success", id()),
        Map.of("crm-contact", "done", "receipt-email", "done", "record-payment", "done"));
  }

  @Test
  void a_step_that_does_not_exist_is_named_with_its_place_and_the_last_good_version_runs_on()
      throws Exception {
    running.save(SUCCESS, running.text(SUCCESS).replaceFirst("- to:", "- sett-body:"));
    assertThat(running.service.reload().problems())
        .singleElement()
        .asString()
        .contains(SUCCESS + ":11:11: no such step 'sett-body'");
    assertThat(running.service.fileProblems()).hasSize(1);
    settled(
        running.send("payment.success", id()),
        Map.of("crm-contact", "done", "receipt-email", "done", "record-payment", "done"));
  }

  @Test
  void a_component_that_does_not_exist_and_a_file_cut_off_change_nothing() throws Exception {
    String good = running.text(SUCCESS);
    running.save(SUCCESS, good.replaceFirst("kamelet:email-sink", "kamlet:email-sink"));
    assertThat(running.service.reload().problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).contains("kamlet"));
    running.save(SUCCESS, good.substring(0, good.length() / 2) + "\n   x: [");
    assertThat(running.service.reload().problems()).hasSize(1);
    running.save(SUCCESS, "");
    assertThat(running.service.reload().problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).contains("is empty"));
    settled(
        running.send("payment.success", id()),
        Map.of("crm-contact", "done", "receipt-email", "done", "record-payment", "done"));
  }

  @Test
  void a_broken_file_holds_back_everything_where_a_reload_is_asked_for() throws Exception {
    running.save("payments/audit.camel.yaml", AUDIT);
    running.save(SUCCESS, running.text(SUCCESS).replaceFirst("- to:", "- too:"));
    RouteFiles.Outcome outcome = running.service.reload();
    assertThat(outcome.changed()).isEmpty();
    assertThat(outcome.problems()).extracting(ReloadProblem::line).containsExactly(11);
    assertThat(running.deliveries(running.send("payment.success", id())))
        .doesNotContainKey("audit-payment");
  }

  @Test
  void a_route_that_moves_to_another_file_is_swapped_with_it() throws Exception {
    String good = running.text(SUCCESS);
    int second = good.indexOf("- route:", good.indexOf("receipt-email") - 20);
    running.save(SUCCESS, good.substring(0, second));
    running.save("payments/audit.camel.yaml", good.substring(second));
    assertThat(running.service.reload().problems()).isEmpty();
    settled(
        running.send("payment.success", id()),
        Map.of("crm-contact", "done", "receipt-email", "done", "record-payment", "done"));
  }

  @Test
  void a_route_id_of_another_file_is_refused() throws Exception {
    running.save("payments/audit.camel.yaml", AUDIT.replace("audit-payment", "record-payment"));
    assertThat(running.service.reload().problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).contains("route id 'record-payment'"));
  }

  @Test
  void a_secret_is_replaced_from_one_request_to_the_next() throws Exception {
    String good = running.text(ENDPOINT);
    running.save(ENDPOINT, good.replace("PAYMENTS_", "OTHER_"));
    assertThat(running.service.reload().problems()).isEmpty();
    assertThat(running.send("payment.success", id())).startsWith("401");
    running.save(ENDPOINT, good.replace("{{env:", "{{env:OTHER_WEBHOOK_SECRET}},{{env:"));
    assertThat(running.service.reload().problems()).isEmpty();
    assertThat(running.send("payment.success", id())).doesNotStartWith("401");
    running.save(ENDPOINT, good.replace("echezona", "echozona"));
    assertThat(running.service.reload().problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).contains("echozona", "did you mean"));
    assertThat(running.send("payment.success", id())).doesNotStartWith("4");
  }

  @Test
  void the_intake_route_itself_can_be_replaced() throws Exception {
    String good = running.text("intake.camel.yaml");
    running.save("intake.camel.yaml", good.replace("Takes a signed webhook", "Takes a webhook"));
    assertThat(running.service.reload().problems()).isEmpty();
    assertThat(running.send("payment.success", id())).doesNotStartWith("4").doesNotStartWith("5");
    running.save("intake.camel.yaml", good.replace("ref: signature", "ref: signatur"));
    assertThat(running.service.reload().problems()).isNotEmpty();
    assertThat(running.send("payment.success", id())).doesNotStartWith("4").doesNotStartWith("5");
  }

  @Test
  void a_changed_kamelet_is_taken_over_by_the_routes_that_call_it() throws Exception {
    String kamelet =
        """
        apiVersion: camel.apache.org/v1
        kind: Kamelet
        metadata:
          name: shout-action
        spec:
          definition:
            title: Shout
          template:
            from:
              uri: kamelet:source
              steps:
                - to:
                    uri: kamelet:database-sink
                    parameters:
                      statement: sql/loud.sql
        """;
    running.save("kamelets/shout-action.kamelet.yaml", kamelet);
    running.save(
        "payments/audit.camel.yaml",
        AUDIT.replaceFirst(
            "(?s)- setBody.*",
            """
            - to:
                        uri: kamelet:shout-action
            """));
    running.save(
        "payments/sql/loud.sql",
        "create table if not exists shout (said text);\ninsert into shout (said) values ('loud');\n");
    running.save("payments/sql/louder.sql", "insert into shout (said) values ('louder');\n");
    assertThat(running.service.reload().problems()).isEmpty();
    String event = running.send("payment.success", id());
    await("done", () -> "done".equals(running.deliveries(event).get("audit-payment")));
    assertThat(running.database.query("select said from shout")).containsExactly("loud");

    running.save("kamelets/shout-action.kamelet.yaml", kamelet.replace("loud.sql", "louder.sql"));
    assertThat(running.service.reload().problems()).isEmpty();
    String next = running.send("payment.success", id());
    await("done", () -> "done".equals(running.deliveries(next).get("audit-payment")));
    assertThat(running.database.query("select said from shout")).contains("louder");

    running.save("kamelets/shout-action.kamelet.yaml", kamelet.replace("- to:", "- too:"));
    assertThat(running.service.reload().problems())
        .singleElement()
        .asString()
        .contains("shout-action.kamelet.yaml");
    String last = running.send("payment.success", id());
    await("done", () -> "done".equals(running.deliveries(last).get("audit-payment")));
  }

  @Test
  void a_statement_or_template_is_used_when_it_is_taken_over_and_only_if_it_can_be_read()
      throws Exception {
    String name = "payments/sql/record-payment.sql";
    String good = running.text(name);
    try {
      running.save(name, good.replace("  :currency::text,", "  'XXX',"));
      String before = id();
      running.send("payment.success", before);
      await("the payment of before", () -> currency(before).equals("NGN"));

      assertThat(running.service.reload().problems()).isEmpty();
      String after = id();
      running.send("payment.success", after);
      await("the payment of after", () -> currency(after).equals("XXX"));

      running.save(name, good.substring(0, good.indexOf("select\n  :entity") + 10));
      assertThat(running.service.reload().problems())
          .isNotEmpty()
          .allSatisfy(problem -> assertThat(problem.file().toString()).endsWith(name));
      running.save(name, "");
      assertThat(running.service.reload().problems()).isNotEmpty();
      String last = id();
      running.send("payment.success", last);
      await("the last payment", () -> currency(last).equals("XXX"));
    } finally {
      running.save(name, good);
    }
  }

  private static String currency(String transaction) {
    try {
      return String.join(
          "",
          running.database.query(
              "select currency from payment where transaction_id = '" + transaction + "'"));
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void a_new_table_is_made_before_the_route_that_needs_it() throws Exception {
    running.save(
        "payments/sql/schema/V900__audit.sql", "create table audit (transaction_id text);\n");
    running.save(
        "payments/sql/audit.sql", "insert into audit values (:event.data.transaction_id::text);\n");
    running.save(
        "payments/audit.camel.yaml",
        AUDIT.replaceFirst(
            "(?s)- setBody.*",
            """
            - to:
                          uri: kamelet:database-sink
                          parameters:
                            statement: sql/audit.sql
            """));
    assertThat(running.service.reload().problems()).isEmpty();
    String id = id();
    String event = running.send("payment.success", id);
    await("done", () -> "done".equals(running.deliveries(event).get("audit-payment")));
    assertThat(running.database.query("select transaction_id from audit")).containsExactly(id);
  }
}

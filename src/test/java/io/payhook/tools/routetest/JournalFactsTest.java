package io.payhook.tools.routetest;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.settings.Settings;
import io.payhook.settings.Settings.Assignment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("service")
class JournalFactsTest {
  @TempDir Path folder;

  private static Settings settings(Map<String, String> over) {
    List<Assignment> assignments = new ArrayList<>();
    over.forEach((key, value) -> assignments.add(new Assignment(key, value, "the test")));
    return Settings.load(
        new Settings.Arguments(Path.of("application.properties"), null, null, assignments),
        Map.of());
  }

  private Path file(String yaml) throws IOException {
    return Files.writeString(folder.resolve("tests.yaml"), yaml);
  }

  private List<String> problems(String yaml) throws IOException {
    List<String> problems = new ArrayList<>();
    Path file = file(yaml);
    List<RouteTest> unused = TestFile.read(file, Path.of("tests.yaml"), problems);
    return problems;
  }

  @Test
  void facts_are_those_of_what_the_last_request_brought() throws Exception {
    file(
        """
        tests:
          - name: a payment and its refund
            steps:
              - send: payment.success
                endpoint: payments
                with: {data.transaction_id: T-1, data.amount: 5000.5}
                facts: {type: payment.success, entity: T-1, amount: 5000.50, currency: NGN, origin: webhook}
              - send: payment.success
                endpoint: payments
                with: {data.transaction_id: T-1, data.amount: 5000.5}
                answer: duplicate
                facts: []
              - send: payment.failed
                endpoint: payments
                with: {data.transaction_id: T-2}
                without: data.amount
              - facts:
                  - {type: payment.failed, amount: null}
          - name: what is not so is told
            send: payment.success
            endpoint: payments
            with: {data.transaction_id: T-3, data.amount: 7}
            facts: {amount: 700, occurredAt: null, currency: NGN}
        """);
    Report report =
        RouteTests.in(folder).run(JournalFactsTest::settings, Path.of("target/route-tests"), 1);

    assertThat(report.failed())
        .singleElement()
        .asString()
        .startsWith("what is not so is told")
        .contains("facts (line 23)", "amount 700, occurredAt null, currency NGN")
        .containsPattern("\\| type payment.success, key [^,]*T-3, entity T-3, amount 7.00,");
  }

  @Test
  void a_fact_that_can_not_be_is_a_problem_with_its_place() throws Exception {
    assertThat(
            problems(
                """
                tests:
                  - name: a
                    send: payment.success
                    facts:
                      - {amuont: 1, amount: lots, currency: naira}
                      - {occurredAt: yesterday, origin: webhok, entity: null}
                """))
        .containsExactly(
            "tests.yaml:5:10: there is no 'amuont' here; did you mean 'amount'?; there are: type, key, entity, amount, currency, occurredAt, origin",
            "tests.yaml:5:29: 'lots' is no amount; 5000.00 would be one, in major units; null is unknown",
            "tests.yaml:5:45: 'naira' is no currency; NGN would be one; null is unknown",
            "tests.yaml:6:22: 'yesterday' is no time; 2026-11-23T10:15:30Z would be one; null is unknown",
            "tests.yaml:6:41: 'webhok' is no origin; did you mean 'webhook'?; there are: webhook, reconciled, own");
  }

  @Test
  void facts_stand_beside_a_request_and_other_checks_in_a_step_of_their_own() throws Exception {
    assertThat(
            problems(
                """
                tests:
                  - name: a
                    steps:
                      - {send: payment.success, facts: {currency: NGN}}
                      - {facts: {currency: NGN}, emails: []}
                      - {send: payment.success, facts: {currency: NGN}, emails: []}
                """))
        .containsExactly("tests.yaml:6:9: does more than one thing; write a step for each");
  }
}

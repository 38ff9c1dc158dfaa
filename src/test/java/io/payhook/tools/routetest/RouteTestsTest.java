package io.payhook.tools.routetest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.routes.RouteFileException;
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
final class RouteTestsTest {
  private static final Path DATA = Path.of("target/route-tests");

  @TempDir Path folder;

  private static Settings settings(Map<String, String> over) {
    List<Assignment> assignments = new ArrayList<>();
    over.forEach((key, value) -> assignments.add(new Assignment(key, value, "the test")));
    return Settings.load(
        new Settings.Arguments(Path.of("application.properties"), null, null, assignments),
        Map.of());
  }

  private RouteTests tests(String yaml) throws IOException, RouteFileException {
    Files.writeString(folder.resolve("tests.yaml"), yaml);
    return RouteTests.in(folder);
  }

  @Test
  void the_bundled_integration_passes_its_tests() throws Exception {
    RouteTests tests = RouteTests.in(Path.of("routes"));
    assertThat(tests.size()).isGreaterThanOrEqualTo(30);
    Report report = tests.run(RouteTestsTest::settings, DATA, 3);
    assertThat(report.failed()).isEmpty();
    assertThat(report.names()).hasSize(tests.size());
  }

  @Test
  void what_is_not_as_a_test_says_is_told_side_by_side_and_in_junit_xml() throws Exception {
    RouteTests tests =
        RouteTests.in(
            Files.createDirectories(
                Files.writeString(
                        folder.resolve("tests.yaml"),
                        """
                            tests:
                              - name: a payment costs more than it does
                                send: payment.success
                                endpoint: payments
                                rows:
                                  - query: select status, amount from payment
                                    are: [{status: success, amount: 6000}]
                                deliveries:
                                  receipt-email: {state: done, attempts: 7}
                              - name: nothing fails where it should
                                endpoint: payments
                                fails:
                                  - at: send-receit
                                send: payment.success
                            """)
                    .getParent()));
    Report report = tests.run(RouteTestsTest::settings, DATA, 2);
    assertThat(report.passed()).isFalse();
    assertThat(report.failed().get(0))
        .contains("line 6: select status, amount from payment")
        .containsPattern("expected +\\| actual")
        .containsPattern("status=success amount=6000 +\\| status=success amount=5000.00")
        .containsPattern(
            "receipt-email: done after 7 attempts *\\| crm-contact: done after 1 attempts");
    assertThat(report.failed().get(1)).contains("did you mean 'send-receipt'?");

    Path xml = folder.resolve("out/junit.xml");
    report.junit(xml);
    assertThat(xml)
        .content()
        .contains(
            "tests=\"2\" failures=\"2\"", "<testcase classname=", "status=success amount=6000");
  }

  @Test
  void a_name_that_means_nothing_is_a_problem_with_its_place_and_the_name_that_was_meant() {
    assertThatThrownBy(
            () ->
                tests(
                    """
                    tests:
                      - name: a
                        sned: payment.success
                      - name: a
                        send: payment.success
                        signature: worse
                        rows:
                          - query: select 1
                        deliveries:
                          x: dine
                    """))
        .isInstanceOfSatisfying(
            RouteFileException.class,
            e ->
                assertThat(e.problems())
                    .anySatisfy(
                        problem ->
                            assertThat(problem)
                                .contains(
                                    "tests.yaml:3:5: there is no 'sned' here; did you mean 'send'?"))
                    .anySatisfy(problem -> assertThat(problem).contains(":2:5: does nothing"))
                    .anySatisfy(problem -> assertThat(problem).contains(":4:11: a test in line 2"))
                    .anySatisfy(
                        problem -> assertThat(problem).contains(":6:16: 'worse' is no signature"))
                    .anySatisfy(
                        problem -> assertThat(problem).contains(":8:9: needs either 'are:'"))
                    .anySatisfy(
                        problem ->
                            assertThat(problem)
                                .contains(
                                    ":10:10: 'dine' is no state of a delivery; did you mean 'done'?"))
                    .hasSize(6));
  }

  @Test
  void a_file_that_is_no_yaml_is_named_with_line_and_column() {
    assertThatThrownBy(() -> tests("tests:\n  - name: [a\n"))
        .isInstanceOf(RouteFileException.class)
        .hasMessageContaining("tests.yaml:3:1: not YAML");
  }

  @Test
  void what_far_ends_do_is_read_strictly() {
    assertThatThrownBy(
            () ->
                tests(
                    """
                    tests:
                      - name: a
                        send: payment.success
                        fails:
                          - {at: confirm, with: failed}
                          - {at: confirm, with: {statos: failed}}
                          - {at: confirm, with: {amount: much}}
                          - {at: crm, with: {status: failed}}
                          - {at: smtp, with: 200}
                          - {at: put-contact, with: broken}
                        stubs:
                          - {answer: 200}
                          - {at: x, answer: {json: {}, body: text}}
                          - {at: x, answer: discrad}
                          - {at: x, answer: {status: 2000}}
                    """))
        .isInstanceOfSatisfying(
            RouteFileException.class,
            e ->
                assertThat(e.problems())
                    .extracting(problem -> problem.replaceFirst("^.*tests.yaml:", ""))
                    .containsExactly(
                        "5:29: 'failed' is no HTTP status; 503 would be one, and {status: failed} has the provider say another status",
                        "6:30: there is no 'statos' here; did you mean 'status'?; there are: status, amount, currency, reference",
                        "7:38: should be an amount in major units, such as 50 or 49.99",
                        "8:25: only 'at: confirm' says something else than the event; a status such as 503 would be right",
                        "9:26: '200' is no failure of a mail server; 451 or 550 would be one",
                        "10:33: 'broken' is neither an HTTP status nor an SQLSTATE; 503 or 08006 would be",
                        "12:9: says not for whom; 'at:' with a step's id or an address such as 'kafka:*', or 'host:', 'path:', 'url:' and 'method:' of a call",
                        "13:25: has more than one of body, json and rows; keep one",
                        "14:25: 'discrad' is no answer, nor a status such as 404, nor 'json:' and the like; did you mean 'discard'?; there are: discard",
                        "15:34: '2000' is no HTTP status; 404 would be one"));
  }

  @Test
  void a_query_that_yaml_cuts_short_is_shown_as_far_as_it_came() throws Exception {
    RouteTests tests =
        tests(
            """
            tests:
              - name: a
                endpoint: payments
                send: payment.success
                rows:
                  - query: select 1 where 'a #1' = 'a'
                    count: 1
            """);
    assertThat(tests.run(RouteTestsTest::settings, DATA, 1).failed())
        .singleElement()
        .asString()
        .contains(
            "line 6: the query fails: ", "  select 1 where 'a", "begins a comment, so the query");
  }
}

package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.DatabaseCable;
import io.payhook.testing.Eventually;
import io.payhook.testing.HttpStub;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What happens around an accepted event when something goes away: the process, the CRM, the
 * database, the port.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class OutagesIT {
  private static final Path ROUTES = Path.of("routes").toAbsolutePath();
  private static final Pattern PORT = Pattern.compile("(.*//[^:/]+:)(\\d+)(/.*)");

  @TempDir Path data;

  private static String payment() {
    return """
        {"event": "payment.success", "data": {"transaction_id": "T-%s", "amount": 100, "currency": "NGN", "status": "success", \
        "customer": {"email": "ada@example.com", "name": "Ada"}}}"""
        .formatted(UUID.randomUUID());
  }

  @Test
  void an_accepted_event_survives_kill_9_and_its_effects_happen_after_the_restart()
      throws Exception {
    try (HttpStub crm = new HttpStub()) {
      crm.status = 503;
      Map<String, String> settings =
          Map.of(
              "payhook.crm.url",
              crm.url(),
              "payhook.delivery.lease",
              "2s",
              "payhook.delivery.backoff",
              "200ms");
      LaunchedService service = LaunchedService.start(data, ROUTES, settings);
      HttpResponse<String> answer = service.post(payment());
      assertThat(answer.body()).contains("accepted");
      Eventually.holds(() -> assertThat(crm.calls).isNotEmpty());
      service.kill();

      crm.status = 200;
      crm.calls.clear();
      try (LaunchedService again = LaunchedService.start(data, ROUTES, settings)) {
        Eventually.holds(
            () ->
                assertThat(again.query("select route || ' ' || state from payhook.delivery"))
                    .hasSize(3)
                    .allMatch(line -> line.endsWith(" done")));
        assertThat(crm.calls).hasSize(1);
        assertThat(again.query("select status from payment")).containsExactly("success");
        assertThat(again.stop()).isZero();
      }
    }
  }

  @Test
  void while_the_database_is_away_the_answer_is_503_and_afterwards_all_goes_on() throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      Matcher url = PORT.matcher(database.url());
      assertThat(url.matches()).isTrue();
      try (DatabaseCable cable = new DatabaseCable(Integer.parseInt(url.group(2)))) {
        try (LaunchedService service =
            LaunchedService.start(
                data,
                ROUTES,
                Map.of("payhook.database.url", url.group(1) + cable.port() + url.group(3)))) {
          assertThat(service.post(payment()).statusCode()).isEqualTo(200);
          cable.cut();

          String body = payment();
          long start = System.nanoTime();
          HttpResponse<String> refused = service.post(body);
          Duration took = Duration.ofNanos(System.nanoTime() - start);
          assertThat(refused.statusCode()).isEqualTo(503);
          assertThat(refused.headers().firstValue("Retry-After")).isPresent();
          assertThat(took).isLessThan(Duration.ofSeconds(10));
          Eventually.holds(
              () ->
                  assertThat(service.management("/observe/health/ready").statusCode())
                      .isEqualTo(503));

          cable.mend();
          Eventually.holds(() -> assertThat(service.post(body).statusCode()).isEqualTo(200));
          Eventually.holds(
              () ->
                  assertThat(
                          LaunchedService.query(
                              database.url(),
                              "select state from payhook.delivery where state <> 'done'"))
                      .isEmpty());
          assertThat(LaunchedService.query(database.url(), "select status from payment"))
              .hasSize(2);
          assertThat(service.management("/observe/health/ready").statusCode()).isEqualTo(200);
        }
      }
    }
  }

  @Test
  void a_port_in_use_and_a_broken_setting_end_the_start_with_one_line_that_says_what_to_do()
      throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        TestDatabase database = TestDatabase.create()) {
      String port = String.valueOf(taken.getLocalPort());
      refused(
          Map.of("payhook.database.url", database.url(), "camel.server.port", port),
          port,
          "camel.server.port");
      refused(
          Map.of("payhook.database.url", database.url(), "camel.management.port", port),
          port,
          "camel.management.port");
      refused(
          Map.of("payhook.intake.max-bdy", "1MB"),
          "payhook.intake.max-bdy",
          "did you mean 'payhook.intake.max-body'");
    }
  }

  private void refused(Map<String, String> settings, String... says)
      throws IOException, InterruptedException {
    LaunchedService service = LaunchedService.launch(data, ROUTES, settings);
    assertThat(service.exitCode()).isNotZero();
    List<String> told =
        service.log().stream().filter(line -> line.startsWith("payhook: ")).toList();
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).contains(says);
  }
}

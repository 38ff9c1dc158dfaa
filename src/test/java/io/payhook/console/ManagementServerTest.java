package io.payhook.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManagementServerTest {
  private static final String TOKEN = "correct-horse";

  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final AtomicReference<Health.Reading> database =
      new AtomicReference<>(Health.Reading.up("commits"));
  private final Health health = new Health().check("database", database::get);
  private ManagementServer server;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    start(new ManagementOptions("127.0.0.1", 0, null));
    health.running();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void start(ManagementOptions options) throws Exception {
    if (server != null) {
      server.close();
    }
    server = new ManagementServer(options, health, meters);
    server.start();
    client = new Client(server.port());
  }

  @Test
  void a_running_service_whose_checks_are_up_is_ready() {
    Client.Answer answer = client.get("/observe/health/ready");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("status").asText()).isEqualTo("UP");
    assertThat(answer.json().at("/checks/1/name").asText()).isEqualTo("database");
    assertThat(answer.json().at("/checks/1/detail").asText()).isEqualTo("commits");
  }

  @Test
  void a_check_that_is_down_makes_it_unready_but_not_dead() {
    database.set(Health.Reading.down("does not commit"));

    assertThat(client.get("/observe/health/ready").status()).isEqualTo(503);
    assertThat(client.get("/observe/health").json().get("status").asText()).isEqualTo("DOWN");
    assertThat(client.get("/observe/health/live").status()).isEqualTo(200);
  }

  @Test
  void a_warning_is_told_and_changes_nothing() {
    health.check("routes", () -> Health.Reading.warn("crm.camel.yaml is broken"));

    Client.Answer answer = client.get("/observe/health/ready");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("status").asText()).isEqualTo("WARN");
  }

  @Test
  void a_check_that_throws_is_down() {
    health.check(
        "listener",
        () -> {
          throw new IllegalStateException("no listener");
        });

    Client.Answer answer = client.get("/observe/health");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body()).contains("no listener");
  }

  @Test
  void a_draining_service_is_not_ready() {
    health.draining();

    assertThat(client.get("/observe/health/ready").status()).isEqualTo(503);
    assertThat(client.get("/observe/health/live").status()).isEqualTo(200);
  }

  @Test
  void a_starting_service_is_not_ready() throws Exception {
    try (ManagementServer starting =
        new ManagementServer(new ManagementOptions("127.0.0.1", 0, null), new Health(), meters)) {
      starting.start();

      assertThat(new Client(starting.port()).get("/observe/health/ready").status()).isEqualTo(503);
    }
  }

  @Test
  void metrics_are_prometheus_text_and_refreshed_before_each_read() {
    server.beforeScrape(() -> meters.counter("payhook.scrapes").increment());

    client.get("/observe/metrics");
    Client.Answer answer = client.get("/observe/metrics");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.response().headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
    assertThat(answer.body()).contains("payhook_scrapes_total 2.0");
  }

  @Test
  void liveness_is_answered_while_every_worker_is_busy() {
    CountDownLatch busy = new CountDownLatch(1);
    try {
      for (int i = 0; i < 20; i++) {
        server
            .vertx()
            .executeBlocking(
                () -> {
                  busy.await();
                  return null;
                },
                false);
      }

      assertThat(client.get("/observe/health/live").status()).isEqualTo(200);
    } finally {
      busy.countDown();
    }
  }

  @Test
  void the_page_says_what_this_is_and_allows_no_script() {
    Client.Answer answer = client.get("/");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body())
        .contains("observe/health", "observe/metrics", "api/v1/openapi.yaml")
        .doesNotContain("<script");
    assertThat(answer.response().headers().firstValue("Content-Security-Policy").orElseThrow())
        .startsWith("default-src 'none'");
  }

  @Test
  void what_is_not_there_is_said_in_json() {
    Client.Answer answer = client.get("/api/v2/events");

    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.json().get("error").asText()).isEqualTo("not-found");
    assertThat(client.get("/api/v1/nothing").status()).isEqualTo(404);
    assertThat(client.post("/observe/health", "{}").json().get("error").asText())
        .isEqualTo("wrong-method");
  }

  @Test
  void a_port_in_use_is_one_line_that_says_what_to_do() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ManagementServer second =
            new ManagementServer(
                new ManagementOptions("127.0.0.1", other.getLocalPort(), null), health, meters)) {
      assertThatThrownBy(second::start)
          .isInstanceOf(ManagementException.class)
          .hasMessageContaining("127.0.0.1:" + other.getLocalPort() + " is in use")
          .hasMessageContaining("camel.management.port")
          .message()
          .doesNotContain("\n");
    }
  }

  @Test
  void the_network_gets_nothing_without_a_token_configured() {
    assertThatThrownBy(
            () -> new ManagementServer(new ManagementOptions("0.0.0.0", 0, " "), health, meters))
        .isInstanceOf(ManagementException.class)
        .hasMessageContaining("payhook.management.token");
  }

  @Test
  void a_request_without_the_token_learns_one_word_and_only_from_the_probes() throws Exception {
    start(new ManagementOptions("127.0.0.1", 0, TOKEN));

    Client.Answer ready = client.get("/observe/health/ready");
    assertThat(ready.status()).isEqualTo(200);
    assertThat(ready.body()).isEqualTo("{\"status\":\"UP\"}");
    for (String path : new String[] {"/", "/observe/health", "/observe/metrics", "/nowhere"}) {
      assertThat(client.get(path).status()).as(path).isEqualTo(401);
      assertThat(client.get(path, "Authorization", "Bearer wrong").status()).isEqualTo(401);
      assertThat(client.get(path, "Authorization", "Bearer " + TOKEN).status()).isNotEqualTo(401);
    }
  }

  @Test
  void a_token_is_not_avoided_by_a_crooked_path() throws Exception {
    start(new ManagementOptions("127.0.0.1", 0, TOKEN));

    for (String path :
        new String[] {
          "/observe/health/ready/../../metrics",
          "/observe/health/ready/%2e%2e/%2e%2e/metrics",
          "//observe/metrics",
          "/observe/health/live/x"
        }) {
      assertThat(rawStatus(path, "Host: localhost")).as(path).isIn(401, 404);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "evil.example:8081", "127.0.0.1.evil.example", ""})
  void a_name_that_only_resolves_to_this_machine_is_refused(String host) throws Exception {
    assertThat(rawStatus("/observe/health", "Host: " + host)).isIn(400, 421);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8081"})
  void this_machine_is_served_under_its_own_names(String host) throws Exception {
    assertThat(rawStatus("/observe/health/live", "Host: " + host)).isEqualTo(200);
  }

  @Test
  void a_page_of_another_origin_is_refused_and_one_of_ours_is_not() {
    String own = "http://127.0.0.1:" + server.port();

    assertThat(client.get("/observe/health", "Origin", "https://evil.example").status())
        .isEqualTo(403);
    assertThat(client.get("/observe/health", "Origin", "null").status()).isEqualTo(403);
    assertThat(client.get("/observe/health", "Sec-Fetch-Site", "cross-site").status())
        .isEqualTo(403);
    assertThat(client.get("/observe/health", "Origin", own).status()).isEqualTo(200);
    assertThat(client.get("/observe/health").response().headers().map())
        .doesNotContainKey("access-control-allow-origin");
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "application/jsonx"})
  void what_a_form_can_send_is_refused(String type) {
    AtomicBoolean reached = new AtomicBoolean();
    server
        .router()
        .post("/thing")
        .handler(
            context -> {
              reached.set(true);
              context.end();
            });

    Client.Answer answer =
        client.send(
            client
                .request("/thing")
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString("{}")));

    assertThat(answer.status()).isEqualTo(415);
    assertThat(reached).isFalse();
  }

  private int rawStatus(String target, String header) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket
          .getOutputStream()
          .write(
              ("GET " + target + " HTTP/1.1\r\n" + header + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8));
      String line =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
              .readLine();
      return Integer.parseInt(line.substring(9, 12));
    }
  }
}

package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a service comes and goes for those who send to it. */
@Tag("service")
class DrainTest {
  @TempDir Path folder;

  @Test
  void a_stop_is_told_first_and_takes_webhooks_meanwhile() throws Exception {
    RunningService running = RunningService.start(folder, Map.of("payhook.shutdown.delay", "5s"));
    String before = running.send("payment.success", "before-1");
    // On a thread of its own: the common pool may have just one, which the client needs as well.
    CompletableFuture<Void> stop =
        CompletableFuture.runAsync(running.service::close, task -> new Thread(task).start());
    RunningService.await("is not ready", () -> !running.service.listens());
    String while_ = running.send("payment.success", "while-1");
    assertThat(while_).matches("[0-9a-f-]{36}").isNotEqualTo(before);
    assertThat(
            running
                .post("payments", "payment.success", "{}")
                .join()
                .headers()
                .firstValue("Connection"))
        .hasValue("close");
    stop.join();
    assertThat(
            running.database.query(
                "select count(*) from payhook.event where id::text in ('"
                    + before
                    + "','"
                    + while_
                    + "')"))
        .containsExactly("2");
    assertThatThrownBy(() -> running.send("payment.success", "after-1"))
        .hasCauseInstanceOf(ConnectException.class);
    running.database.close();
  }

  @Test
  void production_waits_some_seconds_unless_it_is_told_otherwise() {
    Map<String, String> production = new LinkedHashMap<>();
    production.put("payhook.profile", "prod");
    production.put("payhook.mail.host", "mail.example.com");
    production.put("payhook.crm.url", "https://crm.example.com");
    assertThat(Settings.of(production).shutdownDelay()).isEqualTo(Duration.ofSeconds(5));
    production.put("payhook.shutdown.delay", "0s");
    assertThat(Settings.of(production).shutdownDelay()).isZero();
    assertThat(Settings.of(Map.of()).shutdownDelay()).isZero();
  }

  @Test
  void bounds_that_do_not_fit_the_heap_refuse_the_start() throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      Service service =
          new Service(
                  Settings.of(
                      Map.of(
                          "payhook.data",
                          folder.resolve("data").toString(),
                          "payhook.database.url",
                          database.url(),
                          "payhook.intake.max-body",
                          "1GB",
                          "camel.server.port",
                          "0")),
                  Clock.systemUTC())
              .checkedBy(Check::forService);
      assertThatThrownBy(service::open)
          .isInstanceOf(StartException.class)
          .hasMessageContaining("payhook.intake.max-body (1024 MB)")
          .hasMessageContaining("do not fit a heap of");
    }
  }

  @Test
  void production_knows_its_own_address_where_a_platform_signs_it() throws Exception {
    Path routes = folder.resolve("own");
    RunningService.copy(Path.of("routes"), routes);
    java.nio.file.Files.createDirectories(routes.resolve("square"));
    java.nio.file.Files.writeString(
        routes.resolve("square/square.camel.yaml"),
        """
        - beans:
            - name: square
              type: io.payhook.Endpoint
              properties:
                provider: square
                secrets: a-secret-of-square-1
        """);
    try (TestDatabase database = TestDatabase.create()) {
      Map<String, String> production = new LinkedHashMap<>();
      production.put("payhook.profile", "prod");
      production.put("payhook.shutdown.delay", "0s");
      production.put("payhook.data", folder.resolve("data").toString());
      production.put("payhook.routes", routes.toString());
      production.put("payhook.database.url", database.url());
      production.put("payhook.mail.host", "mail.example.com");
      production.put("payhook.crm.url", "https://crm.example.com");
      production.put("payments.finance.email", "finance@example.com");
      production.put("camel.server.port", "0");
      production.put("camel.server.host", "127.0.0.1");
      java.nio.file.Files.writeString(
          routes.resolve("payments/payments.camel.yaml"),
          java.nio.file.Files.readString(routes.resolve("payments/payments.camel.yaml"))
              .replace("\"{{env:PAYMENTS_WEBHOOK_SECRET}}\"", "a-secret-of-payments"));
      assertThatThrownBy(
              () ->
                  new Service(Settings.of(production), Clock.systemUTC())
                      .checkedBy(Check::forService)
                      .open())
          .isInstanceOf(StartException.class)
          .hasMessageContaining("payhook.public-url is empty")
          .hasMessageContaining("endpoint 'square'");
      production.put("payhook.public-url", "https://hooks.example.com");
      Service service =
          new Service(Settings.of(production), Clock.systemUTC()).checkedBy(Check::forService);
      service.open();
      service.close();
    }
  }
}

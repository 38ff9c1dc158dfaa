package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.payhook.testing.Eventually;
import io.payhook.testing.HttpStub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled integration, where each payment has to be confirmed by the platform's own API. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ConfirmIT {
  private static final Path ROUTES = Path.of("routes").toAbsolutePath();
  private static final String[] EFFECTS = {
    "confirm-payments done", "crm-contact done", "receipt-email done", "record-payment done"
  };

  @TempDir static Path folder;
  private static Api api;
  private static HttpStub crm;
  private static LaunchedService service;

  /** The platform's API on loopback. */
  private static final class Api implements AutoCloseable {
    final List<String> questions = new CopyOnWriteArrayList<>();
    volatile String amount = "1500050";
    volatile CountDownLatch mayAnswer = new CountDownLatch(0);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    Api(int port) throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
      server.setExecutor(threads);
      server.createContext("/", this::answer);
      server.start();
    }

    private void answer(HttpExchange http) throws IOException {
      String asked = new String(http.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      questions.add(http.getRequestHeaders().getFirst("Authorization") + " " + asked);
      try {
        if (!mayAnswer.await(20, TimeUnit.SECONDS)) {
          throw new IOException("nobody let it answer");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      String transaction = asked.replaceFirst(".*:\"([^\"]*)\".*", "$1");
      byte[] bytes =
          """
          {"responseCode": "00", "data": {"transactionId": "%s", "amount": "%s", "currency": "NGN", "status": "Successful"}}"""
              .formatted(transaction, amount)
              .getBytes(StandardCharsets.UTF_8);
      http.sendResponseHeaders(200, bytes.length);
      http.getResponseBody().write(bytes);
      http.close();
    }

    int port() {
      return server.getAddress().getPort();
    }

    @Override
    public void close() {
      server.stop(0);
      threads.shutdownNow();
    }
  }

  @BeforeAll
  static void start() throws Exception {
    api = new Api(0);
    crm = new HttpStub();
    Path routes = folder.resolve("routes");
    copy(ROUTES, routes);
    Files.writeString(
        routes.resolve("payments/payments.camel.yaml"),
        """
        - beans:
            - name: payments
              type: io.payhook.Endpoint
              properties:
                provider: echezona
                secrets: "{{env:PAYMENTS_WEBHOOK_SECRET}}"
                confirm.url: http://127.0.0.1:%d/api/Payments/VerifyPayment
                confirm.secret: "{{env:PAYMENTS_API_KEY:sk_test_key}}"
        """
            .formatted(api.port()));
    service =
        LaunchedService.start(
            folder.resolve("data"),
            routes,
            Map.of("payhook.crm.url", crm.url(), "payhook.delivery.backoff", "200ms"));
  }

  @AfterAll
  static void stop() {
    if (service != null) {
      service.close();
    }
    crm.close();
    api.close();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }

  private record Payment(String transaction, String email, String event) {}

  /** A payment that the endpoint has taken. */
  private static Payment accepted() throws Exception {
    String transaction = "T-" + UUID.randomUUID();
    String email = transaction.toLowerCase(Locale.ROOT) + "@example.com";
    HttpResponse<String> answer =
        service.post(
            """
            {"event": "payment.success", "data": {"transaction_id": "%s", "amount": 1500050, "currency": "NGN", "status": "success", \
            "customer": {"email": "%s", "name": "Ada Obi"}}}"""
                .formatted(transaction, email));
    assertThat(answer.statusCode()).describedAs(answer.body()).isEqualTo(200);
    return new Payment(
        transaction, email, answer.body().replaceFirst(".*\"id\":\"([^\"]+)\".*", "$1"));
  }

  private static void settled(Payment payment, String state, String... deliveries)
      throws Exception {
    Eventually.holds(
        () -> {
          assertThat(deliveries(payment)).containsExactly(deliveries);
          assertThat(state(payment)).containsExactly(state);
        });
  }

  private static List<String> state(Payment payment) throws Exception {
    return service.query("select state from payhook.event where id = '" + payment.event() + "'");
  }

  private static List<String> deliveries(Payment payment) throws Exception {
    return service.query(
        "select route || ' ' || state from payhook.delivery where event_id = '"
            + payment.event()
            + "' order by 1");
  }

  private static List<String> effects(Payment payment) throws Exception {
    List<String> effects =
        new CopyOnWriteArrayList<>(
            service.query(
                "select 'payment ' || status from payment where transaction_id = '"
                    + payment.transaction()
                    + "'"));
    crm.calls.stream()
        .filter(call -> call.uri().contains(payment.transaction().toLowerCase(Locale.ROOT)))
        .forEach(call -> effects.add("crm " + call.method()));
    Path mails = folder.resolve("data/mail");
    if (Files.exists(mails)) {
      try (Stream<Path> all = Files.list(mails)) {
        for (Path mail : all.filter(file -> file.toString().endsWith(".eml")).toList()) {
          if (Files.readString(mail).contains("To: " + payment.email())) {
            effects.add("mail");
          }
        }
      }
    }
    return effects;
  }

  @Test
  void an_event_has_no_effect_before_the_provider_confirmed_it_and_all_afterwards()
      throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    api.mayAnswer = answer;
    Payment payment = accepted();
    Eventually.holds(
        () ->
            assertThat(api.questions)
                .contains(
                    "Bearer sk_test_key {\"transactionId\":\"" + payment.transaction() + "\"}"));

    assertThat(state(payment)).containsExactly("unconfirmed");
    assertThat(deliveries(payment)).containsExactly("confirm-payments running");
    assertThat(effects(payment)).isEmpty();

    answer.countDown();
    settled(payment, "accepted", EFFECTS);
    assertThat(effects(payment)).containsExactlyInAnyOrder("payment success", "crm PUT", "mail");
  }

  @Test
  void an_event_that_the_provider_contradicts_is_a_conflict_and_has_no_effect() throws Exception {
    api.amount = "150";
    try {
      Payment payment = accepted();
      settled(payment, "conflict", "confirm-payments skipped");

      assertThat(effects(payment)).isEmpty();
      assertThat(service.management("/api/v1/events?state=conflict").body())
          .contains(payment.event());
      assertThat(service.management("/observe/metrics").body())
          .contains("payhook_confirmations_total{endpoint=\"payments\",outcome=\"conflict\"} 1.0");
      assertThat(service.log())
          .anyMatch(
              line ->
                  line.contains("CONFLICT: event " + payment.event())
                      && line.contains("the provider says amount 150.00"));
    } finally {
      api.amount = "1500050";
    }
  }

  @Test
  void while_the_provider_is_down_it_is_asked_again_and_again() throws Exception {
    int port = api.port();
    api.close();
    Payment payment = accepted();
    Eventually.holds(() -> assertThat(attempts(payment, "failed")).hasSizeGreaterThan(1));
    assertThat(state(payment)).containsExactly("unconfirmed");
    assertThat(effects(payment)).isEmpty();

    api = new Api(port);
    settled(payment, "accepted", EFFECTS);
    assertThat(effects(payment)).containsExactlyInAnyOrder("payment success", "crm PUT", "mail");
    assertThat(attempts(payment, "done")).hasSize(1);
  }

  private static List<String> attempts(Payment payment, String outcome) throws Exception {
    return service.query(
        "select number from payhook.attempt where route = 'confirm-payments' and outcome = '"
            + outcome
            + "' and event_id = '"
            + payment.event()
            + "'");
  }
}

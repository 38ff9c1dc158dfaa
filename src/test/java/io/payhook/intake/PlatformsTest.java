package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.TestAuthority;
import io.payhook.signature.Verifier;
import io.payhook.signature.Verifiers;
import io.payhook.testing.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.TrustAnchor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What platforms ask of an endpoint beyond a 200, over real HTTP and the bundled intake route. */
@Tag("service")
class PlatformsTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T20:15:00Z"), ZoneOffset.UTC);
  private static final Secret SECRET = RunningIntake.SECRET;
  private static final String PUBLIC = "https://hooks.example.com/in";

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private RunningIntake intake;
  private TestDatabase database;
  private Endpoints endpoints;
  private int port;

  @BeforeEach
  void start() throws Exception {
    intake =
        new RunningIntake(
            "platforms",
            Limits.within(1L << 30, 100_000, 100, 0, 1_000, Duration.ofSeconds(10), 1_000),
            CLOCK,
            URI.create(PUBLIC + "/"));
    database = intake.database;
    endpoints = intake.endpoints;
    port = intake.port;
  }

  @AfterEach
  void stop() throws Exception {
    intake.close();
  }

  private Provider endpoint(String name, String preset, Map<String, String> settings) {
    return intake.endpoint(name, preset, settings);
  }

  private HttpResponse<String> call(String method, String target, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
            .timeout(Duration.ofSeconds(20))
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Posts a body that is signed as the platform signs, with the public URL where that counts. */
  private HttpResponse<String> signed(Provider provider, String name, String type, String body)
      throws Exception {
    String content =
        body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded";
    RawRequest request =
        new Signer(provider, SECRET, CLOCK)
            .sign(
                new RawRequest(
                    "POST",
                    PUBLIC + "/webhooks/" + name,
                    List.of(new RawRequest.Header("Content-Type", content)),
                    body.getBytes(StandardCharsets.UTF_8)),
                type);
    return send(name, request);
  }

  private HttpResponse<String> send(String name, RawRequest request) throws Exception {
    return call(
        "POST",
        "/webhooks/" + name,
        new String(request.body(), StandardCharsets.UTF_8),
        request.headers().stream()
            .flatMap(header -> java.util.stream.Stream.of(header.name(), header.value()))
            .toArray(String[]::new));
  }

  private List<String> events(String columns) throws Exception {
    return database.query("select concat_ws(' ', " + columns + ") from payhook.event order by key");
  }

  @Test
  void zooms_url_validation_is_answered() throws Exception {
    endpoint("zoom", "zoom", Map.of());
    HttpResponse<String> answer =
        call(
            "POST",
            "/webhooks/zoom",
            "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"abc-123\"}}",
            "Content-Type",
            "application/json");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(answer.body()).startsWith("{\"plainToken\":\"abc-123\",\"encryptedToken\":\"");
    assertThat(events("key")).isEmpty();
  }

  @Test
  void slacks_challenge_is_answered_when_it_is_signed() throws Exception {
    Provider slack = endpoint("slack", "slack", Map.of());
    String challenge = "{\"type\":\"url_verification\",\"challenge\":\"3eZbrw1aBm2rZgRNFdxV2595\"}";
    HttpResponse<String> answer = signed(slack, "slack", "url_verification", challenge);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("3eZbrw1aBm2rZgRNFdxV2595");
    assertThat(call("POST", "/webhooks/slack", challenge).statusCode()).isEqualTo(401);
    assertThat(events("key")).isEmpty();
  }

  @Test
  void braintrees_challenge_comes_by_get_and_is_all_that_may() throws Exception {
    endpoint("braintree", "braintree", Map.of());
    endpoint("stripe", "stripe", Map.of());
    HttpResponse<String> answer =
        call("GET", "/webhooks/braintree?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53", "");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).matches("public-key\\|[0-9a-f]{40}");
    assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");

    assertThat(call("GET", "/webhooks/braintree", "").statusCode()).isEqualTo(401);
    HttpResponse<String> deleted = call("DELETE", "/webhooks/braintree", "");
    assertThat(deleted.statusCode()).isEqualTo(405);
    assertThat(deleted.headers().firstValue("Allow")).hasValue("POST, GET");
    HttpResponse<String> elsewhere = call("GET", "/webhooks/stripe", "");
    assertThat(elsewhere.statusCode()).isEqualTo(405);
    assertThat(elsewhere.headers().firstValue("Allow")).hasValue("POST");
  }

  @Test
  void an_event_by_get_is_none() throws Exception {
    Provider provider =
        endpoint(
            "shop",
            "hmac-sha256-hex-body",
            Map.of("handshake.method", "GET", "handshake.when", "query:hello"));
    String body = "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\"}}";
    assertThat(signed(provider, "shop", "a", body).statusCode()).isEqualTo(200);
    String signature =
        new Signer(provider, SECRET, CLOCK)
            .sign(
                new RawRequest("POST", PUBLIC, List.of(), body.getBytes(StandardCharsets.UTF_8)),
                "a")
            .header("X-Signature");
    assertThat(call("GET", "/webhooks/shop", body, "X-Signature", signature).statusCode())
        .isEqualTo(405);
  }

  @Test
  void an_answer_of_the_platforms_own_is_given_for_new_and_known_events() throws Exception {
    Provider provider =
        endpoint(
            "shop",
            "hmac-sha256-hex-body",
            Map.of(
                "response.status",
                "202",
                "response.content-type",
                "text/plain",
                "response.body",
                "[accepted]"));
    for (int i = 0; i < 2; i++) {
      HttpResponse<String> answer =
          signed(provider, "shop", "a", "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\"}}");
      assertThat(answer.statusCode()).isEqualTo(202);
      assertThat(answer.body()).isEqualTo("[accepted]");
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/plain");
    }
    assertThat(events("key")).hasSize(1);
  }

  @Test
  void an_answer_without_content_has_none() throws Exception {
    Provider provider = endpoint("shop", "hmac-sha256-hex-body", Map.of("response.status", "204"));
    HttpResponse<String> answer =
        signed(provider, "shop", "a", "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\"}}");
    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
  }

  @Test
  void every_item_of_a_batch_is_an_event_and_a_repeat_finds_those_that_were_kept()
      throws Exception {
    Provider provider =
        endpoint(
            "batch",
            "hmac-sha256-hex-body",
            Map.of("event.items", "/items", "event.type", "/type", "event.key", "/id"));
    String first = "{\"items\":[{\"type\":\"a\",\"id\":\"1\"}, {\"id\":\"2\",\"type\":\"b\"}]}";
    assertThat(signed(provider, "batch", "a", first).body()).contains("\"accepted\"");
    assertThat(signed(provider, "batch", "a", first).body()).contains("\"duplicate\"");
    assertThat(
            signed(
                    provider,
                    "batch",
                    "a",
                    "{\"items\":[{\"type\":\"a\",\"id\":\"1\"},{\"type\":\"b\",\"id\":\"3\"}]}")
                .body())
        .contains("\"accepted\"");
    assertThat(signed(provider, "batch", "a", "{\"items\":[{\"type\":\"a\",\"id\":\"4\"}]}").body())
        .contains("\"accepted\"");
    assertThat(events("key, type, convert_from(body, 'UTF8')"))
        .containsExactly(
            "1 a {\"type\":\"a\",\"id\":\"1\"}",
            "2 b {\"id\":\"2\",\"type\":\"b\"}",
            "3 b {\"type\":\"b\",\"id\":\"3\"}",
            "4 a {\"type\":\"a\",\"id\":\"4\"}");
    assertThat(signed(provider, "batch", "a", "{\"items\":[{\"type\":\"a\"}]}").statusCode())
        .isEqualTo(400);
  }

  @Test
  void the_url_is_signed_as_the_platform_knows_it() throws Exception {
    Provider twilio = endpoint("twilio", "twilio", Map.of());
    HttpResponse<String> answer =
        signed(
            twilio,
            "twilio",
            "message.delivered",
            "MessageSid=SM1&MessageStatus=delivered&To=%2B1");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("<Response/>");
    assertThat(events("type, url")).containsExactly("message.delivered /webhooks/twilio");
  }

  @Test
  void paypal_is_asked_to_try_again_while_its_certificate_comes(@TempDir Path folder)
      throws Exception {
    String subject = "CN=messageverificationcerts.paypal.com";
    TestAuthority authority = new TestAuthority(folder);
    authority.key("paypal", subject);
    byte[] file = authority.chain("paypal", subject).getBytes(StandardCharsets.UTF_8);
    Deque<Runnable> background = new ArrayDeque<>();
    CertificateStore store =
        new CertificateStore(url -> file, of(authority.anchors()), CLOCK, background::add);
    Provider paypal =
        Providers.shipped().get("paypal").with(Map.of("params.webhook-id", "8PT597110X687430L"));
    endpoints.put(
        new ActiveEndpoint(
            "paypal",
            List.of(paypal),
            List.of(),
            new Verifiers(List.of(new Verifier(paypal, List.of(), CLOCK, store)))));
    String url = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42";
    RawRequest request =
        new Signer(paypal, authority.secret("paypal"), CLOCK)
            .sign(
                new RawRequest(
                    "POST",
                    PUBLIC + "/webhooks/paypal",
                    List.of(new RawRequest.Header("PAYPAL-CERT-URL", url)),
                    "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\",\"resource\":{\"id\":\"C1\"}}"
                        .getBytes(StandardCharsets.UTF_8)),
                "PAYMENT.CAPTURE.COMPLETED");

    HttpResponse<String> early = send("paypal", request);
    assertThat(early.statusCode()).isEqualTo(503);
    assertThat(early.headers().firstValue("Retry-After")).hasValue("5");
    assertThat(events("key")).isEmpty();
    assertThat(background).hasSize(1);
    background.remove().run();
    assertThat(send("paypal", request).statusCode()).isEqualTo(200);
    assertThat(events("key, substr(secret, 1, 12)")).containsExactly("WH-1 certificate-");
    assertThat(
            send("paypal", request.withHeader("PAYPAL-CERT-URL", "https://evil.com/a"))
                .statusCode())
        .isEqualTo(401);
    assertThat(background).isEmpty();
  }

  private static Supplier<Set<TrustAnchor>> of(Set<TrustAnchor> anchors) {
    return () -> anchors;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\\u0000\"}} ! 400",
        "{\"event\":\"a\\u0000\",\"data\":{\"transaction_id\":\"1\"}} ! 400",
        "{\"event\":\"LONG\",\"data\":{\"transaction_id\":\"1\"}} ! 400",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"LONG\"}} ! 200",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\",\"currency\":\"N\\u0000\"}} ! 200",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\",\"amount\":1e9999}} ! 400",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\",\"amount\":\"1e9999\"}} ! 200",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\",\"at\":\"+999999999-01-01T00:00:00Z\"}} ! 200",
        "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\",\"about\":\"x\\u0000\"}} ! 400",
      })
  void what_the_database_cant_hold_is_refused_or_left_out(String body, int status)
      throws Exception {
    Provider provider =
        endpoint(
            "shop",
            "hmac-sha256-hex-body",
            Map.of(
                "event.entity", "/data/about",
                "event.currency", "/data/currency",
                "event.amount", "/data/amount",
                "event.occurred-at", "/data/at"));
    assertThat(signed(provider, "shop", "a", body.replace("LONG", "x".repeat(3_000))).statusCode())
        .isEqualTo(status);
  }
}

package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What anybody may send, byte for byte: each is answered, and none keeps others from being served.
 */
@Tag("service")
class EdgeTest {
  private static final int MAX_BODY = 100_000;
  private static final int ROOM = 400_000;
  private static RunningIntake intake;
  private static int events;

  @BeforeAll
  static void start() throws Exception {
    intake =
        new RunningIntake(
            "edge",
            new Limits(MAX_BODY, 20, ROOM, 4_000_000, 40, Duration.ofMillis(1_500), 5),
            Clock.systemUTC(),
            null);
    intake.endpoint("shop", "hmac-sha256-hex-body", Map.of());
    intake.endpoint("open", "none", Map.of());
    intake.endpoint("zoom", "zoom", Map.of());
  }

  @AfterAll
  static void stop() throws Exception {
    intake.close();
  }

  private static String body() {
    return "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"edge-"
        + ++events
        + "\"}}";
  }

  static String signature(String body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(
          new SecretKeySpec(
              RunningIntake.SECRET.value().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String request(String line, String headers, String signed, String sent) {
    return line
        + "\r\nHost: localhost\r\nX-Signature: "
        + signature(signed)
        + "\r\n"
        + headers
        + "\r\n"
        + sent;
  }

  private static String post(String headers, String signed, String sent) {
    return request("POST /webhooks/shop HTTP/1.1", headers, signed, sent);
  }

  private static String valid() {
    String body = body();
    return post("Content-Length: " + body.length() + "\r\n", body, body);
  }

  private static String chunked(String body, String extension) {
    return Integer.toHexString(body.length()) + extension + "\r\n" + body + "\r\n0\r\n\r\n";
  }

  private static String status(String said) throws IOException {
    try (RawClient client = new RawClient(intake.port)) {
      return client.say(said).status();
    }
  }

  /** Named: how it is answered, and what is said. */
  static Stream<Arguments> requests() {
    String body = body();
    String length = "Content-Length: " + body.length() + "\r\n";
    String te = "Transfer-Encoding: chunked\r\n";
    List<Arguments> all = new ArrayList<>();
    all.add(Arguments.of("a valid one", "200", valid()));
    all.add(Arguments.of("chunked", "200", post(te, body, chunked(body, ""))));
    all.add(Arguments.of("chunked, extension", "200", post(te, body, chunked(body, ";a=b"))));
    all.add(Arguments.of("length and chunked", "400", post(length + te, body, chunked(body, ""))));
    for (String bad :
        List.of(
            "Transfer-Encoding: xchunked\r\n" + length,
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding: \u000bchunked\r\n",
            length + "Content-Length: 5\r\n",
            "Content-Length: +" + body.length() + "\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x10\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "X-A: a\0b\r\n" + length,
            "X-A: a\rb\r\n" + length)) {
      all.add(Arguments.of("head " + bad.strip(), "400", post(bad, body, chunked(body, ""))));
    }
    all.add(Arguments.of("bad chunk size", "400", post(te, body, "zz\r\n" + body)));
    all.add(Arguments.of("huge chunk", "400", post(te, body, "ffffffffffffffff\r\n" + body)));
    all.add(Arguments.of("negative chunk", "400", post(te, body, "-5\r\n" + body)));
    all.add(
        Arguments.of(
            "long chunk extension",
            "400",
            post(te, body, chunked(body, ";" + "a".repeat(20_000)))));
    all.add(Arguments.of("two hosts", "400", post("Host: evil\r\n" + length, body, body)));
    all.add(Arguments.of("no host", "400", valid().replace("Host: localhost\r\n", "")));
    all.add(
        Arguments.of(
            "no host, 1.0",
            "200",
            valid().replace("Host: localhost\r\n", "").replace("HTTP/1.1", "HTTP/1.0")));
    all.add(Arguments.of("Expect of its own", "417", post("Expect: 999\r\n" + length, body, body)));
    all.add(Arguments.of("Expect 200-ok", "417", post("Expect: 200-ok\r\n" + length, body, body)));
    all.add(
        Arguments.of(
            "Expect before too much",
            "413",
            post("Expect: 100-continue\r\nContent-Length: 5000000\r\n", body, "")));
    all.add(Arguments.of("too long", "413", post("Content-Length: 100001\r\n", body, "")));
    all.add(
        Arguments.of(
            "too much in chunks", "413", post(te, body, chunked("a".repeat(100_001), ""))));
    for (String method : List.of("TRACE", "PUT", "GET", "OPTIONS", "DELETE", "A".repeat(4_000))) {
      all.add(
          Arguments.of(
              method.substring(0, 3),
              "405",
              request(method + " /webhooks/shop HTTP/1.1", length, body, body)));
    }
    all.add(
        Arguments.of(
            "method override",
            "200",
            post("X-HTTP-Method-Override: DELETE\r\n" + length, body, body)));
    all.add(
        Arguments.of(
            "absolute form",
            "400",
            request("POST http://evil.example/webhooks/shop HTTP/1.1", length, body, body)));
    all.add(
        Arguments.of("CONNECT", "400", request("CONNECT evil.example:443 HTTP/1.1", "", "", "")));
    for (String path :
        List.of(
            "/webhooks/../webhooks/shop",
            "/webhooks/%2e%2e/webhooks/shop",
            "//webhooks/shop",
            "/webhooks//shop",
            "/webhooks/shop/",
            "/webhooks/shop;a=b",
            "/webhooks/shop%00",
            "/webhooks/shop%2f",
            "/webhooks/%73hop",
            "/WEBHOOKS/shop",
            "/webhooks/Shop",
            "/webhooks/*",
            "/webhooks/{endpoint}",
            "/",
            "/favicon.ico",
            "/observe/health")) {
      all.add(Arguments.of(path, "404", request("POST " + path + " HTTP/1.1", length, body, body)));
    }
    all.add(
        Arguments.of(
            "long URI",
            "414",
            request("POST /webhooks/shop?" + "q".repeat(5_000) + " HTTP/1.1", length, body, body)));
    all.add(
        Arguments.of(
            "long header",
            "431",
            post("X-A: " + "a".repeat(17_000) + "\r\n" + length, body, body)));
    all.add(
        Arguments.of(
            "signature in the query",
            "401",
            "POST /webhooks/shop?X-Signature="
                + signature(body)
                + " HTTP/1.1\r\nHost: l\r\n"
                + length
                + "\r\n"
                + body));
    all.add(
        Arguments.of(
            "signature in a trailer",
            "401",
            "POST /webhooks/shop HTTP/1.1\r\nHost: l\r\n"
                + te
                + "Trailer: X-Signature\r\n\r\n"
                + chunked(body, "").strip()
                + "\r\nX-Signature: "
                + signature(body)
                + "\r\n\r\n"));
    all.add(
        Arguments.of(
            "prior knowledge of HTTP/2",
            RawClient.CLOSED,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"));
    all.add(
        Arguments.of(
            "a version there is none of",
            "400",
            "POST /webhooks/shop HTTP/1.9\r\nHost: l\r\nContent-Length: 0\r\n\r\n"));
    all.add(
        Arguments.of(
            "a version in small letters",
            "401",
            "POST /webhooks/shop http/1.1\r\nHost: l\r\nContent-Length: 0\r\n\r\n"));
    all.add(
        Arguments.of(
            "upgrade to HTTP/2",
            "200",
            post(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
                    + length,
                body,
                body)));
    return all.stream();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("requests")
  void is_answered(String name, String status, String said) throws Exception {
    assertThat(status(said)).isEqualTo(status);
    assertThat(status(valid())).isEqualTo("200");
    await(() -> intake.meters.get("payhook.intake.in.flight").gauge().value() == 0);
    await(() -> held() == 0);
  }

  private static double held() {
    return intake.meters.get("payhook.intake.bytes.in.flight").gauge().value();
  }

  private static void await(BooleanSupplier so) {
    long end = System.nanoTime() + 10_000_000_000L;
    while (!so.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited 10 s").isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @Test
  void a_body_is_asked_for_only_when_it_is_wanted() throws Exception {
    String body = body();
    try (RawClient client = new RawClient(intake.port)) {
      client.say(
          post("Expect: 100-continue\r\nContent-Length: " + body.length() + "\r\n", body, ""));
      assertThat(client.status()).isEqualTo("100");
      assertThat(client.say(body).status()).isEqualTo("200");
    }
  }

  @Test
  void a_client_that_has_said_all_still_hears_the_answer() throws Exception {
    try (RawClient client = new RawClient(intake.port)) {
      client.say(valid()).endInput();
      assertThat(client.status()).isEqualTo("200");
      assertThat(client.isClosed()).isTrue();
    }
    try (RawClient client = new RawClient(intake.port)) {
      client.say(post("Content-Length: 1000\r\n", "", "{")).endInput();
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void a_connection_serves_on_after_what_was_refused() throws Exception {
    String big = "a".repeat(1_100_000);
    try (RawClient client = new RawClient(intake.port)) {
      client.say(post("Content-Length: " + big.length() + "\r\n", "", big));
      assertThat(client.status()).isEqualTo("413");
      assertThat(client.say(valid()).status()).isEqualTo("200");
      client.say("POST /webhooks/shop HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n{}");
      assertThat(client.status()).isEqualTo("401");
      client.say(valid() + valid() + valid());
      assertThat(List.of(client.status(), client.status(), client.status())).containsOnly("200");
      client.say("POST /nowhere HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n{}");
      assertThat(client.status()).isEqualTo("404");
      assertThat(client.say(valid()).status()).isEqualTo("200");
    }
    try (RawClient client = new RawClient(intake.port)) {
      client.say(post("Content-Length: 10000000\r\n", "", ""));
      assertThat(client.status()).isEqualTo("413");
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void without_the_header_of_its_signature_a_body_is_not_awaited() throws Exception {
    try (RawClient client = new RawClient(intake.port)) {
      client.say("POST /webhooks/shop HTTP/1.1\r\nHost: l\r\nContent-Length: 90000\r\n\r\n{");
      assertThat(client.status()).isEqualTo("401");
      assertThat(held()).isZero();
    }
    assertThat(intake.rejections("endpoint, reason, size")).contains("shop missing-header 90000");
  }

  @Test
  void bodies_that_do_not_end_take_a_share_and_then_give_way() throws Exception {
    List<RawClient> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        RawClient client = new RawClient(intake.port);
        slow.add(client.say(post("Content-Length: 90000\r\n", "", "{")));
      }
      await(() -> held() >= 270_000);
      // Large ones leave room for small ones.
      assertThat(held()).isLessThanOrEqualTo(ROOM / 4 * 3);
      assertThat(status(valid())).isEqualTo("200");
      List<String> ends = new ArrayList<>();
      for (RawClient client : slow) {
        ends.add(client.status());
      }
      assertThat(ends).containsOnly("503", "408").contains("503", "408");
      assertThat(held()).isZero();
    } finally {
      for (RawClient client : slow) {
        client.close();
      }
    }
    assertThat(intake.rejections("endpoint, category, reason"))
        .contains("shop SHED no-room", "shop SHED too-slow");
  }

  @Test
  void connections_that_say_little_give_way_to_requests_that_come_whole() throws Exception {
    List<RawClient> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        idle.add(
            new RawClient(intake.port)
                .say(i % 2 == 0 ? "POST /" : post("Content-Length: 9\r\n", "", "{")));
      }
      assertThat(status(valid())).isEqualTo("200");
      assertThat(intake.meters.get("payhook.intake.connections").gauge().value())
          .isLessThanOrEqualTo(40);
    } finally {
      for (RawClient client : idle) {
        client.close();
      }
    }
    await(() -> intake.meters.get("payhook.intake.connections").gauge().value() == 0);
    assertThat(held()).isZero();
  }

  @Test
  void large_bodies_are_read_a_few_at_a_time_and_all_of_them() throws Exception {
    String objects = "[" + "{},".repeat(30_000) + "{}]";
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      clients.add(
          new RawClient(intake.port)
              .say(
                  "POST /webhooks/zoom HTTP/1.1\r\nHost: l\r\nContent-Length: "
                      + objects.length()
                      + "\r\n\r\n"
                      + objects));
    }
    for (RawClient client : clients) {
      assertThat(client.status()).isEqualTo("401");
      client.close();
    }
    String body = body().replace("}}", ",\"note\":\"" + "n".repeat(90_000) + "\"}}");
    assertThat(status(post("Content-Length: " + body.length() + "\r\n", body, body)))
        .isEqualTo("200");
    await(() -> held() == 0);
  }

  @Test
  void an_endpoint_without_signature_takes_so_many_a_second() throws Exception {
    List<String> answers = new ArrayList<>();
    String retry = "";
    for (int i = 0; i < 20; i++) {
      try (RawClient client = new RawClient(intake.port)) {
        String body = body();
        String answer =
            client
                .say(
                    "POST /webhooks/open HTTP/1.1\r\nHost: l\r\nContent-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body)
                .answer();
        answers.add(answer.substring(9, 12));
        retry = answers.contains("429") && retry.isEmpty() ? answer : retry;
      }
    }
    assertThat(answers).contains("429").startsWith("200");
    assertThat(retry).contains("Retry-After: 1");
    assertThat(status(valid())).isEqualTo("200");
  }

  @Test
  void what_went_to_a_near_address_is_found_among_the_rejections() throws Exception {
    for (String path :
        List.of(
            "/webhooks/Shop", "/webhooks/shop/", "//webhooks/shop", "/webhooks/%73hop", "/shop")) {
      assertThat(
              status(
                  request(
                      "POST " + path + " HTTP/1.1",
                      "Content-Length: 0\r\nAuthorization: Bearer gateway\r\nX-Api-Key: key\r\n",
                      "",
                      "")))
          .isEqualTo("404");
    }
    assertThat(status("POST /wp-login.php HTTP/1.1\r\nHost: l\r\nContent-Length: 0\r\n\r\n"))
        .isEqualTo("404");
    assertThat(intake.rejections("endpoint, category, reason, detail"))
        .contains(
            "shop SHED no-such-endpoint there is no endpoint at /webhooks/Shop; did you mean /webhooks/shop?",
            "shop SHED no-such-endpoint there is no endpoint at /shop; did you mean /webhooks/shop?")
        .noneMatch(line -> line.contains("wp-login"));
    assertThat(intake.rejections("headers::text"))
        .anyMatch(
            headers ->
                headers.contains(
                    "[\"Authorization\", \"(secret)\"], [\"X-Api-Key\", \"(secret)\"]"))
        .noneMatch(headers -> headers.contains("gateway"));
    assertThat(
            intake
                .meters
                .get("payhook.intake.shed")
                .tag("reason", "no-such-endpoint")
                .counter()
                .count())
        .isGreaterThanOrEqualTo(6);
  }

  @Test
  void an_upgrade_that_is_not_taken_does_no_harm() throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    String body = body();
    assertThat(
            client
                .send(
                    java.net.http.HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + intake.port + "/webhooks/shop"))
                        .header("X-Signature", signature(body))
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                    java.net.http.HttpResponse.BodyHandlers.discarding())
                .statusCode())
        .isEqualTo(200);
  }
}

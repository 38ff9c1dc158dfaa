package io.payhook.effects.crm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.delivery.TargetUnavailableException;
import io.payhook.effects.EffectException;
import io.payhook.effects.kamelets.BundledEvents;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.kit.Json;
import io.payhook.testing.HttpStub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class CrmSinkTest {
  private static final String PUT =
      """
      method: PUT
      path: "/contacts/${variable.event[data][id]}"
      body: crm/contact.json
      """;

  @TempDir Path folder;
  private HttpStub crm;
  private EffectRoutes running;

  @BeforeEach
  void crm() throws IOException {
    crm = new HttpStub();
    crm.answer = "{\"id\":\"c-1\",\"score\":1.10}";
  }

  private static JsonNode json(HttpStub.Call call) throws IOException {
    return Json.MAPPER.readTree(call.body());
  }

  @AfterEach
  void stop() {
    if (running != null) {
      running.close();
    }
    crm.close();
  }

  @Test
  void a_call_is_json_with_token_and_idempotency_key() throws Exception {
    start(PUT);
    Exchange exchange = EffectRoutes.done(deliver("ada@example.com", "Ada"));

    HttpStub.Call call = crm.calls.get(0);
    assertThat(call.method()).isEqualTo("PUT");
    assertThat(call.uri()).isEqualTo("/api/v2/contacts/ada%40example.com");
    assertThat(call.headers().get("Authorization")).containsExactly("Bearer crm-token");
    assertThat(call.headers().get("Idempotency-Key"))
        .containsExactly(EffectRoutes.EVENT_ID + ".crm");
    assertThat(call.headers().get("Content-Type")).containsExactly("application/json");
    assertThat(call.headers().get("User-Agent")).containsExactly("Payhook");
    assertThat(call.headers().get("Content-Length")).isNotNull();
    assertThat(call.headers().keySet())
        .containsExactlyInAnyOrder(
            "Authorization",
            "Idempotency-key",
            "Content-type",
            "Content-length",
            "User-agent",
            "Accept",
            "Host",
            "Connection");
    assertThat(json(call).at("/name").textValue()).isEqualTo("Ada");
    assertThat(exchange.getVariable("crmStatus")).isEqualTo(200);
    assertThat(exchange.getVariable("crmResponse")).hasToString("{id=c-1, score=1.10}");
  }

  @Test
  void the_answers_headers_and_body_never_become_the_message() throws Exception {
    crm.answerHeaders =
        Map.of("Set-Cookie", "session=1", "X-Evil", "1", "CamelHttpUri", "http://evil.example.com");
    start(PUT);
    Exchange exchange = EffectRoutes.done(deliver("a", "Ada"));

    assertThat(exchange.getMessage().getHeaders()).isEmpty();
    assertThat(exchange.getMessage().getBody(String.class)).contains("\"order\"");
    deliver("a", "Ada");
    assertThat(crm.calls.get(1).headers()).doesNotContainKey("Cookie");
  }

  @Test
  void headers_of_any_origin_neither_steer_the_call_nor_travel_with_it() throws Exception {
    start(PUT);
    Exchange exchange =
        EffectRoutes.done(
            deliver(
                "a",
                "Ada",
                e -> {
                  e.getMessage()
                      .setHeader("CamelHttpUri", "http://127.0.0.1:1/{{payhook.mail.from}}");
                  e.getMessage().setHeader("CamelHttpPath", "/evil");
                  e.getMessage().setHeader("CamelHttpQuery", "evil=1");
                  e.getMessage().setHeader("CamelHttpMethod", "DELETE");
                  e.getMessage().setHeader("CamelRestHttpUri", "http://127.0.0.1:1");
                  e.getMessage().setHeader("Authorization", "Basic evil");
                  e.getMessage().setHeader("Stripe-Signature", "s");
                  e.getMessage().setHeader("Content-Type", "text/plain");
                }));

    HttpStub.Call call = crm.calls.get(0);
    assertThat(call.method() + " " + call.uri()).isEqualTo("PUT /api/v2/contacts/a");
    assertThat(call.headers().get("Authorization")).containsExactly("Bearer crm-token");
    assertThat(call.headers().get("Content-Type")).containsExactly("application/json");
    assertThat(call.headers()).doesNotContainKey("Stripe-signature");
    assertThat(exchange.getMessage().getHeaders()).hasSize(8).containsKey("Stripe-Signature");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      quoteCharacter = '\0',
      value = {
        "../../admin ..%2F..%2Fadmin",
        "a/b a%2Fb",
        "a?x=1 a%3Fx%3D1",
        "a#x a%23x",
        "a&b;c a%26b%3Bc",
        "%2e%2e %252e%252e",
        "a+b* a%2Bb%2A",
        "ä %C3%A4",
        "{{payhook.crm.url}} %7B%7Bpayhook.crm.url%7D%7D",
        "a\\b a%5Cb",
        "http://evil.example.com http%3A%2F%2Fevil.example.com",
      })
  void a_value_never_leaves_its_segment_of_the_path(String id, String encoded) throws Exception {
    start(PUT);
    EffectRoutes.done(deliver(id, "Ada"));

    assertThat(crm.calls.get(0).uri()).isEqualTo("/api/v2/contacts/" + encoded);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "..."})
  void a_value_that_would_name_another_resource_is_an_error_of_the_data(String id)
      throws Exception {
    start(PUT);

    assertThat(deliver(id, "Ada").getException())
        .isInstanceOf(EffectException.class)
        .hasMessageStartingWith(
            "the CRM's path /contacts/${variable.event[data][id]}: ${variable.event[data][id]} is ");
    assertThat(crm.calls).isEmpty();
  }

  @Test
  void a_line_break_in_a_value_makes_no_second_request() throws Exception {
    start(PUT);
    EffectRoutes.done(deliver("a\r\nHost: evil\r\n\r\nGET /", "Ada"));

    assertThat(crm.calls)
        .singleElement()
        .satisfies(c -> assertThat(c.uri()).contains("a%0D%0AHost"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Ada \"Ace\" O'Bi",
        "\", \"admin\": true, \"x\": \"",
        "a\\",
        "a\nb\t\u0000",
        "</script>\u2028",
        "{{ x }}"
      })
  void a_value_in_json_stays_text(String name) throws Exception {
    start(PUT);
    EffectRoutes.done(deliver("a", name));

    assertThat(json(crm.calls.get(0)).at("/name").textValue())
        .isEqualTo(name.replace('\u0000', '\uFFFD'));
    assertThat(json(crm.calls.get(0)).size()).isEqualTo(2);
  }

  @Test
  void a_body_that_is_no_json_is_an_error_that_names_the_file() throws Exception {
    start(PUT);
    Files.writeString(folder.resolve("crm/contact.json"), "{\n\"name\": {{ event.data.name }}}");

    assertThat(deliver("a", "1, \"admin\": true").getException())
        .isInstanceOf(EffectException.class)
        .hasMessageStartingWith(
            folder.resolve("crm/contact.json") + ":2: isn't JSON once its values are in: ");
    assertThat(crm.calls).isEmpty();
  }

  @Test
  void a_query_may_be_written_and_takes_values() throws Exception {
    start("method: GET\npath: RAW(/search?q=${variable.event[data][id]}&limit=1)");
    EffectRoutes.done(deliver("a&limit=9 b", "Ada"));

    HttpStub.Call call = crm.calls.get(0);
    assertThat(call.method() + " " + call.uri())
        .isEqualTo("GET /api/v2/search?q=a%26limit%3D9%20b&limit=1");
    assertThat(call.body()).isEmpty();
    assertThat(call.headers()).doesNotContainKey("Content-type");
  }

  @Test
  void each_call_of_a_route_has_a_key_of_its_own_that_stays_the_same() throws Exception {
    start(PUT, PUT, PUT + "key: note\n");
    EffectRoutes.done(deliver("a", "Ada"));
    EffectRoutes.done(deliver("a", "Ada"));

    String key = EffectRoutes.EVENT_ID + ".crm";
    assertThat(crm.calls.stream().map(c -> c.headers().getFirst("Idempotency-Key")))
        .containsExactly(key, key + ".2", key + ".note", key, key + ".2", key + ".note");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 409, 422, 429, 500, 503})
  void an_answer_that_is_no_success_fails_the_attempt_after_one_request(int refused)
      throws Exception {
    crm.status = refused;
    crm.answerHeaders = Map.of("Location", "/elsewhere", "Retry-After", "1");
    start(PUT);
    Exchange exchange = deliver("a", "Ada");

    assertThat(exchange.getException())
        .isInstanceOfSatisfying(
            HttpOperationFailedException.class,
            e -> {
              assertThat(e.getStatusCode()).isEqualTo(refused);
              assertThat(e.getResponseHeaders()).containsEntry("Retry-after", "1");
            });
    assertThat(crm.calls).hasSize(1);
    assertThat(exchange.getMessage().getHeaders()).isEmpty();
    assertThat(exchange.getMessage().getBody(String.class)).contains("\"order\"");
    assertThat(exchange.getVariable("crmStatus")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | refuses the token (HTTP 401); set payhook.crm.token",
        "403 | refuses this account (HTTP 403); give payhook.crm.token the right",
        "301 | answers HTTP 301, which leads to https://new.example.com/crm; redirects are not followed, so set payhook.crm.url",
        "302 | answers HTTP 302",
        "307 | answers HTTP 307",
        "308 | answers HTTP 308",
      })
  void an_answer_about_the_account_or_the_address_has_all_calls_wait(int refused, String mend)
      throws Exception {
    crm.status = refused;
    crm.answerHeaders = Map.of("Location", "https://new.example.com/crm?token=secret");
    start(PUT);
    for (int i = 0; i < 2; i++) {
      Throwable thrown = deliver("a", "Ada").getException();
      assertThat(thrown)
          .isInstanceOf(TargetUnavailableException.class)
          .hasMessageContaining("127.0.0.1:" + crm.port() + " " + mend)
          .hasMessageNotContaining("secret");
      assertThat(((TargetUnavailableException) thrown).retryAfter()).isPositive();
    }
    assertThat(crm.calls).hasSize(1);
  }

  @Test
  void a_500_that_one_contact_gets_is_about_that_contact() throws Exception {
    crm.status = 500;
    start(PUT);
    for (int i = 0; i < 12; i++) {
      assertThat(deliver("a", "Ada").getException())
          .isInstanceOf(HttpOperationFailedException.class);
    }
    for (int i = 0; i < 5; i++) {
      deliver("b" + i, "Ada");
    }
    assertThat(deliver("a", "Ada").getException()).isInstanceOf(TargetUnavailableException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 201})
  void an_answer_that_is_too_large_fails_the_attempt(int given) throws Exception {
    crm.status = given;
    crm.answer = "z".repeat(WholeAnswers.LARGEST + 1);
    start(PUT);

    assertThat(deliver("a", "Ada").getException())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("with more than 1 MB, more than an answer has");
    crm.answer = "z".repeat(WholeAnswers.LARGEST);
    assertThat((String) EffectRoutes.done(deliver("a", "Ada")).getVariable("crmResponse"))
        .hasSize(WholeAnswers.LARGEST);
  }

  @Test
  void of_a_failure_only_the_beginning_is_read() throws Exception {
    crm.status = 422;
    crm.answer = "{\"message\":\"no such plan\"}" + " ".repeat(5_000_000);
    start(PUT);

    assertThat(deliver("a", "Ada").getException())
        .isInstanceOfSatisfying(
            HttpOperationFailedException.class,
            e ->
                assertThat(e.getResponseBody()).startsWith("{\"message\"").hasSizeLessThan(20_000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"''|", "plain text|plain text", "[1,2]|[1, 2]"})
  void an_answer_may_be_empty_or_text(String body, String variable) throws Exception {
    crm.answer = body;
    crm.status = 201;
    start(PUT);
    Exchange exchange = EffectRoutes.done(deliver("a", "Ada"));

    assertThat(exchange.getVariable("crmStatus")).isEqualTo(201);
    assertThat(exchange.getVariable("crmResponse"))
        .isEqualTo(variable == null ? null : variable.startsWith("[") ? List.of(1, 2) : variable);
  }

  @Test
  void the_token_stands_in_no_exchange_and_no_uri() throws Exception {
    start(PUT);
    crm.status = 500;
    Exchange exchange = deliver("a", "Ada");

    assertThat(String.valueOf(exchange.getException())).doesNotContain("crm-token");
    assertThat(exchange.getProperties().toString()).doesNotContain("crm-token");
    assertThat(running.context.getEndpoints().toString()).doesNotContain("crm-token");
    assertThat(EffectRoutes.config(new MailStandIn(folder, EffectRoutes.CLOCK)))
        .asString()
        .doesNotContain("crm-token");
  }

  @Test
  void a_crm_that_is_away_is_an_io_error() throws Exception {
    start(PUT);
    crm.close();

    assertThat(deliver("a", "Ada").getException()).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "crm-contact, payment.success, PUT, /contacts/ada.obi%40example.com, payment",
    "crm-failure, payment.failed, POST, /contacts/tunde.bello%40example.com/notes, payment_failed",
    "crm-refund, refund.processed, POST, /contacts/ada.obi%40example.com/notes, refund",
    "crm-subscription, subscription.renew, POST, /contacts/ngozi.eze%40example.com/notes, subscription_renewed",
  })
  void the_bundled_routes_note_what_happened(
      String route, String type, String method, String path, String note) throws Exception {
    running =
        new EffectRoutes(
            new MailStandIn(folder, EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            url(),
            EffectRoutes.bundled());
    String json = Files.readString(PaymentsTables.INTEGRATION.resolve("samples/" + type + ".json"));
    EffectRoutes.done(running.deliver(route, json, BundledEvents.facts(json)));

    HttpStub.Call call = crm.calls.get(0);
    assertThat(call.method() + " " + call.uri()).isEqualTo(method + " /api/v2" + path);
    JsonNode noted = route.equals("crm-contact") ? json(call).get("note") : json(call);
    assertThat(noted.get("type").textValue()).isEqualTo(note);
    assertThat(noted.get("transaction_id"))
        .isEqualTo(Json.MAPPER.readTree(json).at("/data/transaction_id"));
    assertThat(noted.get("amount")).isEqualTo(Json.MAPPER.readTree(json).at("/data/amount"));
    assertThat(noted.get("at").textValue()).isEqualTo("2026-11-23T20:15:00Z");
  }

  @Test
  void a_mistake_in_an_expression_stops_the_start() {
    assertThatThrownBy(() -> start("path: \"/contacts/${variable.event[data\""))
        .hasStackTraceContaining("has no closing brace");
  }

  private String url() {
    return "http://127.0.0.1:" + crm.port() + "/api/v2";
  }

  private void start(String... parameters) throws Exception {
    Files.createDirectories(folder.resolve("crm"));
    Files.writeString(
        folder.resolve("crm/contact.json"),
        "{\"name\": \"{{ event.data.name }}\", \"same\": {{ event.data.name | json }}}");
    StringBuilder route =
        new StringBuilder(
            """
            - route:
                id: crm
                from:
                  uri: event:shop/order
                  steps:
            """);
    for (String call : parameters) {
      route.append(
          """
                - to:
                    uri: kamelet:crm-sink
                    parameters:
          """);
      call.lines().forEach(line -> route.append("            ").append(line).append('\n'));
    }
    Path file = Files.writeString(folder.resolve("shop.camel.yaml"), route.toString());
    running =
        new EffectRoutes(
            new MailStandIn(folder.resolve("mail"), EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            url(),
            file);
  }

  private Exchange deliver(String id, String name) throws IOException {
    return deliver(id, name, exchange -> {});
  }

  private Exchange deliver(String id, String name, Consumer<Exchange> change) throws IOException {
    return running.deliver(
        "crm",
        Json.MAPPER.writeValueAsString(
            Map.of("event", "order", "data", Map.of("id", id, "name", name))),
        change);
  }
}

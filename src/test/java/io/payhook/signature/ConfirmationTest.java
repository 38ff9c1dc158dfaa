package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfirmationTest {
  private static Map<String, String> valid() {
    Map<String, String> settings = new HashMap<>();
    settings.put("signature.header", "X-Signature");
    settings.put("signature.algorithm", "hmac-sha256");
    settings.put("event.type", "/event");
    settings.put("event.key", "/id");
    settings.put("event.amount", "/amount");
    settings.put("event.currency", "/currency");
    settings.put("confirm.secret", "sk_1");
    settings.put("confirm.method", "POST");
    settings.put("confirm.url", "https://api.example.com/payments/{/id}?of={/who?}");
    settings.put("confirm.headers.Authorization", "Bearer {secret}");
    settings.put("confirm.body", "\\{\"id\":\"{/id}\"\\}");
    settings.put("confirm.status", "/status");
    settings.put("confirm.status-is", "paid");
    settings.put("confirm.status-pending", "open");
    settings.put("confirm.amount", "/amount");
    settings.put("confirm.amount-unit", "minor");
    settings.put("confirm.currency", "/currency");
    settings.put("confirm.reference", "/id");
    settings.put("confirm.reference-is", "/id");
    return settings;
  }

  private static Confirmation.Kept event(String body) {
    return new Confirmation.Kept("a", "application/json", body.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void every_value_stands_encoded_in_its_place() {
    Confirmation.Question question =
        Provider.parse("mine", valid())
            .confirmation()
            .orElseThrow()
            .question(event("{\"id\":\"a/b\\\"c\",\"who\":\"x&y=1\"}"), null);
    assertThat(question.method()).isEqualTo("POST");
    assertThat(question.url()).isEqualTo("https://api.example.com/payments/a%2Fb%22c?of=x%26y%3D1");
    assertThat(question.headers()).containsEntry("Authorization", "Bearer sk_1");
    assertThat(question.body()).asString(StandardCharsets.UTF_8).isEqualTo("{\"id\":\"a/b\\\"c\"}");
    assertThat(question).asString().doesNotContain("sk_1");
  }

  private static Confirmation asking(String body, String contentType) {
    Map<String, String> settings = valid();
    settings.put("confirm.body", body);
    settings.put("confirm.content-type", contentType);
    return Provider.parse("mine", settings).confirmation().orElseThrow();
  }

  private static Confirmation.Kept kept(String body, RawRequest.Header... headers) {
    return new Confirmation.Kept(
        "a", "application/json", body.getBytes(StandardCharsets.UTF_8), List.of(headers));
  }

  @Test
  void headers_of_the_event_and_its_body_as_it_came_stand_in_a_question() {
    Confirmation confirmation =
        asking("\\{\"at\":\"{header:x-time}\",\"event\":{body}\\}", "application/json");
    assertThat(confirmation.readsHeaders()).isTrue();
    String body = "{ \"id\" : \"1\",\n \"amount\":10.50, \"name\":\"\\u00e9 \u00e9\" }";
    assertThat(
            confirmation
                .question(kept(body, new RawRequest.Header("X-Time", "\"now\"")), null)
                .body())
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("{\"at\":\"\\\"now\\\"\",\"event\":" + body + "}");
  }

  @Test
  void a_body_that_is_no_json_or_a_header_that_is_missing_makes_no_question() {
    Confirmation confirmation =
        asking("\\{\"at\":\"{header:x-time}\",\"event\":{body}\\}", "application/json");
    assertThatThrownBy(
            () ->
                confirmation.question(
                    kept("{\"id\":1},\"more\":{}", new RawRequest.Header("X-Time", "now")), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the body is not JSON");
    assertThatThrownBy(() -> confirmation.question(kept("{\"id\":1}"), null))
        .hasMessageContaining("the event has not what confirm.body needs");
    assertThat(asking("\\{\"id\":\"{/id}\"\\}", "application/json").readsHeaders()).isFalse();
  }

  @Test
  void in_a_form_the_body_is_one_value() {
    assertThat(
            asking("id={/id}&event={body}", "application/x-www-form-urlencoded")
                .question(kept("{\"id\":\"1\"}"), null)
                .body())
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("id=1&event=%7B%22id%22%3A%221%22%7D");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "{'id':'1','status':'paid','amount':1050,'currency':'eur'} ! CONFIRMED",
        "{'id':'1','status':'open'} ! PENDING",
        "{'id':'1','status':'failed'} ! CONTRADICTED",
        "{'id':'2','status':'paid','amount':1050,'currency':'EUR'} ! CONTRADICTED",
        "{'id':'1','status':'paid','amount':1051,'currency':'EUR'} ! CONTRADICTED",
        "{'id':'1','status':'paid','amount':1050,'currency':'USD'} ! CONTRADICTED",
        "{'id':'1','status':'paid','currency':'EUR'} ! UNREADABLE",
        "{'id':'1','status':'paid','amount':'x','currency':'EUR'} ! UNREADABLE",
        "{'id':'1','status':'paid','amount':1050} ! UNREADABLE",
        "{'id':'1'} ! UNREADABLE",
        "{'status':'paid'} ! UNREADABLE",
        "<html> ! UNREADABLE",
      })
  void an_answer_means(String answer, Confirmation.Meaning meaning) {
    assertThat(
            Provider.parse("mine", valid())
                .confirmation()
                .orElseThrow()
                .judge(
                    event("{\"id\":\"1\",\"amount\":10.50,\"currency\":\"EUR\"}"),
                    answer.replace('\'', '"').getBytes(StandardCharsets.UTF_8))
                .meaning())
        .isEqualTo(meaning);
  }

  private static Confirmation.Finding judged(Map<String, String> settings, String event) {
    return Provider.parse("mine", settings)
        .confirmation()
        .orElseThrow()
        .judge(
            event(event.replace('\'', '"').replace('`', '"')),
            "{\"id\":\"1\",\"status\":\"paid\",\"amount\":10000,\"currency\":\"EUR\"}"
                .getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "`1_000_000`",
        "1000000.000000000000000000000000000000000000000000000",
        "1e41",
        "1e99999999",
        "`one hundred`",
        "-100",
        "`100 EUR`",
        "{'value':100}",
        "[100]",
        "true",
        "null",
        "``",
      })
  void an_amount_that_cannot_be_compared_is_a_contradiction(String amount) {
    Map<String, String> settings = valid();
    settings.put("confirm.amount-rule", "at-least");
    Confirmation.Finding finding =
        judged(settings, "{'id':'1','currency':'EUR','amount':" + amount + "}");
    assertThat(finding.meaning()).isEqualTo(Confirmation.Meaning.CONTRADICTED);
    assertThat(finding.reason()).contains("amount");
    assertThat(finding.confirmed()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "{'id':'1','currency':'EUR'} ! amount",
        "{'id':'1','amount':100} ! currency",
        "{'id':'1','amount':100,'currency':'€'} ! currency",
        "{'amount':100,'currency':'EUR'} ! reference",
        "{'id':' 1','amount':100,'currency':'EUR'} ! reference",
        "{'id':'01','amount':100,'currency':'EUR'} ! reference",
      })
  void what_the_event_lacks_is_a_contradiction(String event, String what) {
    Confirmation.Finding finding = judged(valid(), event);
    assertThat(finding.meaning()).isEqualTo(Confirmation.Meaning.CONTRADICTED);
    assertThat(finding.reason()).contains(what);
  }

  @Test
  void what_an_event_need_not_state_is_the_answers() {
    Map<String, String> settings = valid();
    settings.put("event.amount", "{/amount?}");
    settings.put("event.currency", "{/currency?}");
    Confirmation.Finding finding = judged(settings, "{'id':'1'}");
    assertThat(finding.confirmed())
        .isEqualTo(new Confirmation.Confirmed(null, null, null, new BigDecimal("100.00"), "EUR"));
  }

  @Test
  void the_id_that_was_asked_about_is_compared_too() {
    Map<String, String> settings = valid();
    settings.remove("confirm.reference");
    settings.remove("confirm.reference-is");
    settings.put("confirm.id", "/data/id | /id");
    settings.put("confirm.id-is", "/id");
    assertThat(judged(settings, "{'id':'1','amount':100,'currency':'EUR'}").meaning())
        .isEqualTo(Confirmation.Meaning.CONFIRMED);
    assertThat(judged(settings, "{'id':'001','amount':100,'currency':'EUR'}").reason())
        .contains("id 1", "001");
  }

  @Test
  void an_event_without_a_type_of_its_own_gets_the_answers() {
    Map<String, String> settings = valid();
    settings.put("confirm.type-is.paid", "payment.success");
    settings.put("confirm.type-is.failed", "payment.failed");
    settings.put("confirm.key", "{/id}:{/status}");
    Confirmation.Confirmed confirmed =
        judged(settings, "{'id':'1','amount':100,'currency':'EUR'}").confirmed();
    assertThat(confirmed)
        .isEqualTo(
            new Confirmation.Confirmed(
                "payment.success", "1:paid", null, new BigDecimal("100.00"), "EUR"));
  }

  @ParameterizedTest
  @CsvSource({"1032, true", "paid, false", "open, false"})
  void any_status_that_is_named_nowhere_else_may_do(String status, boolean confirmed) {
    Map<String, String> settings = valid();
    settings.put("confirm.status-of.a", "*");
    Confirmation.Finding finding =
        Provider.parse("mine", settings)
            .confirmation()
            .orElseThrow()
            .judge(
                event("{\"id\":\"1\",\"amount\":100,\"currency\":\"EUR\"}"),
                ("{\"id\":\"1\",\"status\":\""
                        + status
                        + "\",\"amount\":10000,\"currency\":\"EUR\"}")
                    .getBytes(StandardCharsets.UTF_8));
    assertThat(finding.meaning() == Confirmation.Meaning.CONFIRMED).isEqualTo(confirmed);
  }

  @Test
  void an_event_that_claims_another_type_than_the_answers_is_contradicted() {
    Map<String, String> settings = valid();
    settings.put("confirm.type-is.paid", "payment.success");
    settings.put("confirm.type-is.failed", "a");
    assertThat(judged(settings, "{'id':'1','amount':100,'currency':'EUR'}").meaning())
        .isEqualTo(Confirmation.Meaning.CONTRADICTED);
  }

  @ParameterizedTest
  @CsvSource({
    "'', '', a, true, true",
    "a, '', a, true, true",
    "a, *, a, true, true",
    "b, '', a, false, true",
    "b, *, a, false, false",
    "'', 'refund.*', refund.done, false, false"
  })
  void a_type_is_asked_about_or_free(
      String types, String free, String type, boolean asked, boolean heldBack) {
    Map<String, String> settings = valid();
    if (!types.isEmpty()) {
      settings.put("confirm.types", types);
    }
    if (!free.isEmpty()) {
      settings.put("confirm.free", free);
    }
    Confirmation confirmation = Provider.parse("mine", settings).confirmation().orElseThrow();
    assertThat(confirmation.asksAbout(type)).isEqualTo(asked);
    assertThat(confirmation.holdsBack(type)).isEqualTo(heldBack);
  }

  @Test
  void an_api_may_ask_for_a_token_first() {
    Map<String, String> settings = valid();
    settings.put("confirm.secret", "key:secret");
    settings.put("confirm.headers.Authorization", "Bearer {token}");
    settings.put("confirm.token.url", "https://api.example.com/token");
    settings.put("confirm.token.headers.Authorization", "Basic {secret-basic}");
    settings.put("confirm.token.body", "\\{\"user\":\"{secret-user}\"\\}");
    settings.put("confirm.token.pointer", "/access_token");
    Confirmation confirmation = Provider.parse("mine", settings).confirmation().orElseThrow();
    Confirmation.Question first = confirmation.tokenQuestion();
    assertThat(first).isNotNull();
    assertThat(first.method()).isEqualTo("POST");
    assertThat(first.headers()).containsEntry("Authorization", "Basic a2V5OnNlY3JldA==");
    assertThat(first.body()).asString(StandardCharsets.UTF_8).isEqualTo("{\"user\":\"key\"}");
    String token = confirmation.token("{\"access_token\":\"t1\"}".getBytes(StandardCharsets.UTF_8));
    assertThat(confirmation.question(event("{\"id\":\"1\"}"), token).headers())
        .containsEntry("Authorization", "Bearer t1");
  }

  @ParameterizedTest
  @CsvSource({"major, EUR", "minor, EUR", "minor, JPY", "minor, KWD"})
  void the_answer_of_a_stand_in_confirms(String unit, String currency) {
    Map<String, String> settings = valid();
    settings.put("confirm.amount-unit", unit);
    settings.put("confirm.amount", "/items/0/amount");
    Confirmation confirmation = Provider.parse("mine", settings).confirmation().orElseThrow();
    Confirmation.Kept event =
        event("{\"id\":\"1\",\"amount\":1050,\"currency\":\"" + currency + "\"}");
    assertThat(confirmation.judge(event, confirmation.agreeing(event)).meaning())
        .isEqualTo(Confirmation.Meaning.CONFIRMED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "confirm.url ! '' ! confirm.url: is missing",
        "confirm.url ! https://{/host}/x ! whose host is written out",
        "confirm.url ! https://a@b/{/id} ! whose host is written out",
        "confirm.url ! https://api.example.com/{/id ! '{' is not closed",
        "confirm.url ! https://api.example.com/{url} ! has no meaning here",
        "confirm.status ! '' ! confirm.status: is missing",
        "confirm.status-is ! '' ! confirm.status-is: is missing",
        "confirm.reference-is ! '' ! confirm.reference-is: is missing",
        "confirm.method ! GET ! confirm.body: has no meaning with confirm.method GET",
        "confirm.amount-rule ! more ! none of equal, at-least",
        "confirm.headers.X ! {nothing} ! confirm.headers.X: no such source",
      })
  void a_mistake_is_told(String setting, String value, String problem) {
    Map<String, String> settings = valid();
    settings.put(setting, value);
    assertThatThrownBy(() -> Provider.parse("mine", settings)).hasMessageContaining(problem);
  }

  @Test
  void a_question_must_be_about_the_event() {
    Map<String, String> settings = valid();
    settings.put("confirm.url", "https://api.example.com/payments");
    settings.put("confirm.body", "all");
    assertThatThrownBy(() -> Provider.parse("mine", settings))
        .hasMessageContaining("names nothing of the event");
  }

  @Test
  void it_is_off_without_the_key_unless_it_must_be() {
    Provider off = Provider.parse("mine", valid()).with(Map.of("confirm.secret", ""));
    assertThat(off.confirmation()).isEmpty();
    assertThatThrownBy(() -> off.with(Map.of("confirm.enabled", "true")).confirmation())
        .hasMessageContaining("confirm.secret: is missing");
    assertThat(
            Provider.parse("mine", valid()).with(Map.of("confirm.enabled", "false")).confirmation())
        .isEmpty();
  }

  @Test
  void the_key_is_not_told() {
    assertThat(Provider.parse("mine", valid()).settings()).containsEntry("confirm.secret", "(set)");
    assertThat(Provider.parse("mine", valid()).confirmation()).asString().doesNotContain("sk_1");
  }
}

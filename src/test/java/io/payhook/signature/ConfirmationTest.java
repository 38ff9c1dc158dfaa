package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
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
            .question(event("{\"id\":\"a/b\\\"c\",\"who\":\"x&y=1\"}"));
    assertThat(question.method()).isEqualTo("POST");
    assertThat(question.url()).isEqualTo("https://api.example.com/payments/a%2Fb%22c?of=x%26y%3D1");
    assertThat(question.headers()).containsEntry("Authorization", "Bearer sk_1");
    assertThat(question.body()).asString(StandardCharsets.UTF_8).isEqualTo("{\"id\":\"a/b\\\"c\"}");
    assertThat(question).asString().doesNotContain("sk_1");
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
        "confirm.url ! https://api.example.com/{body} ! has no meaning here",
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

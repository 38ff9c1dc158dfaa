package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a preset says of its events. Each test starts from a valid preset. */
class EventFactsTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Secret SECRET = Secret.of("secret");

  private static Map<String, String> valid() {
    Map<String, String> settings = new HashMap<>();
    settings.put("signature.header", "X-Signature");
    settings.put("signature.algorithm", "hmac-sha256");
    settings.put("event.type", "/type");
    settings.put("event.key", "/id");
    settings.put("event.status", "/status");
    settings.put("event.amount", "/amount");
    settings.put("event.currency", "/currency");
    return settings;
  }

  private static Verdict verify(Map<String, String> settings, String body) {
    Provider provider = Provider.parse("mine", settings);
    RawRequest request =
        new RawRequest(
            "POST",
            "https://a/",
            List.of(),
            body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    return new Verifier(provider, List.of(SECRET), CLOCK)
        .verify(new Signer(provider, SECRET, CLOCK).sign(request, "a"));
  }

  private static VerifiedEvent event(Map<String, String> settings, String body) {
    assertThat(verify(settings, body)).isInstanceOf(VerifiedEvent.class);
    return (VerifiedEvent) verify(settings, body);
  }

  @ParameterizedTest
  @CsvSource({
    "charge.completed, successful, charge.completed",
    "charge.completed, SUCCESSFUL, charge.completed",
    "charge.completed, failed, charge.failed",
    "charge.completed, pending, charge.unsettled",
    "charge.completed, , charge.unsettled",
    "refund.done, false, refund.done.failed",
    "refund.done, true, refund.done",
    "old.name, , new.name",
    "orders/paid, , orders/paid",
  })
  void a_status_tells_types_apart(String type, String status, String expected) {
    Map<String, String> settings = valid();
    settings.put("event.aliases.charge.completed/successful", "charge.completed");
    settings.put("event.aliases.charge.completed/failed", "charge.failed");
    settings.put("event.aliases.charge.completed/*", "charge.unsettled");
    settings.put("event.aliases.*/false", "*.failed");
    settings.put("event.aliases.old.name", "new.name");
    String body =
        "{'id':'1','type':'"
            + type
            + "'"
            + (status == null ? "" : ",'status':'" + status + "'")
            + "}";
    assertThat(event(settings, body).type()).isEqualTo(expected);
  }

  @Test
  void a_type_outside_the_signed_part_must_fit_what_is_signed() {
    Map<String, String> settings = valid();
    settings.put("event.status-is.charge.success", "success, successful");
    assertThat(verify(settings, "{'id':'1','type':'charge.success','status':'Success'}"))
        .isInstanceOf(VerifiedEvent.class);
    for (String status : List.of(",'status':'failed'", "")) {
      assertThat(verify(settings, "{'id':'1','type':'charge.success'" + status + "}"))
          .isInstanceOfSatisfying(
              Refused.class,
              refused -> {
                assertThat(refused.reason()).isEqualTo("type-contradicted");
                assertThat(refused.category()).isEqualTo(Refused.Category.MALFORMED);
              });
    }
  }

  @Test
  void a_type_has_an_amount_currency_entity_key_and_time_of_its_own() {
    Map<String, String> settings = valid();
    settings.put("event.amount-unit", "minor");
    settings.put("event.entity", "/id");
    settings.put("event.occurred-at", "/at");
    settings.put("event.amount-of.refund.*", "/refund/amount");
    settings.put("event.amount-of.refund.fee", "none");
    settings.put("event.amount-unit-of.refund.*", "major");
    settings.put("event.currency-of.refund.*", "/refund/currency");
    settings.put("event.entity-of.refund.*", "/payment");
    settings.put("event.key-of.refund.*", "{type}:{/id}");
    settings.put("event.occurred-at-of.refund.*", "/refund/at");
    String body =
        "{'id':'r1','type':'%s','amount':10000,'currency':'NGN','payment':'p1','at':'2026-01-01T00:00:00Z',"
            + "'refund':{'amount':40.5,'currency':'USD','at':'2026-01-02T00:00:00Z'}}";
    VerifiedEvent payment = event(settings, body.formatted("payment.done"));
    assertThat(payment.amount()).hasToString("100.00");
    assertThat(payment.currency()).isEqualTo("NGN");
    assertThat(payment.entity()).isEqualTo("r1");
    assertThat(payment.key()).isEqualTo("r1");
    VerifiedEvent refund = event(settings, body.formatted("refund.done"));
    assertThat(refund.amount()).hasToString("40.50");
    assertThat(refund.currency()).isEqualTo("USD");
    assertThat(refund.entity()).isEqualTo("p1");
    assertThat(refund.key()).isEqualTo("refund.done:r1");
    assertThat(refund.occurredAt()).isEqualTo("2026-01-02T00:00:00Z");
    assertThat(event(settings, body.formatted("refund.fee")).amount()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "10000, NGN, minor, 100.00, NGN",
    "10000, JPY, minor, 10000, JPY",
    "10000, KWD, minor, 10.000, KWD",
    "10000, XOF, minor, 100, XOF",
    "10000, ISK, minor, 1000.0, ISK",
    "5000, NGN, major, 5000.00, NGN",
    "12500.50, NGN, major, 12500.50, NGN",
    "1.2345, NGN, major, 1.2345, NGN",
    "100, 566, major, 100.00, NGN",
    "100, '\"840\"', major, 100.00, USD",
    "100, '\"36\"', major, 100.00, AUD",
    "100, '\"  ngn \"', major, 100.00, NGN",
  })
  void an_amount_is_in_major_units_with_its_currencys_decimals(
      String amount, String currency, String unit, String expected, String code) {
    Map<String, String> settings = valid();
    settings.put("event.amount-unit", unit);
    settings.put("event.currency-digits.XOF", "2");
    settings.put("event.currency-digits.ISK", "1");
    String quoted =
        currency.startsWith("\"") || currency.matches("[0-9]+") ? currency : "\"" + currency + "\"";
    VerifiedEvent event =
        event(settings, "{'id':'1','type':'a','amount':" + amount + ",'currency':" + quoted + "}");
    assertThat(event.currency()).isEqualTo(code);
    assertThat(event.amount()).hasToString(expected.equals("1000.0") ? "1000" : expected);
  }

  @Test
  void digits_may_hold_for_every_other_currency() {
    Map<String, String> settings = valid();
    settings.put("event.amount-unit", "minor");
    settings.put("event.currency-digits.*", "2");
    assertThat(event(settings, "{'id':'1','type':'a','amount':10050,'currency':'XOF'}").amount())
        .hasToString("100.5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'1_000_000'",
        "'1e99999999'",
        "1e41",
        "'1,000.00'",
        "'NaN'",
        "''",
        "true",
        "{}",
        "[1]",
        "1000000000000000000000000000000000",
        "'0x10'",
        "'ten'",
        "'1 000'",
        "'٣'"
      })
  void what_is_no_amount_is_unknown(String amount) {
    assertThat(
            event(valid(), "{'id':'1','type':'a','amount':" + amount + ",'currency':'NGN'}")
                .amount())
        .isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "17/11/2021 11:28:42 AM, 2021-11-17T10:28:42Z",
    "17/11/2021 5:13:57 pm, 2021-11-17T16:13:57Z",
    "2021-11-17 11:28:42.615, 2021-11-17T10:28:42.615Z",
    "2023-06-26 17:53:55.0, 2023-06-26T16:53:55Z",
    "2021-11-17T11:28:42Z, 2021-11-17T11:28:42Z",
    "1637148522, 2021-11-17T11:28:42Z",
  })
  void a_time_may_be_written_in_several_ways(String text, String expected) {
    Map<String, String> settings = valid();
    settings.put("event.occurred-at", "/at");
    settings.put("event.occurred-at-zone", "Africa/Lagos");
    settings.put("event.occurred-at-format", "d/M/yyyy h:mm:ss a\nyyyy-MM-dd HH:mm:ss.SSS");
    assertThat(event(settings, "{'id':'1','type':'a','at':'" + text + "'}").occurredAt())
        .isEqualTo(expected);
  }

  @Test
  void a_member_that_is_there_may_tell_the_type() {
    Map<String, String> settings = valid();
    settings.put("event.type", "/type | has:/AmountRefunded=refund.completed | const:other");
    assertThat(event(settings, "{'id':'1','AmountRefunded':0}").type())
        .isEqualTo("refund.completed");
    assertThat(event(settings, "{'id':'1','AmountRefunded':null}").type()).isEqualTo("other");
    settings.put("event.type", "has:AmountRefunded=x");
    assertThatThrownBy(() -> Provider.parse("mine", settings)).hasMessageContaining("JSON Pointer");
  }

  @Test
  void of_a_batch_what_is_signed_is_kept() {
    Map<String, String> settings = valid();
    settings.remove("signature.header");
    settings.put("signature.pointer", "/sig/hmac");
    settings.put("signature.signed", "{/id}");
    settings.put("event.items", "/items");
    settings.put("event.unsigned-types", "report.*");
    Provider provider = Provider.parse("mine", settings);
    RawRequest signed =
        new Signer(provider, SECRET, CLOCK)
            .sign(
                new RawRequest(
                    "POST",
                    "https://a/",
                    List.of(),
                    "{\"items\":[{\"id\":\"1\",\"type\":\"paid\",\"sig\":{}}]}"
                        .getBytes(StandardCharsets.UTF_8)),
                "paid");
    String one = new String(signed.body(), StandardCharsets.UTF_8);
    String item = one.substring(one.indexOf('[') + 1, one.lastIndexOf(']'));
    Verifier verifier = new Verifier(provider, List.of(SECRET), CLOCK);
    String unsigned = "{\"id\":\"2\",\"type\":\"paid\",\"sig\":{}}";
    String report = "{\"id\":\"3\",\"type\":\"report.ready\"}";
    String forged =
        "{\"id\":\"4\",\"type\":\"paid\",\"sig\":{\"hmac\":\"" + "00".repeat(32) + "\"}}";

    VerifiedEvent kept = (VerifiedEvent) verifier.verify(body(signed, item, unsigned, report));
    assertThat(kept.items()).extracting(VerifiedEvent::key).containsExactly("1", "3");
    assertThat(kept.items().get(1).secretLabel()).isEqualTo("unsigned");
    assertThat(kept.leftOut())
        .singleElement()
        .extracting(Refused::reason)
        .isEqualTo("missing-signature");
    assertThat(verifier.verify(body(signed, unsigned))).isInstanceOf(Refused.class);
    assertThat(verifier.verify(body(signed, item, forged))).isInstanceOf(Refused.class);
    assertThat(verifier.verify(body(signed, report))).isInstanceOf(VerifiedEvent.class);
  }

  private static RawRequest body(RawRequest request, String... items) {
    return request.withBody(
        ("{\"items\":[" + String.join(",", items) + "]}").getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void a_key_outside_of_what_is_signed_comes_with_a_digest() {
    Map<String, String> settings = valid();
    assertThat(event(settings, "{'id':'1','type':'a'}").signedDigest()).isNull();
    settings.put("event.key", "header:X-Id | /id");
    assertThat(event(settings, "{'id':'1','type':'a'}").signedDigest()).hasSize(32);
    settings.put("signature.signed", "{header:X-Id?}.{body}");
    settings.put("event.key", "header:X-Id");
    assertThat(Provider.parse("mine", settings).plan().namesUnsigned).isFalse();
    settings.put("signature.signed", "{json:/data}");
    settings.put("event.key", "/data/id");
    assertThat(Provider.parse("mine", settings).plan().namesUnsigned)
        .as("the type stands outside of the data")
        .isTrue();
    settings.put("signature.signed", "{/data/id}{/data/sum}");
    settings.put("event.type", "const:a");
    assertThat(Provider.parse("mine", settings).plan().namesUnsigned)
        .as("nobody vouches where the id ends and the sum begins")
        .isTrue();
    settings.put("signature.algorithm", "token");
    settings.put("event.key", "header:X-Id");
    assertThat(Provider.parse("mine", settings).plan().namesUnsigned)
        .as("nothing is signed anyway")
        .isFalse();
  }

  @Test
  void a_platform_may_ask_for_an_answer_that_names_the_event() {
    Map<String, String> settings = valid();
    settings.put("response.reply", "\\{\"sessionId\":\"{/id}\",\"code\":\"{/gone}\"\\}");
    VerifiedEvent event = event(settings, "{'id':'a\\u0022b','type':'a'}");
    assertThat(event.provider().response(event))
        .contains(
            new Provider.Response(
                200, "application/json", "{\"sessionId\":\"a\\\"b\",\"code\":\"\"}"));
  }

  @Test
  void one_body_under_two_types_may_be_two_events() {
    Map<String, String> settings = valid();
    settings.put("event.type", "header:X-Topic");
    Provider one = Provider.parse("mine", settings);
    settings.put("event.body-of-several-types", "true");
    Provider several = Provider.parse("mine", settings);
    assertThat(digest(one, "orders/create")).isEqualTo(digest(one, "orders/paid"));
    assertThat(digest(several, "orders/create")).isNotEqualTo(digest(several, "orders/paid"));
  }

  private static byte[] digest(Provider provider, String type) {
    RawRequest request =
        new RawRequest(
            "POST", "https://a/", List.of(), "{\"id\":\"1\"}".getBytes(StandardCharsets.UTF_8));
    return ((VerifiedEvent)
            new Verifier(provider, List.of(SECRET), CLOCK)
                .verify(new Signer(provider, SECRET, CLOCK).sign(request, type)))
        .signedDigest();
  }

  @Test
  void of_several_presets_the_one_whose_signature_is_carried_decides() {
    Map<String, String> other = valid();
    other.put("signature.header", "X-Other");
    other.put("event.type", "const:other");
    Provider first = Provider.parse("first", valid());
    Provider second = Provider.parse("second", other);
    Verifiers both =
        new Verifiers(
            List.of(
                new Verifier(first, List.of(SECRET), CLOCK),
                new Verifier(second, List.of(SECRET), CLOCK)));
    RawRequest body =
        new RawRequest(
            "POST",
            "https://a/",
            List.of(),
            "{\"id\":\"1\",\"type\":\"a\"}".getBytes(StandardCharsets.UTF_8));
    RawRequest bySecond = new Signer(second, SECRET, CLOCK).sign(body, "other");
    assertThat(both.verify(new Signer(first, SECRET, CLOCK).sign(body, "a")))
        .extracting(each -> ((VerifiedEvent) each).provider().name())
        .isEqualTo("first");
    assertThat(both.verify(bySecond))
        .extracting(each -> ((VerifiedEvent) each).type())
        .isEqualTo("other");
    assertThat(both.verify(bySecond.withHeader("X-Signature", "00".repeat(32))))
        .as("a wrong signature of one does not spoil a right one of the other")
        .isInstanceOf(VerifiedEvent.class);
    assertThat(both.verify(body)).isInstanceOf(Refused.class);
  }
}

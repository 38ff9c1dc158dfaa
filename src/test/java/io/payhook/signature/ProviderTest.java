package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonPointer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProviderTest {
  private static Map<String, Object> valid() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("signature", Map.of("header", "X-Signature", "algorithm", "hmac-sha256"));
    tree.put("event", Map.of("type", "/event", "key", "/id"));
    return tree;
  }

  @Test
  void settings_are_the_same_nested_and_dotted() {
    Provider nested = Provider.parse("p", valid());
    Provider dotted =
        Provider.parse(
            "p",
            Map.of(
                "signature.header", "X-Signature",
                "signature.algorithm", "hmac-sha256",
                "event.type", "/event",
                "event.key", "/id"));
    assertThat(nested.settings()).containsExactlyInAnyOrderEntriesOf(dotted.settings());
  }

  @Test
  void every_problem_is_told_at_once_with_what_would_be_right() {
    Map<String, Object> tree = valid();
    tree.put("signature.heder", "X");
    tree.put("signature.encoding", "base46");
    tree.put("timestamp.tolerance", "5 minutes");
    tree.put("event.amount", "data/amount");
    tree.put("confirm.status", "status");
    assertThatThrownBy(() -> Provider.parse("mine", tree))
        .isInstanceOfSatisfying(
            ProviderException.class,
            e ->
                assertThat(e.problems())
                    .extracting(ProviderException.Problem::toString)
                    .containsExactlyInAnyOrder(
                        "signature.heder: no such setting; did you mean 'signature.header'?",
                        "signature.encoding: 'base46' is none of hex, base64, base64url; did you"
                            + " mean 'base64'?",
                        "timestamp.tolerance: '5 minutes' is not a time span; write 300s, 5m, 72h"
                            + " or 3d",
                        "event.amount: no such source 'data/amount' (here: timestamp, id, method,"
                            + " url, url-with-port, url-without-port, url-decoded, sorted-form,"
                            + " crc32, sha256, type, raw-type, received, /pointer,"
                            + " root:/pointer, has:/pointer=TEXT, positive:/pointer=TEXT,"
                            + " header:NAME, query:NAME, form:NAME, part:NAME, params:NAME,"
                            + " const:NAME)",
                        "confirm.status: 'status' is not a JSON Pointer; one begins with '/', as"
                            + " /data/id"));
  }

  @Test
  void what_is_needed_is_told() {
    assertThatThrownBy(() -> Provider.parse("mine", Map.of("title", "Mine")))
        .hasMessageContaining("signature.algorithm: is missing")
        .hasMessageContaining("event.type: is missing")
        .hasMessageContaining("event.key: is missing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "signature.header ! '' ! no place is given for the signature",
        "signature.form-field ! sig ! more than one place is given",
        "signature.format ! key-values ! signature.part: is missing",
        "signature.part ! v1 ! has no meaning with signature.format plain",
        "signature.signed ! {timestamp}.{body} ! timestamp.from: is missing",
        "signature.signed ! {id}.{body} ! signature.id: is missing",
        "signature.signed ! {secret}{body} ! only goes with signature.algorithm sha256",
        "signature.algorithm ! sha256 ! proves nothing",
        "signature.signed ! {body ! '{' is not closed",
        "signature.signed ! {boddy} ! did you mean 'body'?",
        "signature.signed ! {type}{body} ! has no meaning here",
        "signature.signed ! {header} ! needs a name; write header:NAME",
        "signature.signed ! {body:x} ! takes no name",
        "signature.signed ! {json:data} ! is not a JSON Pointer",
        "signature.signed ! {params:account}{body} ! add params.account",
        "signature.header ! X Signature ! can't be the name of a header",
        "body.format ! xml-in-form ! body.field: is missing",
        "handshake.reply ! {token} ! handshake.when: is missing",
        "response.status ! 42 ! is not a status code",
        "event.currency-digits.ISK ! two ! should be a number from 0 to 4",
        "event.aliases ! x ! needs names of your own below it",
        "event.occurred-at-zone ! Lagos ! is not a time zone",
        "event.occurred-at-format ! qqqqqqqqq ! not a date pattern",
        "url.public ! shop.example/webhooks ! is not an absolute URL",
        "url.forwarded ! maybe ! should be true or false",
        "handshake.token-pattern ! [ ! not a pattern",
      })
  void what_does_not_go_together_is_told(String setting, String value, String told) {
    Provider provider = Provider.parse("mine", valid());
    assertThatThrownBy(() -> provider.with(Map.of(setting, value)))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining(told);
  }

  @Test
  void an_override_changes_one_setting_and_an_empty_one_takes_it_away() {
    Provider provider = Provider.parse("p", valid()).with(Map.of("signature.prefix", "sha256="));
    assertThat(provider.settings()).containsEntry("signature.prefix", "sha256=");
    assertThat(provider.with(Map.of("signature.prefix", "")).settings())
        .doesNotContainKey("signature.prefix");
    assertThat(provider.name()).isEqualTo("p");
  }

  @Test
  void checking_nothing_has_to_be_asked_for_by_the_providers_name() {
    Provider provider = Provider.parse("p", valid());
    assertThatThrownBy(
            () -> provider.with(Map.of("signature.algorithm", "none", "signature.header", "")))
        .hasMessageContaining("says so by provider 'none'");
  }

  @Test
  void a_setting_given_twice_is_refused() {
    Map<String, Object> tree = valid();
    tree.put("signature.header", "X-Other");
    assertThatThrownBy(() -> Provider.parse("p", tree))
        .hasMessageContaining("signature.header: is there twice");
  }

  @Test
  void a_list_is_refused_where_one_value_belongs() {
    Map<String, Object> tree = valid();
    tree.put("docs", List.of("https://a.example", "https://b.example"));
    assertThatThrownBy(() -> Provider.parse("p", tree))
        .hasMessageContaining("docs: takes one value, not a list");
  }

  @Test
  void aliases_may_hold_dots() {
    Map<String, Object> tree = valid();
    tree.put("event.aliases", Map.of("charge.success", "payment.success"));
    Provider provider = Provider.parse("p", tree);
    assertThat(provider.aliases()).containsEntry("charge.success", "payment.success");
    assertThat(provider.with(Map.of("event.aliases.charge.failed", "payment.failed")).aliases())
        .containsOnlyKeys("charge.success", "charge.failed");
  }

  @Test
  void it_tells_what_others_need() {
    Map<String, Object> tree = valid();
    tree.put("title", "Mine");
    tree.put("docs", "https://mine.example/docs");
    tree.put("retry-horizon", "72h");
    tree.put("unconfirmed", List.of("the header", "the algorithm"));
    tree.put("event.ignore", List.of("/attempt", "/sent_at"));
    tree.put("response", Map.of("status", "202", "body", "[accepted]"));
    tree.put(
        "confirm",
        Map.of(
            "url",
            "https://api.mine.example/{/id}",
            "status",
            "/status",
            "status-is",
            "paid",
            "secret",
            "sk_1"));
    Provider provider = Provider.parse("p", tree);
    assertThat(provider.title()).isEqualTo("Mine");
    assertThat(provider.docs()).contains("https://mine.example/docs");
    assertThat(provider.retryHorizon()).contains(Duration.ofDays(3));
    assertThat(provider.unconfirmed()).containsExactly("the header", "the algorithm");
    assertThat(provider.ignored())
        .containsExactly(JsonPointer.compile("/attempt"), JsonPointer.compile("/sent_at"));
    assertThat(provider.answersItsOwn()).contains(202);
    assertThat(provider.setting(Setting.RESPONSE_BODY)).contains("[accepted]");
    assertThat(provider.confirmation()).isPresent();
    assertThat(provider.isUnsigned()).isFalse();
    assertThat(provider.methods()).containsExactly("POST");
    assertThat(provider.coverage()).isEqualTo(Coverage.BODY);
  }

  @ParameterizedTest
  @CsvSource({
    "{body}, BODY",
    "{url}{body}, BODY",
    "{json:/data}, PART",
    "{crc32}, PART",
    "{url}, NOTHING",
  })
  void it_tells_how_much_the_signature_vouches_for(String signed, Coverage coverage) {
    assertThat(Provider.parse("p", valid()).with(Map.of("signature.signed", signed)).coverage())
        .isEqualTo(coverage);
  }

  @Test
  void it_tells_which_headers_hold_the_secret_itself() {
    Provider provider = Provider.parse("p", valid());
    assertThat(provider.credentialHeaders()).isEmpty();
    assertThat(provider.with(Map.of("signature.algorithm", "token")).credentialHeaders())
        .containsExactly("X-Signature");
    assertThat(
            provider
                .with(Map.of("signature.algorithm", "basic", "signature.header", ""))
                .credentialHeaders())
        .containsExactly("Authorization");
  }

  @Test
  void every_setting_says_what_it_is() {
    for (Setting setting : Setting.values()) {
      assertThat(setting.key()).matches("[a-z0-9.-]+");
      assertThat(setting.says()).isNotBlank();
    }
  }

  @Test
  void every_row_of_the_table_is_a_setting() {
    assertThat(Arrays.stream(Setting.values()).map(Setting::key))
        .containsExactlyInAnyOrderElementsOf(
            ResourceBundle.getBundle("signature.settings", Locale.ROOT).keySet())
        .startsWith("title", "docs")
        .endsWith("confirm.key", "params");
    assertThat(Setting.SIGNATURE_SEPARATOR.choices()).containsExactly(",", ";");
    assertThat(Setting.EVENT_KEY_OF.isMap() && Setting.EVENT_KEY_OF.isList()).isTrue();
    assertThat(Setting.CONFIRM_AMOUNT.isMap() || Setting.CONFIRM_AMOUNT.isList()).isFalse();
  }
}

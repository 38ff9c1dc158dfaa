package io.payhook.signature;

import static io.payhook.signature.Requests.BODY;
import static io.payhook.signature.Requests.CLOCK;
import static io.payhook.signature.Requests.NOW;
import static io.payhook.signature.Requests.SECRET;
import static io.payhook.signature.Requests.at;
import static io.payhook.signature.Requests.event;
import static io.payhook.signature.Requests.header;
import static io.payhook.signature.Requests.post;
import static io.payhook.signature.Requests.provider;
import static io.payhook.signature.Requests.refused;
import static io.payhook.signature.Requests.signed;
import static io.payhook.signature.Requests.verify;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.signature.Refused.Category;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerifierTest {
  private static final Provider PROVIDER = provider();
  private static final RawRequest VALID = signed(PROVIDER, BODY);

  @Test
  void a_signed_event_says_what_it_is() {
    VerifiedEvent event = event(verify(PROVIDER, VALID));
    assertThat(event.type()).isEqualTo("payment.success");
    assertThat(event.key()).isEqualTo("payment.success:TX-1");
    assertThat(event.entity()).isEqualTo("payment.success:TX-1");
    assertThat(event.secretLabel()).isEqualTo(SECRET.label());
    assertThat(event.request()).isEqualTo(VALID);
    assertThat(event.items()).containsExactly(event);
  }

  @Nested
  class Refuses_with_the_same_category_and_a_word_of_its_own {
    @Test
    void a_body_changed_after_signing() {
      assertRefused(
          VALID.withBody((BODY + "\n").getBytes(StandardCharsets.UTF_8)), "wrong-signature");
    }

    @Test
    void a_signature_made_with_another_secret() {
      RawRequest other =
          new Signer(PROVIDER, Secret.of("another-secret"), CLOCK).sign(post(BODY), "any");
      assertRefused(other, "wrong-signature");
    }

    @Test
    void a_request_without_the_header() {
      assertRefused(VALID.withoutHeader("X-Signature"), "missing-header");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t"})
    void an_empty_signature(String value) {
      assertRefused(VALID.withHeader("X-Signature", value), "missing-signature");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zz", "abc", "not a signature", "ab==", "🐟"})
    void a_signature_that_is_not_hex(String value) {
      assertRefused(VALID.withHeader("X-Signature", value), "bad-encoding");
    }

    @Test
    void a_signature_of_another_length() {
      assertRefused(VALID.withHeader("X-Signature", "abcd"), "wrong-signature");
      assertThat(refused(verify(PROVIDER, VALID.withHeader("X-Signature", "abcd"))).detail())
          .contains("2 bytes", "32");
    }

    @Test
    void the_beginning_of_the_right_signature() {
      String right = header(VALID, "X-Signature");
      assertRefused(VALID.withHeader("X-Signature", right.substring(0, 62)), "wrong-signature");
    }

    @Test
    void more_signatures_than_anybody_needs() {
      assertRefused(
          VALID.withHeader("X-Signature", "ab,".repeat(100) + header(VALID, "X-Signature")),
          "too-many-signatures");
    }

    private void assertRefused(RawRequest request, String reason) {
      Refused refused = refused(verify(PROVIDER, request));
      assertThat(refused.reason()).isEqualTo(reason);
      assertThat(refused.category()).isEqualTo(Category.SIGNATURE);
      assertThat(refused.detail()).doesNotContain(SECRET.value());
    }
  }

  @Test
  void hex_may_be_upper_case_and_the_headers_name_in_any_case() {
    String upper = header(VALID, "X-Signature").toUpperCase(Locale.ROOT);
    assertThat(verify(PROVIDER, post(BODY, "x-SIGNATURE", upper)))
        .isInstanceOf(VerifiedEvent.class);
  }

  @Test
  void one_of_several_headers_of_one_name_is_enough() {
    RawRequest request =
        post(BODY, "X-Signature", "00".repeat(32), "X-Signature", header(VALID, "X-Signature"));
    assertThat(verify(PROVIDER, request)).isInstanceOf(VerifiedEvent.class);
  }

  @Test
  void a_proxy_may_have_joined_them_with_a_comma() {
    RawRequest request =
        post(BODY, "X-Signature", "00".repeat(32) + ", " + header(VALID, "X-Signature"));
    assertThat(verify(PROVIDER, request)).isInstanceOf(VerifiedEvent.class);
  }

  @Nested
  class With_several_secrets {
    private static final Secret OLD = Secret.of("the-old-secret");

    @Test
    void each_is_enough_and_the_event_says_which_it_was() {
      Verifier verifier = new Verifier(PROVIDER, List.of(OLD, SECRET), CLOCK);
      assertThat(event(verifier.verify(VALID)).secretLabel()).isEqualTo(SECRET.label());
      RawRequest byOld = new Signer(PROVIDER, OLD, CLOCK).sign(post(BODY), "any");
      assertThat(event(verifier.verify(byOld)).secretLabel()).isEqualTo(OLD.label());
    }

    @Test
    void one_counts_only_within_its_dates() {
      Secret until = new Secret(SECRET.value(), "old", null, null, NOW);
      Secret from = new Secret(SECRET.value(), "new", null, NOW, null);
      Verifier before = new Verifier(PROVIDER, List.of(until, from), at(NOW.minusMillis(1)));
      Verifier after = new Verifier(PROVIDER, List.of(until, from), at(NOW));
      assertThat(event(before.verify(VALID)).secretLabel()).isEqualTo("old");
      assertThat(event(after.verify(VALID)).secretLabel()).isEqualTo("new");
    }

    @Test
    void none_that_counts_today_is_a_reason_of_its_own() {
      Secret until = new Secret(SECRET.value(), "old", null, null, NOW);
      Verifier verifier = new Verifier(PROVIDER, List.of(until), CLOCK);
      assertThat(refused(verifier.verify(VALID)).reason()).isEqualTo("no-active-secret");
    }
  }

  @Nested
  class Fails_closed_before_the_first_request {
    @Test
    void without_a_secret() {
      assertThatThrownBy(() -> new Verifier(PROVIDER, List.of(), CLOCK))
          .isInstanceOf(ProviderException.class)
          .hasMessageContaining("secrets: there is none");
    }

    @ParameterizedTest
    @CsvSource({"hex,xyzzy,is not hex", "base64,***,is not base64"})
    void with_a_secret_that_is_no_key(String form, String secret, String told) {
      assertThatThrownBy(
              () ->
                  new Verifier(provider("signature.key", form), List.of(Secret.of(secret)), CLOCK))
          .isInstanceOf(ProviderException.class)
          .hasMessageContaining(told)
          .message()
          .doesNotContain(secret);
    }

    @Test
    void with_nothing_after_the_secrets_prefix() {
      Provider provider = provider("signature.key", "base64", "signature.key-prefix", "whsec_");
      assertThatThrownBy(() -> new Verifier(provider, List.of(Secret.of("whsec_")), CLOCK))
          .hasMessageContaining("is empty after its prefix");
    }

    @Test
    void with_a_parameter_that_has_no_value() {
      Provider provider =
          Provider.parse(
              "test",
              java.util.Map.of(
                  "signature.header", "X-Signature",
                  "signature.algorithm", "hmac-sha256",
                  "signature.signed", "{params:account}{body}",
                  "params.account", "",
                  "event.type", "/event",
                  "event.key", "/id"));
      assertThatThrownBy(() -> new Verifier(provider, List.of(SECRET), CLOCK))
          .hasMessageContaining("params.account: has no value");
      assertThat(
              new Verifier(
                  provider.with(java.util.Map.of("params.account", "A1")), List.of(SECRET), CLOCK))
          .isNotNull();
    }
  }

  @Nested
  class An_authentic_request_that_makes_no_sense_is_malformed {
    @ParameterizedTest
    @CsvSource(
        delimiter = '!',
        value = {
          "Hello! not-json",
          "{\"event\":\"a\"! not-json",
          "{\"event\":\"a\"} {}! not-json",
          "{\"event\":\"a\",\"event\":\"b\"}! not-json",
          "{\"event\":\"a\",\"\\u0065vent\":\"b\"}! not-json",
          "{\"event\":\"a\",\"data\":{\"x\":1,\"x\":1}}! not-json",
          "{\"data\":{\"transaction_id\":\"TX-1\"}}! no-event-type",
          "{\"event\":{},\"data\":{\"transaction_id\":\"TX-1\"}}! no-event-type",
          "{\"event\":\"\",\"data\":{\"transaction_id\":\"TX-1\"}}! no-event-type",
          "{\"event\":\"a\",\"data\":{}}! no-event-key",
          "{\"event\":\"a\",\"data\":{\"transaction_id\":null}}! no-event-key",
          "{\"event\":\"a\\u0000\",\"data\":{\"transaction_id\":\"1\"}}! bad-event-type",
          "{\"event\":\"a\",\"data\":{\"transaction_id\":\"1\\u0000\"}}! bad-event-key",
          "{\"event\":\"a\",\"data\":{\"transaction_id\":\"\\ud800\"}}! bad-event-key",
          "[]! no-event-type",
          "null! no-event-type",
        })
    void and_says_why(String body, String reason) {
      Refused refused = refused(verify(PROVIDER, signed(PROVIDER, body)));
      assertThat(refused.reason()).isEqualTo(reason);
      assertThat(refused.category()).isEqualTo(Category.MALFORMED);
    }

    @Test
    void an_empty_body() {
      assertThat(refused(verify(PROVIDER, signed(PROVIDER, ""))).reason()).isEqualTo("not-json");
    }

    @Test
    void bytes_that_are_not_utf_8() {
      for (byte[] body :
          List.of(
              new byte[] {'"', (byte) 0xff, '"'},
              new byte[] {'"', (byte) 0xc0, (byte) 0x80, '"'},
              BODY.getBytes(StandardCharsets.UTF_16BE),
              BODY.getBytes(StandardCharsets.UTF_16LE))) {
        RawRequest request =
            new Signer(PROVIDER, SECRET, CLOCK).sign(post("").withBody(body), "any");
        assertThat(refused(verify(PROVIDER, request)).reason()).isIn("not-utf-8", "not-json");
      }
    }

    @Test
    void nesting_deeper_than_anybody_needs() {
      String deep = "[".repeat(100_000) + "]".repeat(100_000);
      assertThat(refused(verify(PROVIDER, signed(PROVIDER, deep))).category())
          .isEqualTo(Category.MALFORMED);
    }

    @Test
    void but_the_same_without_a_signature_is_only_not_authentic() {
      assertThat(refused(verify(PROVIDER, post("Hello"))).category()).isEqualTo(Category.SIGNATURE);
    }
  }

  @Test
  void money_is_never_floating_point_and_keeps_its_zeros() {
    JsonNode amount = event(verify(PROVIDER, VALID)).json().at("/data/amount");
    assertThat(amount.isBigDecimal()).isTrue();
    assertThat(amount.decimalValue()).isEqualTo(new BigDecimal("100.00"));
  }

  @Test
  void a_long_key_becomes_one_that_fits_and_two_stay_two() {
    String one = "{\"event\":\"a\",\"data\":{\"transaction_id\":\"" + "x".repeat(5_000) + "1\"}}";
    String two = one.replace("x1\"", "x2\"");
    String first = event(verify(PROVIDER, signed(PROVIDER, one))).key();
    String second = event(verify(PROVIDER, signed(PROVIDER, two))).key();
    assertThat(first).hasSizeLessThanOrEqualTo(512).isNotEqualTo(second);
  }

  @Test
  void nothing_that_prints_tells_the_secret() {
    assertThat(SECRET.toString()).doesNotContain(SECRET.value());
    assertThat(SECRET.label()).doesNotContain(SECRET.value());
    assertThat(VALID.toString()).doesNotContain(header(VALID, "X-Signature"));
  }
}

package io.payhook.tools.signing;

import static io.payhook.signature.Requests.CLOCK;
import static io.payhook.signature.Requests.NOW;
import static io.payhook.signature.Requests.SECRET;
import static io.payhook.signature.Requests.header;
import static io.payhook.signature.Requests.post;
import static io.payhook.signature.Requests.provider;
import static io.payhook.signature.Requests.refused;
import static io.payhook.signature.Requests.signed;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.kit.Json;
import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Requests;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignatureDiagnosisTest {
  private static final String BODY =
      "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"TX-1\",\"name\":\"Adé\",\"url\":\"https://x/y\"}}";

  private static List<String> explain(Provider provider, Secret secret, RawRequest request) {
    List<Secret> secrets = List.of(secret);
    Refused refused = refused(new Verifier(provider, secrets, CLOCK).verify(request));
    return SignatureDiagnosis.of(provider, secrets, request, refused, CLOCK);
  }

  private static void assertExplained(Provider provider, RawRequest request, String... words) {
    List<String> told = explain(provider, SECRET, request);
    assertThat(String.join(" ", told)).contains(words).doesNotContain(SECRET.value());
  }

  private static RawRequest withBody(RawRequest request, String body) {
    return request.withBody(body.getBytes(StandardCharsets.UTF_8));
  }

  @Nested
  class A_body_changed_after_signing {
    @Test
    void by_a_trailing_newline() {
      assertExplained(
          provider(),
          withBody(signed(provider(), BODY), BODY + "\n"),
          "The body was changed after it was signed",
          "without the line end at its end");
    }

    @Test
    void by_a_newline_taken_away() {
      assertExplained(
          provider(),
          withBody(signed(provider(), BODY + "\n"), BODY),
          "with a line end (\\n) at its end");
    }

    @Test
    void by_writing_it_anew() throws Exception {
      String pretty =
          Json.STRICT
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(Json.STRICT.readTree(BODY));
      assertExplained(
          provider(),
          withBody(signed(provider(), BODY), pretty),
          "re-serialised",
          "without spaces");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "indent | indented by 2",
          "space | with a space after",
          "unicode | with \\u escapes",
          "slashes | with escaped slashes",
        })
    void by_writing_it_anew_where_the_sender_wrote_it_otherwise(String how, String told) {
      String sent =
          switch (how) {
            case "indent" ->
                "{\n  \"event\": \"payment.success\",\n  \"data\": {\n    \"transaction_id\": \"TX-1\"\n  }\n}";
            case "space" ->
                "{\"event\": \"payment.success\", \"data\": {\"transaction_id\": \"TX-1\"}}";
            case "unicode" -> BODY.replace("é", "\\u00e9");
            default -> BODY.replace("/", "\\/");
          };
      String got =
          how.equals("indent") || how.equals("space")
              ? "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"TX-1\"}}"
              : BODY;
      assertExplained(provider(), withBody(signed(provider(), sent), got), told);
    }
  }

  @Test
  void hex_where_base64_was_expected() {
    Provider expected = provider("signature.encoding", "base64");
    assertExplained(
        expected,
        signed(provider(), BODY),
        "The signature is hex where base64 was expected; set signature.encoding to hex.");
  }

  @Test
  void another_algorithm() {
    assertExplained(
        provider(),
        signed(provider("signature.algorithm", "hmac-sha512"), BODY),
        "It was signed with hmac-sha512, not with hmac-sha256");
  }

  @Test
  void a_header_under_another_name() {
    assertExplained(
        provider(),
        signed(provider("signature.header", "X-Shop-Signature"), BODY),
        "The signature is in the header X-Shop-Signature, not in X-Signature");
  }

  @Test
  void a_header_that_is_missing() {
    assertExplained(provider(), post(BODY), "There is no header X-Signature", "signing turned on");
    assertExplained(
        provider(),
        post(BODY, "X-Other-Signature", "ab"),
        "These look like one, but don't fit with this secret: X-Other-Signature");
  }

  @Test
  void a_prefix_that_is_there_or_is_not() {
    Provider prefixed = provider("signature.prefix", "sha256=");
    assertExplained(prefixed, signed(provider(), BODY), "comes without 'sha256='");
    assertExplained(provider(), signed(prefixed, BODY), "begins with 'sha256='");
  }

  @Test
  void two_things_at_once() {
    Provider sender =
        provider("signature.header", "X-Hook-Signature", "signature.encoding", "base64");
    List<String> told = explain(provider(), SECRET, signed(sender, BODY));
    assertThat(told).hasSize(2);
    assertThat(told.get(0)).contains("X-Hook-Signature");
    assertThat(told.get(1)).startsWith("And: ").contains("signature.encoding to base64");
  }

  @Test
  void a_secret_that_is_base64_taken_as_text_and_the_other_way_round() {
    Secret secret = Secret.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    Provider base64 = provider("signature.key", "base64", "signature.key-prefix", "whsec_");
    RawRequest byBytes = new Signer(base64, secret, CLOCK).sign(post(BODY), "any");
    assertThat(String.join(" ", explain(provider(), secret, byBytes)))
        .contains("what follows whsec_ in the secret, taken as base64");
    RawRequest byText = new Signer(provider(), secret, CLOCK).sign(post(BODY), "any");
    assertThat(String.join(" ", explain(base64, secret, byText)))
        .contains("The secret is used whole, its prefix included");
  }

  @Test
  void a_secret_with_a_line_end() {
    Secret copied = Secret.of(SECRET.value() + "\n");
    assertThat(explain(provider(), copied, signed(provider(), BODY)).get(0))
        .contains("spaces or line ends around it");
  }

  @Test
  void the_secret_itself_in_the_header() {
    assertExplained(
        provider(), post(BODY, "X-Signature", SECRET.value()), "holds the secret itself");
  }

  @Test
  void a_test_secret_for_a_live_event() {
    Provider stripe = Providers.shipped().get("stripe");
    String live = "{\"id\":\"evt_1\",\"type\":\"a\",\"livemode\":true}";
    RawRequest request =
        new Signer(stripe, Secret.of("whsec_live_1"), CLOCK).sign(post(live), "any");
    assertThat(String.join(" ", explain(stripe, Secret.of("whsec_test_1"), request)))
        .contains("is one for tests, and the body says it is live");
  }

  @Test
  void a_clock_that_is_off() {
    Provider stripe = Providers.shipped().get("stripe");
    RawRequest request =
        new Signer(stripe, SECRET, Requests.at(NOW.minusSeconds(3_600)))
            .sign(post("{\"id\":\"evt_1\",\"type\":\"a\"}"), "any");
    assertExplained(stripe, request, "The signature itself is right", "3600 s ago", "NTP");
    RawRequest ahead =
        new Signer(stripe, SECRET, Requests.at(NOW.plusSeconds(3_600)))
            .sign(post("{\"id\":\"evt_1\",\"type\":\"a\"}"), "any");
    assertExplained(stripe, ahead, "3600 s ahead", "This machine's clock is behind");
  }

  @ParameterizedTest
  @CsvSource({
    "https://shop.example/hook, http://shop.example/hook",
    "https://shop.example/hook, https://shop.example/hook/",
    "https://shop.example/hook, https://shop.example:443/hook",
    "https://shop.example/hook, https://shop.example/hook?a=1",
    "https://shop.example/hook, http://shop.example:8080/hook",
  })
  void a_url_that_is_not_the_public_one(String signedUrl, String seen) {
    Provider square = Providers.shipped().get("square");
    RawRequest request =
        new Signer(square, SECRET, CLOCK)
            .sign(new RawRequest("POST", signedUrl, List.of(), post(BODY).body()), "any");
    RawRequest got = new RawRequest("POST", seen, request.headers(), request.body());
    assertExplained(
        square, got, "The URL that was signed is " + signedUrl, "not " + seen, "url.public");
  }

  @Test
  void a_url_that_only_the_proxy_knows() {
    Provider square = Providers.shipped().get("square");
    RawRequest request =
        new Signer(square, SECRET, CLOCK)
            .sign(
                new RawRequest("POST", "https://shop.example/hook", List.of(), post(BODY).body()),
                "any");
    RawRequest got =
        new RawRequest("POST", "http://10.0.0.7:8080/hook", request.headers(), request.body())
            .withHeader("X-Forwarded-Proto", "https")
            .withHeader("X-Forwarded-Host", "shop.example");
    assertExplained(square, got, "set url.forwarded to true");
  }

  @Test
  void other_text_that_was_signed() {
    assertExplained(
        provider(),
        signed(provider("signature.signed", "{url}{body}"), BODY),
        "What was signed is {url}{body}; set signature.signed to that.");
  }

  @Test
  void what_nothing_usual_explains() {
    RawRequest request =
        new Signer(provider(), Secret.of("quite another"), CLOCK).sign(post(BODY), "any");
    assertExplained(provider(), request, "the secret is another endpoint's or an old one");
    assertThat(String.join("", explain(provider(), SECRET, request)))
        .doesNotContain(header(request, "X-Signature"));
  }

  @Test
  void a_secret_whose_day_is_over() {
    Secret over = new Secret(SECRET.value(), "old", null, null, NOW.minusSeconds(1));
    assertThat(explain(provider(), over, signed(provider(), BODY)).get(0))
        .contains("No secret counts at this time", "old until");
  }

  @Test
  void an_authentic_request_that_is_malformed() {
    List<String> told = explain(provider(), SECRET, signed(provider(), "{}"));
    assertThat(told.get(0)).startsWith("The signature is right.").contains("no event type");
  }

  @Test
  void upper_case_hex_and_the_like_need_no_explanation() {
    RawRequest request = signed(provider(), BODY);
    RawRequest upper =
        request.withHeader("X-Signature", header(request, "X-Signature").toUpperCase(Locale.ROOT));
    assertThat(new Verifier(provider(), List.of(SECRET), CLOCK).verify(upper))
        .isInstanceOf(VerifiedEvent.class);
  }

  @Test
  void a_time_that_cannot_be_read_is_all_that_is_wrong_with_a_right_signature() {
    Provider timed = provider("timestamp.from", "header:X-Time", "timestamp.tolerance", "300s");
    RawRequest request = signed(provider(), BODY, "X-Time", "noon");
    assertThat(explain(timed, SECRET, request)).containsExactly("The timestamp is not in seconds.");
  }

  @Test
  void a_prefix_is_only_taken_away_from_a_key_that_has_one() {
    Provider encoded = provider("signature.key", "base64");
    Secret secret = Secret.of(SECRET.value().replace('-', 'A'));
    RawRequest sent = new Signer(provider(), secret, CLOCK).sign(post(BODY), "payment.success");
    assertThat(explain(encoded, secret, sent))
        .containsExactly("The key is the secret taken as it is; set signature.key to text.");
  }
}

package io.payhook.signature;

import static io.payhook.signature.Requests.CLOCK;
import static io.payhook.signature.Requests.NOW;
import static io.payhook.signature.Requests.SECRET;
import static io.payhook.signature.Requests.post;
import static io.payhook.signature.Requests.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {
  private static final Provider ZOOM = Providers.shipped().get("zoom");
  private static final Provider SLACK = Providers.shipped().get("slack");
  private static final Provider BRAINTREE = Providers.shipped().get("braintree");

  private static Verdict verify(Provider provider, Secret secret, RawRequest request) {
    return new Verifier(provider, List.of(secret), CLOCK).verify(request);
  }

  private static Handshake answer(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Handshake.class);
    return (Handshake) verdict;
  }

  private static String urlValidation(String token) {
    return "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"" + token + "\"}}";
  }

  @Test
  void zoom_gets_its_token_back_with_a_signature_of_it() {
    Handshake answer =
        answer(
            verify(
                ZOOM,
                Secret.of("zoom_secret_token"),
                post(urlValidation("qgg8vlvZRS6UYooatFL8Aw"))));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.contentType()).isEqualTo("application/json");
    assertThat(answer.text())
        .isEqualTo(
            "{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":"
                + "\"bd48235863f4a6323ccc4963c594908b7c97f88b4a6a95278f4f093690b12726\"}");
  }

  @Test
  void a_stranger_cant_have_an_event_signed_by_calling_it_a_token() {
    // The signed form of an event is v0:TIMESTAMP:BODY, and the answer would be its signature.
    String forged = "v0:" + NOW.getEpochSecond() + ":{}";
    Refused refused = refused(verify(ZOOM, SECRET, post(urlValidation(forged))));
    assertThat(refused.reason()).isEqualTo("bad-handshake");
    assertThat(refused.category()).isEqualTo(Refused.Category.SIGNATURE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a:b", "a\\\"b", "a b", "a\\nb", "{}"})
  void a_token_that_is_not_like_one_is_refused(String token) {
    assertThat(refused(verify(ZOOM, SECRET, post(urlValidation(token)))).reason())
        .isEqualTo("bad-handshake");
  }

  @Test
  void an_event_is_no_handshake() {
    String event = "{\"event\":\"meeting.started\",\"payload\":{\"plainToken\":\"abc\"}}";
    assertThat(refused(verify(ZOOM, SECRET, post(event))).reason()).isEqualTo("missing-header");
    RawRequest signed = new Signer(ZOOM, SECRET, CLOCK).sign(post(event), "meeting.started");
    assertThat(verify(ZOOM, SECRET, signed)).isInstanceOf(VerifiedEvent.class);
  }

  @Test
  void slack_gets_its_challenge_back_only_when_it_signed() {
    String body = "{\"type\":\"url_verification\",\"token\":\"x\",\"challenge\":\"3eZbrw1aBm\"}";
    RawRequest signed = new Signer(SLACK, SECRET, CLOCK).sign(post(body), "any");
    Handshake answer = answer(verify(SLACK, SECRET, signed));
    assertThat(answer.text()).isEqualTo("3eZbrw1aBm");
    assertThat(answer.contentType()).isEqualTo("text/plain");
    assertThat(refused(verify(SLACK, SECRET, post(body))).reason()).isEqualTo("missing-header");
  }

  @Test
  void braintree_gets_its_challenge_signed_by_get_with_the_name_of_the_key() {
    Secret secret =
        new Secret("integration_private_key", "it", "integration_public_key", null, null);
    RawRequest get =
        new RawRequest(
            "GET",
            "https://shop.example/webhooks/cards?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
            List.of(),
            new byte[0]);
    assertThat(answer(verify(BRAINTREE, secret, get)).text())
        .isEqualTo("integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
    assertThat(BRAINTREE.methods()).containsExactly("POST", "GET");
    RawRequest odd =
        new RawRequest(
            "GET", "https://shop.example/?bt_challenge=PG5vdGlmaWNhdGlvbj4", List.of(), get.body());
    assertThat(refused(verify(BRAINTREE, secret, odd)).reason()).isEqualTo("bad-handshake");
  }
}

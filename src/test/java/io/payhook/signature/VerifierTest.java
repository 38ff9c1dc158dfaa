package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import io.payhook.signature.RawRequest.Header;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerifierTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Provider ECHEZONA = Providers.shipped().get("echezona");
  private static final Secret SECRET = Secret.of("merchant-api-key");
  private static final String BODY =
      """
      {"event": "charge.success", "data": {"transaction_id": "ECZ-1", "amount": 500050, "currency": "NGN"}}""";

  private static RawRequest signed(String body) {
    return new Signer(ECHEZONA, SECRET, CLOCK).sign(unsigned(body), "payment.success");
  }

  private static RawRequest unsigned(String body) {
    return new RawRequest(
        "POST",
        "http://127.0.0.1:8080/webhooks/payments",
        List.of(new Header("Content-Type", "application/json")),
        body.getBytes(StandardCharsets.UTF_8));
  }

  private static Verdict verify(RawRequest request) {
    return new Verifier(ECHEZONA, List.of(SECRET), CLOCK).verify(request);
  }

  @Test
  void a_signed_event_is_verified_and_says_what_it_is() {
    assertThat(verify(signed(BODY)))
        .isInstanceOfSatisfying(
            VerifiedEvent.class,
            event -> {
              assertThat(event.type()).isEqualTo("payment.success");
              assertThat(event.rawType()).isEqualTo("charge.success");
              assertThat(event.key()).isEqualTo("payment.success:ECZ-1");
              assertThat(event.entity()).isEqualTo("ECZ-1");
              assertThat(event.amount()).isEqualByComparingTo("5000.50");
              assertThat(event.currency()).isEqualTo("NGN");
              assertThat(event.secretLabel()).isEqualTo(SECRET.label());
            });
  }

  @Test
  void a_body_changed_after_signing_is_refused() {
    RawRequest changed = signed(BODY).withBody((BODY + "\n").getBytes(StandardCharsets.UTF_8));
    assertThat(verify(changed))
        .isInstanceOfSatisfying(
            Refused.class,
            refused -> {
              assertThat(refused.category()).isEqualTo(Refused.Category.SIGNATURE);
              assertThat(refused.reason()).isEqualTo("wrong-signature");
            });
  }
}

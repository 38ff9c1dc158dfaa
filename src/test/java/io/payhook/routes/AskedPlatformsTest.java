package io.payhook.routes;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.signature.Confirmation;
import io.payhook.signature.Confirmation.Confirmed;
import io.payhook.signature.Confirmation.Finding;
import io.payhook.signature.Confirmation.Kept;
import io.payhook.signature.Confirmation.Meaning;
import io.payhook.signature.Confirmation.Question;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Platforms that sign nothing and are asked, and platforms that want an answer of their own. */
class AskedPlatformsTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Providers SHIPPED = Providers.shipped();
  private static final String NOTICE =
      "OrderTrackingId=b945e4af-80a5&OrderNotificationType=IPNCHANGE&OrderMerchantReference=T-1";

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] body) {
    return new String(body, StandardCharsets.UTF_8);
  }

  private static VerifiedEvent unsigned(Provider provider, RawRequest request) {
    return (VerifiedEvent) new Verifier(provider, List.of(), CLOCK).verify(request);
  }

  private static RawRequest json(String body) {
    return new RawRequest(
        "POST",
        "https://shop.example.com/webhooks/shop",
        List.of(new RawRequest.Header("Content-Type", "application/json")),
        utf8(body));
  }

  private static Kept kept(VerifiedEvent event) {
    RawRequest request = event.request();
    return new Kept(event.type(), request.header("Content-Type"), request.body());
  }

  private static Confirmation pesapal() {
    return SHIPPED
        .get("pesapal")
        .with(Map.of("confirm.secret", "key:sec\"ret"))
        .confirmation()
        .orElseThrow();
  }

  @Test
  void pesapal_calls_with_get_or_post_and_gets_its_three_values_back() {
    Provider provider = SHIPPED.get("pesapal").with(Map.of("confirm.secret", "key:secret"));
    RawRequest get =
        new RawRequest(
            "GET", "https://shop.example.com/webhooks/shop?" + NOTICE, List.of(), new byte[0]);
    RawRequest post =
        json(
            "{\"OrderNotificationType\":\"IPNCHANGE\",\"OrderTrackingId\":\"b945e4af-80a5\","
                + "\"OrderMerchantReference\":\"T-1\"}");
    for (RawRequest request : List.of(get, post)) {
      VerifiedEvent event = unsigned(provider, request);
      assertThat(event.type()).isEqualTo("payment.changed");
      assertThat(event.entity()).isEqualTo("T-1");
      assertThat(provider.response(event).orElseThrow().body())
          .isEqualTo(
              "{\"orderNotificationType\":\"IPNCHANGE\",\"orderTrackingId\":\"b945e4af-80a5\","
                  + "\"orderMerchantReference\":\"T-1\",\"status\":200}");
      Question question = pesapal().question(kept(event), "a-token");
      assertThat(question.url())
          .isEqualTo(
              "https://pay.pesapal.com/v3/api/Transactions/GetTransactionStatus"
                  + "?orderTrackingId=b945e4af-80a5");
      assertThat(question.headers()).containsEntry("Authorization", "Bearer a-token");
    }
  }

  @Test
  void pesapal_is_asked_with_a_token_and_tells_type_amount_and_currency() {
    Question token = Objects.requireNonNull(pesapal().tokenQuestion());
    assertThat(token.method()).isEqualTo("POST");
    assertThat(text(Objects.requireNonNull(token.body())))
        .isEqualTo("{\"consumer_key\":\"key\",\"consumer_secret\":\"sec\\\"ret\"}");
    assertThat(pesapal().token(utf8("{\"token\":\"a-token\",\"status\":\"200\"}")))
        .isEqualTo("a-token");
    Finding paid = pesapalSays(1, "T-1");
    assertThat(paid.confirmed())
        .isEqualTo(
            new Confirmed(
                "payment.completed", "T-1:1:2529", null, new BigDecimal("1000.00"), "TZS"));
    assertThat(typeOf(pesapalSays(2, "T-1"))).isEqualTo("payment.failed");
    assertThat(typeOf(pesapalSays(3, "T-1"))).isEqualTo("payment.reversed");
    assertThat(pesapalSays(0, "T-1").meaning()).isEqualTo(Meaning.PENDING);
    assertThat(pesapalSays(1, "T-2").meaning()).isEqualTo(Meaning.CONTRADICTED);
  }

  private static Finding pesapalSays(int status, String reference) {
    Kept event = new Kept("payment.changed", "application/x-www-form-urlencoded", utf8(NOTICE));
    return pesapal()
        .judge(
            event,
            utf8(
                "{\"amount\":1000,\"currency\":\"TZS\",\"confirmation_code\":\"2529\","
                    + ("\"merchant_reference\":\"" + reference + "\",")
                    + ("\"status_code\":" + status + "}")));
  }

  private static String typeOf(Finding finding) {
    return String.valueOf(Objects.requireNonNull(finding.confirmed()).type());
  }

  private static Provider mpesaProvider() {
    return SHIPPED
        .get("mpesa")
        .with(
            Map.of(
                "confirm.secret", "key:secret",
                "params.short-code", "174379",
                "params.timestamp", "20260101000000",
                "params.password", "cGFzc3dvcmQ="));
  }

  private static Confirmation mpesa() {
    return mpesaProvider().confirmation().orElseThrow();
  }

  @Test
  void mpesa_is_asked_what_came_of_a_request_whatever_the_callback_says() {
    Question token = Objects.requireNonNull(mpesa().tokenQuestion());
    assertThat(token.method()).isEqualTo("GET");
    assertThat(token.headers()).containsEntry("Authorization", "Basic a2V5OnNlY3JldA==");
    Question question = mpesa().question(callback(), "a-token");
    assertThat(text(Objects.requireNonNull(question.body())))
        .isEqualTo(
            "{\"BusinessShortCode\":\"174379\",\"Password\":\"cGFzc3dvcmQ=\","
                + "\"Timestamp\":\"20260101000000\",\"CheckoutRequestID\":\"ws_CO_1\"}");
    assertThat(mpesaSays("0", "ws_CO_1").confirmed())
        .isEqualTo(new Confirmed("stk.success", "ws_CO_1:0", null, null, null));
    assertThat(typeOf(mpesaSays("1032", "ws_CO_1"))).isEqualTo("stk.failed");
    assertThat(typeOf(mpesaSays("8006", "ws_CO_1"))).isEqualTo("stk.failed");
    assertThat(mpesaSays("4999", "ws_CO_1").meaning()).isEqualTo(Meaning.PENDING);
    assertThat(mpesaSays("0", "ws_CO_2").meaning()).isEqualTo(Meaning.CONTRADICTED);
  }

  private static Kept callback() {
    return new Kept(
        "stk.callback",
        "application/json",
        utf8(
            "{\"Body\":{\"stkCallback\":{\"CheckoutRequestID\":\"ws_CO_1\",\"ResultCode\":0,"
                + "\"CallbackMetadata\":{\"Item\":[{\"Name\":\"Amount\",\"Value\":1000000}]}}}}"));
  }

  private static Finding mpesaSays(String code, String request) {
    return mpesa()
        .judge(
            callback(),
            utf8(
                "{\"ResponseCode\":\"0\",\"CheckoutRequestID\":\""
                    + request
                    + "\",\"ResultCode\":\""
                    + code
                    + "\"}"));
  }

  @Test
  void an_answer_names_what_it_is_about_where_the_platform_wants_that() {
    assertThat(answer("providus", "{\"settlementId\":\"S\",\"sessionId\":\"00\\\"01\"}"))
        .isEqualTo(
            "{\"requestSuccessful\":true,\"sessionId\":\"00\\\"01\",\"responseMessage\":\"success\","
                + "\"responseCode\":\"00\"}");
    Sample squad = SHIPPED.samples("squad-virtual-account").get(0);
    assertThat(answer("squad-virtual-account", text(squad.body())))
        .contains("\"transaction_reference\":\"REF20260424S67978035_M01682015_9013151600\"");
    VerifiedEvent callback = unsigned(mpesaProvider(), json(text(callback().body())));
    assertThat(mpesaProvider().response(callback).orElseThrow().body())
        .isEqualTo("{\"ResultCode\":0,\"ResultDesc\":\"Accepted\"}");
  }

  private static String answer(String preset, String body) {
    Provider provider = SHIPPED.get(preset);
    Secret secret = Secret.of("a-secret");
    RawRequest request = new Signer(provider, secret, CLOCK).sign(json(body), "any");
    Verifier verifier = new Verifier(provider, List.of(secret), CLOCK);
    VerifiedEvent event = (VerifiedEvent) verifier.verify(request);
    return String.valueOf(provider.response(event).orElseThrow().body());
  }
}

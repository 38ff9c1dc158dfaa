package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Texts that platforms sign in place of the raw body. */
class SignedTextTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Secret SECRET = Secret.of("secret");

  private static Map<String, String> valid() {
    Map<String, String> settings = new HashMap<>();
    settings.put("signature.header", "X-Signature");
    settings.put("signature.algorithm", "hmac-sha256");
    settings.put("event.type", "const:a");
    settings.put("event.key", "sha256");
    return settings;
  }

  private static String signed(String template, String body) throws Exception {
    return signed(valid(), template, "application/json", body);
  }

  private static String signed(
      Map<String, String> settings, String template, String contentType, String body)
      throws Exception {
    Provider provider = Provider.parse("mine", settings);
    RawRequest request =
        new RawRequest(
            "POST",
            "https://shop.example.com/",
            List.of(new RawRequest.Header("Content-Type", contentType)),
            body.getBytes(StandardCharsets.UTF_8));
    Scope scope = new Scope(provider.plan(), request, CLOCK.instant());
    scope.secret = Secret.of("pass phrase*~/");
    return new String(
        Template.parse(template, Template.Context.SIGNED).bytes(scope), StandardCharsets.UTF_8);
  }

  /** What Node.js 20 prints for {@code JSON.stringify(JSON.parse(text))}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "100.00 | 100",
        "-0 | 0",
        "-0.0 | 0",
        "1e2 | 100",
        "1.10 | 1.1",
        "0.1 | 0.1",
        "1e21 | 1e+21",
        "123456789012345678901 | 123456789012345680000",
        "1e20 | 100000000000000000000",
        "0.000001 | 0.000001",
        "0.0000001 | 1e-7",
        "1.5e-9 | 1.5e-9",
        "9007199254740993 | 9007199254740992",
        "2e-323 | 2e-323",
        "5e-324 | 5e-324",
        "1.7976931348623157e308 | 1.7976931348623157e+308",
        "2.2250738585072011e-308 | 2.225073858507201e-308",
        "`{ \"b\" : 1, \"a\" : [ true, null, \"x\" ] }` | `{\"b\":1,\"a\":[true,null,\"x\"]}`",
        "`{\"b\":1,\"10\":2,\"9\":3,\"01\":4,\"4294967295\":5}` | `{\"9\":3,\"10\":2,\"b\":1,\"01\":4,\"4294967295\":5}`",
        "`\"\\u00e9\\/\\u2028\\u0001\\u007f\\n\\t\\b\\f\\r\\\\\\\"\"` | `\"é/\u2028\\u0001\u007f\\n\\t\\b\\f\\r\\\\\\\"\"`",
        "`\"\\ud83d\\ude00\"` | `\"😀\"`",
        "`\"\\ud83d\"` | `\"\\ud83d\"`",
      })
  void stringify_is_what_javascript_makes_of_it(String json, String expected) throws Exception {
    assertThat(signed("{stringify:/data}", "{\"data\":" + json + "}")).isEqualTo(expected);
  }

  @Test
  void stringify_without_a_pointer_is_the_whole_body() throws Exception {
    assertThat(signed("{stringify}", "{ \"a\": 1.0 }")).isEqualTo("{\"a\":1}");
  }

  @ParameterizedTest
  @CsvSource({"KWD, 1, 1.000", "NGN, 100, 100.00", "JPY, 500, 500", "EGP, '\"12.5\"', 12.50"})
  void money_has_its_currencys_decimals(String currency, String amount, String expected)
      throws Exception {
    Map<String, String> settings = valid();
    settings.put("event.currency", "/currency");
    assertThat(
            signed(
                settings,
                "{money:/amount}",
                "application/json",
                "{\"currency\":\"" + currency + "\",\"amount\":" + amount + "}"))
        .isEqualTo(expected);
  }

  @Test
  void listed_are_the_members_that_the_body_names_sorted() throws Exception {
    assertThat(
            signed(
                "{listed:/data/signatureKeys}",
                """
                {"data":{"b":"x y&z","a":1.50,"c":true,"d":"no","e":null,"f":[1,2],
                 "signatureKeys":["c","b","a","gone","e","f"]}}
                """))
        .isEqualTo("a=1.50&b=x%20y%26z&c=true&e&f=1&f=2");
  }

  @Test
  void nullable_and_flag_never_lack_anything() throws Exception {
    assertThat(
            signed(
                "{nullable:/a}:{nullable:/b}:{nullable:/c}:{nullable:/d}:{flag:/t}{flag:/f}{flag:/g}",
                "{\"a\":\"null\",\"b\":null,\"d\":\"00\",\"t\":true,\"f\":false}"))
        .isEqualTo(":::00:tf" + "f");
  }

  @Test
  void form_fields_keep_their_order_and_leave_the_signature_out() throws Exception {
    Map<String, String> settings = valid();
    settings.put("body.format", "form");
    settings.remove("signature.header");
    settings.put("signature.form-field", "signature");
    settings.put("signature.algorithm", "md5");
    settings.put("signature.signed", "{form-fields}&passphrase={secret-encoded}");
    assertThat(
            signed(
                settings,
                "{form-fields}&passphrase={secret-encoded}",
                "application/x-www-form-urlencoded",
                "b=2+3&a=%c3%a9*&empty=&signature=abc"))
        .isEqualTo("b=2+3&a=%C3%A9%2A&empty=&passphrase=pass+phrase%2A%7E%2F");
  }

  private static Verdict verify(Map<String, String> settings, RawRequest request) {
    Provider provider = Provider.parse("mine", settings);
    return new Verifier(provider, List.of(SECRET), CLOCK).verify(request);
  }

  private static RawRequest request(String url, String contentType, String body) {
    return new RawRequest(
        "POST",
        url,
        List.of(new RawRequest.Header("Content-Type", contentType)),
        body.getBytes(StandardCharsets.UTF_8));
  }

  /** Made with Python's hashlib and hmac, not with this code. */
  @ParameterizedTest
  @CsvSource({
    "hmac-sha3-512, text, {body}, '',"
        + " 34812c2f3b089c28c4b451156e830ba44672de70ad6202a1bf6dff1061ffb4af1b4f9788c8cd66861ea73ca525624408069afb85dde3b03eed9429a06aa6a255",
    "md5, text, {body}{secret}, '', 27c48657ade44c9eb1a76d47c863006e",
    "sha512, text, {body}{secret}, lower,"
        + " a21c65eb3a2108d87f095296cdc0190ed6b3284885fdf5381d49c2f3b210d2b85a9d3e4774d627a2c484cc27990778c4d593c489cbfea329b7606242d084773b",
    "hmac-sha512, sha256-hex, {body}, '',"
        + " 33d742d5a814ec89b645d34bf6a621422e1befdd04b98d3565e09bb1a3b862c0e938343aa5dde8004d8ebf91e6c3b7ef3702bc1417e923c4a0b3f95fd15e851c",
  })
  void a_signature_made_elsewhere_holds(
      String algorithm, String key, String signed, String casing, String signature) {
    Map<String, String> settings = valid();
    settings.put("signature.algorithm", algorithm);
    settings.put("signature.key", key);
    settings.put("signature.signed", signed);
    if (!casing.isEmpty()) {
      settings.put("signature.signed-case", casing);
    }
    RawRequest request =
        request("https://a/", "application/json", casing.isEmpty() ? "{}" : "{\"A\":1}")
            .withHeader("X-Signature", signature);
    assertThat(verify(settings, request)).isInstanceOf(VerifiedEvent.class);
  }

  @ParameterizedTest
  @CsvSource({
    "hmac-sha3-512, text, {body}, ''",
    "md5, text, {body}{secret}, ''",
    "sha512, text, {body}{secret}, lower",
    "hmac-sha512, sha256-hex, {body}, ''",
  })
  void what_is_signed_so_holds_and_a_changed_body_does_not(
      String algorithm, String key, String signed, String casing) {
    Map<String, String> settings = valid();
    settings.put("signature.algorithm", algorithm);
    settings.put("signature.key", key);
    settings.put("signature.signed", signed);
    if (!casing.isEmpty()) {
      settings.put("signature.signed-case", casing);
    }
    RawRequest made =
        new Signer(Provider.parse("mine", settings), SECRET, CLOCK)
            .sign(request("https://a/", "application/json", "{\"A\":1}"), "a");
    assertThat(verify(settings, made)).isInstanceOf(VerifiedEvent.class);
    assertThat(verify(settings, made.withBody("{\"A\":2}".getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(Refused.class);
  }

  @Test
  void a_signature_may_stand_in_the_query() {
    Map<String, String> settings = valid();
    settings.remove("signature.header");
    settings.put("signature.query", "hmac");
    RawRequest made =
        new Signer(Provider.parse("mine", settings), SECRET, CLOCK)
            .sign(request("https://a/?x=1&hmac=old", "application/json", "{}"), "a");
    assertThat(made.url()).matches("https://a/\\?x=1&hmac=[0-9a-f]{64}");
    assertThat(verify(settings, made)).isInstanceOf(VerifiedEvent.class);
    assertThat(verify(settings, request("https://a/?x=1", "application/json", "{}")))
        .isInstanceOfSatisfying(
            Refused.class, refused -> assertThat(refused.reason()).isEqualTo("missing-signature"));
  }

  @Test
  void a_platform_that_calls_with_get_has_its_query_as_the_body() {
    Map<String, String> settings = valid();
    settings.remove("signature.header");
    settings.put("signature.algorithm", "none");
    settings.put("request.methods", "GET");
    settings.put("body.format", "form");
    settings.put("event.key", "/OrderTrackingId");
    Provider provider = Provider.parse("mine", settings);
    RawRequest made =
        new Signer(provider, SECRET, CLOCK)
            .sign(
                request(
                    "https://a/webhooks/p",
                    "application/x-www-form-urlencoded",
                    "OrderTrackingId=b945-1&OrderNotificationType=IPNCHANGE"),
                "a");
    assertThat(made.method()).isEqualTo("GET");
    assertThat(made.url())
        .isEqualTo("https://a/webhooks/p?OrderTrackingId=b945-1&OrderNotificationType=IPNCHANGE");
    assertThat(verify(settings, made))
        .isInstanceOfSatisfying(
            VerifiedEvent.class,
            event -> {
              assertThat(event.key()).isEqualTo("b945-1");
              assertThat(event.request().body())
                  .asString(StandardCharsets.UTF_8)
                  .isEqualTo("OrderTrackingId=b945-1&OrderNotificationType=IPNCHANGE");
            });
  }
}

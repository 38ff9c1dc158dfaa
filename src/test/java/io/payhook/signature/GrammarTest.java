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

import io.payhook.kit.Digests;
import io.payhook.signature.Refused.Category;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each feature of the grammar, against signatures made here with the Java library alone. */
class GrammarTest {
  private static final String NOW_S = Long.toString(NOW.getEpochSecond());

  private static byte[] hmac(String algorithm, byte[] key, String content) {
    try {
      Mac mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(key, algorithm));
      return mac.doFinal(content.getBytes(StandardCharsets.UTF_8));
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String hex(String content) {
    return HexFormat.of().formatHex(hmac("HmacSHA256", utf8(SECRET.value()), content));
  }

  private static void assertAccepted(Provider provider, RawRequest request) {
    Verdict verdict = verify(provider, request);
    assertThat(verdict).as(verdict.toString()).isInstanceOf(VerifiedEvent.class);
  }

  private static void assertRefused(Provider provider, RawRequest request, String reason) {
    Refused refused = refused(verify(provider, request));
    assertThat(refused.reason()).as(refused.detail()).isEqualTo(reason);
    assertThat(refused.category()).isEqualTo(Category.SIGNATURE);
  }

  @Nested
  class Algorithms_and_encodings {
    @ParameterizedTest
    @CsvSource({
      "hmac-sha1, HmacSHA1, hex",
      "hmac-sha256, HmacSHA256, hex",
      "hmac-sha512, HmacSHA512, hex",
      "hmac-sha1, HmacSHA1, base64",
      "hmac-sha256, HmacSHA256, base64",
      "hmac-sha512, HmacSHA512, base64",
      "hmac-sha256, HmacSHA256, base64url",
    })
    void an_hmac_of_the_body(String algorithm, String jca, String encoding) {
      Provider provider =
          provider("signature.algorithm", algorithm, "signature.encoding", encoding);
      byte[] mac = hmac(jca, utf8(SECRET.value()), BODY);
      String text =
          switch (encoding) {
            case "hex" -> HexFormat.of().formatHex(mac);
            case "base64" -> Base64.getEncoder().encodeToString(mac);
            default -> Base64.getUrlEncoder().encodeToString(mac);
          };
      assertAccepted(provider, post(BODY, "X-Signature", text));
      assertAccepted(provider, signed(provider, BODY));
      if (!encoding.equals("hex")) {
        assertAccepted(provider, post(BODY, "X-Signature", text.replace("=", "")));
      }
      assertRefused(provider, post(BODY + " ", "X-Signature", text), "wrong-signature");
    }

    @Test
    void base64_with_stray_bits_is_another_text_for_the_same_bytes_and_refused() {
      Provider provider = provider("signature.encoding", "base64");
      String right = header(signed(provider, BODY), "X-Signature");
      String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      char stray = letters.charAt(letters.indexOf(right.charAt(42)) + 1);
      String other = right.substring(0, 42) + stray + "=";
      assertThat(Base64.getDecoder().decode(other)).isEqualTo(Base64.getDecoder().decode(right));
      assertRefused(provider, post(BODY, "X-Signature", other), "bad-encoding");
    }

    @Test
    void a_plain_sha256_over_text_that_holds_the_secret() throws Exception {
      Provider provider =
          provider("signature.algorithm", "sha256", "signature.signed", "{secret}{body}");
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(utf8(SECRET.value() + BODY));
      assertAccepted(provider, post(BODY, "X-Signature", HexFormat.of().formatHex(digest)));
      assertAccepted(provider, signed(provider, BODY));
      Verifier several = new Verifier(provider, List.of(Secret.of("another"), SECRET), CLOCK);
      assertThat(event(several.verify(signed(provider, BODY))).secretLabel())
          .isEqualTo(SECRET.label());
    }

    @Test
    void a_token_is_the_secret_itself() {
      Provider provider = provider("signature.algorithm", "token");
      assertAccepted(provider, post(BODY, "X-Signature", SECRET.value()));
      assertRefused(provider, post(BODY, "X-Signature", SECRET.value() + "x"), "wrong-signature");
      assertRefused(provider, post(BODY, "X-Signature", "a-shared-secreT"), "wrong-signature");
      assertRefused(provider, post(BODY), "missing-header");
    }

    @Test
    void basic_is_a_user_and_a_password() {
      Provider provider = provider("signature.header", "", "signature.algorithm", "basic");
      Verifier verifier = new Verifier(provider, List.of(Secret.of("ada:pass:word")), CLOCK);
      String right = Base64.getEncoder().encodeToString(utf8("ada:pass:word"));
      assertThat(verifier.verify(post(BODY, "Authorization", "Basic " + right)))
          .isInstanceOf(VerifiedEvent.class);
      assertThat(verifier.verify(post(BODY, "authorization", "basic  " + right)))
          .isInstanceOf(VerifiedEvent.class);
      assertThat(refused(verifier.verify(post(BODY, "Authorization", "Bearer " + right))).reason())
          .isEqualTo("missing-prefix");
      assertThat(refused(verifier.verify(post(BODY, "Authorization", "Basic YQ=="))).reason())
          .isEqualTo("wrong-signature");
      assertThat(refused(verifier.verify(post(BODY))).reason()).isEqualTo("missing-header");
    }

    @Test
    void none_is_an_event_of_nobody() {
      Provider provider = provider("signature.algorithm", "none", "signature.header", "");
      VerifiedEvent event = event(new Verifier(provider, List.of(), CLOCK).verify(post(BODY)));
      assertThat(event.secretLabel()).isEqualTo("none");
      assertThat(provider.isUnsigned()).isTrue();
    }

    @Test
    void ed25519_with_a_raw_key_in_base64_or_hex_or_as_pem() throws Exception {
      KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      byte[] spki = keys.getPublic().getEncoded();
      byte[] raw = Arrays.copyOfRange(spki, spki.length - 32, spki.length);
      byte[] pkcs8 = keys.getPrivate().getEncoded();
      byte[] seed = Arrays.copyOfRange(pkcs8, pkcs8.length - 32, pkcs8.length);
      byte[] both = Arrays.copyOf(seed, 64);
      System.arraycopy(raw, 0, both, 32, 32);
      Provider provider =
          provider(
              "signature.algorithm", "ed25519",
              "signature.encoding", "base64",
              "signature.key-prefix", "whpk_, whsk_");
      RawRequest request =
          new Signer(provider, Secret.of("whsk_" + Base64.getEncoder().encodeToString(both)), CLOCK)
              .sign(post(BODY), "any");
      for (String secret :
          List.of(
              "whpk_" + Base64.getEncoder().encodeToString(raw),
              Base64.getEncoder().withoutPadding().encodeToString(raw),
              HexFormat.of().formatHex(raw),
              Base64.getEncoder().encodeToString(spki),
              "-----BEGIN PUBLIC KEY-----\n"
                  + Base64.getMimeEncoder().encodeToString(spki)
                  + "\n-----END PUBLIC KEY-----")) {
        Verifier verifier = new Verifier(provider, List.of(Secret.of(secret)), CLOCK);
        assertThat(verifier.verify(request)).isInstanceOf(VerifiedEvent.class);
        assertThat(refused(verifier.verify(request.withBody(utf8(BODY + " ")))).reason())
            .isEqualTo("wrong-signature");
      }
    }

    @Test
    void rsa_sha256_with_a_pinned_public_key() throws Exception {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      KeyPair keys = generator.generateKeyPair();
      Provider provider =
          provider("signature.algorithm", "rsa-sha256", "signature.encoding", "base64");
      Secret privateKey = Secret.of(pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
      RawRequest request = new Signer(provider, privateKey, CLOCK).sign(post(BODY), "any");
      String publicPem = pem("PUBLIC KEY", keys.getPublic().getEncoded());
      for (String secret : List.of(publicPem, publicPem.replace("\n", "\\n"))) {
        Verifier verifier = new Verifier(provider, Secret.parse(secret), CLOCK);
        assertThat(verifier.verify(request)).isInstanceOf(VerifiedEvent.class);
        assertThat(refused(verifier.verify(request.withHeader("X-Signature", "AAAA"))).reason())
            .isEqualTo("wrong-signature");
      }
    }

    @Test
    void a_public_key_can_check_and_cannot_sign() throws Exception {
      KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      Provider provider = provider("signature.algorithm", "ed25519");
      Secret publicKey = Secret.of(pem("PUBLIC KEY", keys.getPublic().getEncoded()));
      assertThatThrownBy(() -> new Signer(provider, publicKey, CLOCK).sign(post(BODY), "any"))
          .isInstanceOf(ProviderException.class)
          .hasMessageContaining("signing needs the private one");
    }

    private String pem(String type, byte[] der) {
      return "-----BEGIN "
          + type
          + "-----\n"
          + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
          + "\n-----END "
          + type
          + "-----";
    }
  }

  @Nested
  class The_key {
    @ParameterizedTest
    @ValueSource(strings = {"whsec_c2VjcmV0LWJ5dGVz", "c2VjcmV0LWJ5dGVz", "whsec_c2VjcmV0LWJ5dGU="})
    void is_base64_after_a_prefix_that_may_be_missing(String secret) {
      Provider provider = provider("signature.key", "base64", "signature.key-prefix", "whsec_");
      byte[] key = Base64.getDecoder().decode(secret.replace("whsec_", ""));
      String signature = HexFormat.of().formatHex(hmac("HmacSHA256", key, BODY));
      Verifier verifier = new Verifier(provider, List.of(Secret.of(secret)), CLOCK);
      assertThat(verifier.verify(post(BODY, "X-Signature", signature)))
          .isInstanceOf(VerifiedEvent.class);
    }

    @Test
    void is_hex() {
      Provider provider = provider("signature.key", "hex");
      String signature =
          HexFormat.of().formatHex(hmac("HmacSHA256", new byte[] {(byte) 0xab, (byte) 0xcd}, BODY));
      Verifier verifier = new Verifier(provider, List.of(Secret.of("ABcd")), CLOCK);
      assertThat(verifier.verify(post(BODY, "X-Signature", signature)))
          .isInstanceOf(VerifiedEvent.class);
    }

    @Test
    void is_the_sha1_of_the_secret() throws Exception {
      Provider provider = provider("signature.key", "sha1");
      byte[] key = MessageDigest.getInstance("SHA-1").digest(utf8(SECRET.value()));
      assertAccepted(
          provider,
          post(BODY, "X-Signature", HexFormat.of().formatHex(hmac("HmacSHA256", key, BODY))));
    }

    @Test
    void is_a_stripe_secret_as_it_is_though_it_begins_with_whsec() {
      Provider provider = provider();
      Secret secret = Secret.of("whsec_c2VjcmV0LWJ5dGVz");
      String signature = HexFormat.of().formatHex(hmac("HmacSHA256", utf8(secret.value()), BODY));
      assertThat(
              new Verifier(provider, List.of(secret), CLOCK)
                  .verify(post(BODY, "X-Signature", signature)))
          .isInstanceOf(VerifiedEvent.class);
    }
  }

  @Nested
  class The_place_of_the_signature {
    @Test
    void is_behind_a_prefix() {
      Provider provider = provider("signature.prefix", "sha256=");
      assertAccepted(provider, post(BODY, "X-Signature", "sha256=" + hex(BODY)));
      assertRefused(provider, post(BODY, "X-Signature", hex(BODY)), "missing-prefix");
      assertRefused(provider, post(BODY, "X-Signature", "SHA256=" + hex(BODY)), "missing-prefix");
      Provider optional = provider.with(Map.of("signature.prefix-optional", "true"));
      assertAccepted(optional, post(BODY, "X-Signature", "sha256=" + hex(BODY)));
      assertAccepted(optional, post(BODY, "X-Signature", hex(BODY)));
    }

    @Test
    void is_one_of_several_headers() {
      Provider provider = provider("signature.header", "X-New, X-Old");
      assertAccepted(provider, post(BODY, "x-old", hex(BODY)));
      assertAccepted(provider, post(BODY, "X-New", "00", "X-Old", hex(BODY)));
      assertThat(refused(verify(provider, post(BODY))).detail())
          .isEqualTo("there is no header X-New or X-Old");
    }

    @ParameterizedTest
    @ValueSource(strings = {",", ";"})
    void is_a_part_of_a_list(String separator) {
      Provider provider =
          provider(
              "signature.format", "key-values",
              "signature.separator", separator,
              "signature.part", "v1",
              "signature.signed", "{timestamp}.{body}",
              "timestamp.from", "part:t",
              "timestamp.tolerance", "300s");
      String right = hex(NOW_S + "." + BODY);
      String list = String.join(separator, "t=" + NOW_S, "v0=00", "v1=00", " v1=" + right);
      assertAccepted(provider, post(BODY, "X-Signature", list));
      assertAccepted(provider, signed(provider, BODY));
      assertRefused(
          provider,
          post(BODY, "X-Signature", "t=" + NOW_S + separator + "v0=" + right),
          "no-such-part");
      assertRefused(provider, post(BODY, "X-Signature", "v1=" + right), "missing-timestamp");
      assertRefused(
          provider, post(BODY, "X-Signature", list + separator + "t=1"), "ambiguous-header");
    }

    @Test
    void is_a_version_in_a_list_with_spaces() {
      Provider provider = provider("signature.format", "versions", "signature.part", "v1");
      assertAccepted(
          provider, post(BODY, "X-Signature", "v1,00 v2," + hex(BODY) + " v1," + hex(BODY)));
      assertAccepted(provider, signed(provider, BODY));
      assertRefused(provider, post(BODY, "X-Signature", "v2," + hex(BODY)), "no-such-part");
      assertRefused(provider, post(BODY, "X-Signature", "v11," + hex(BODY)), "no-such-part");
    }

    @Test
    void is_the_pair_of_our_key_in_a_field_of_a_form() {
      Provider provider =
          provider(
              "signature.header", "",
              "signature.form-field", "sig",
              "signature.format", "pairs",
              "signature.signed", "{form:payload}",
              "body.format", "json-in-form",
              "body.field", "payload");
      Secret ours = new Secret(SECRET.value(), "ours", "us", null, null);
      Verifier verifier = new Verifier(provider, List.of(ours), CLOCK);
      String payload = java.net.URLEncoder.encode(BODY, StandardCharsets.UTF_8);
      assertThat(verifier.verify(post("sig=them%7C00%26us%7C" + hex(BODY) + "&payload=" + payload)))
          .isInstanceOf(VerifiedEvent.class);
      assertThat(
              refused(verifier.verify(post("sig=them%7C" + hex(BODY) + "&payload=" + payload)))
                  .reason())
          .isEqualTo("wrong-signature");
      assertThat(refused(verifier.verify(post("payload=" + payload))).reason())
          .isEqualTo("missing-signature");
      assertThat(
              verifier.verify(
                  new Signer(provider, ours, CLOCK).sign(post("payload=" + payload), "any")))
          .isInstanceOf(VerifiedEvent.class);
    }

    @Test
    void is_in_the_body() {
      Provider provider =
          provider(
              "signature.header", "",
              "signature.pointer", "/signature",
              "signature.signed", "{/data/transaction_id}:{/data/status?}");
      String body = "{\"event\":\"a\",\"data\":{\"transaction_id\":\"T\"},\"signature\":\"%s\"}";
      assertAccepted(provider, post(body.formatted(hex("T:"))));
      assertAccepted(provider, signed(provider, body));
      assertRefused(provider, post(body.formatted("")), "missing-signature");
      assertRefused(provider, post(body.formatted(hex("X:"))), "wrong-signature");
      assertRefused(provider, post("Hello"), "not-json");
    }

    @Test
    void is_in_each_item_of_a_batch_and_each_must_hold() {
      Provider provider =
          provider(
              "signature.header", "",
              "signature.pointer", "/sig",
              "signature.signed", "{/id}",
              "event.items", "/items",
              "event.type", "/type",
              "event.key", "{type}:{/id}");
      String batch =
          "{\"items\": [{\"type\":\"a\", \"id\":\"1\", \"sig\":\"%s\"} , {\"type\":\"b\",\"id\":\"2\",\"sig\":\"%s\"}]}";
      VerifiedEvent event = event(verify(provider, post(batch.formatted(hex("1"), hex("2")))));
      assertThat(event.type()).isEqualTo("batch");
      assertThat(event.key()).isEqualTo("a:1+b:2");
      assertThat(event.items()).extracting(VerifiedEvent::key).containsExactly("a:1", "b:2");
      assertThat(event.items().get(1).request().body())
          .asString()
          .isEqualTo("{\"type\":\"b\",\"id\":\"2\",\"sig\":\"" + hex("2") + "\"}");
      assertRefused(provider, post(batch.formatted(hex("1"), hex("1"))), "wrong-signature");
      assertRefused(provider, post("{\"items\":[]}"), "no-items");
    }
  }

  @Nested
  class What_is_signed {
    @ParameterizedTest
    @CsvSource(
        delimiter = '!',
        value = {
          "{body} ! BODY",
          "{method}{url}{body} ! POSThttps://shop.example/webhooks/payments?a=1BODY",
          "{header:X-Id}__{body} ! id-1__BODY",
          "{header:X-None?}:{body} ! :BODY",
          "{header:X-None|header:X-Id}:{body} ! id-1:BODY",
          "{json:/data} ! {\"transaction_id\":\"TX-1\",\"amount\":100.00}",
          "{json:/data/amount} ! 100.00",
          "{json:/event}{body} ! \"payment.success\"BODY",
          "{/event}:{/data/amount}:{/data/none?} ! payment.success:100.00:",
          "{query:a}{body} ! 1BODY",
          "\\{{body}\\}\\n ! {BODY}\\n",
          "{const:v0}:{body} ! v0:BODY",
        })
    void is_a_template(String template, String content) {
      Provider provider = provider("signature.signed", template.strip());
      String signature = hex(content.strip().replace("BODY", BODY).replace("\\n", "\n"));
      assertAccepted(provider, post(BODY, "X-Id", "id-1", "X-Signature", signature));
    }

    @Test
    void is_the_exact_slice_of_the_body_not_a_copy_written_anew() {
      Provider provider = provider("signature.signed", "{json:/data}");
      String data =
          "{ \"transaction_id\" : \"T\\u0058-1\" , \"amount\": 1.00e2, \"a\":[ 1 , {\"}\":\"\\\"]\"} ] }";
      String body =
          "{\"x\":[{\"data\":1}],\"event\": \"payment.success\", \"d\\u0061ta\" :" + data + "}";
      assertAccepted(provider, post(body, "X-Signature", hex(data)));
    }

    @Test
    void is_refused_when_a_part_of_it_is_missing() {
      assertRefused(
          provider("signature.signed", "{header:X-Id}{body}"),
          post(BODY, "X-Signature", hex(BODY)),
          "missing-header");
      assertRefused(
          provider("signature.signed", "{json:/none}"),
          post(BODY, "X-Signature", hex("")),
          "missing-field");
    }

    @Test
    void is_refused_when_a_header_of_it_comes_twice_with_different_values() {
      Provider provider = provider("signature.signed", "{header:X-Id}{body}");
      String signature = hex("1" + BODY);
      assertAccepted(provider, post(BODY, "X-Id", "1", "X-Id", "1", "X-Signature", signature));
      assertRefused(
          provider,
          post(BODY, "X-Id", "1", "X-Id", "2", "X-Signature", signature),
          "ambiguous-header");
    }

    @Test
    void is_one_of_several_texts() {
      Provider provider = provider("signature.signed", "{body}\n{body}\\n");
      assertAccepted(provider, post(BODY, "X-Signature", hex(BODY)));
      assertAccepted(provider, post(BODY, "X-Signature", hex(BODY + "\n")));
      assertRefused(provider, post(BODY, "X-Signature", hex(BODY + "\n\n")), "wrong-signature");
    }

    @Test
    void is_a_sum_of_the_body() {
      CRC32 crc = new CRC32();
      crc.update(utf8(BODY));
      assertAccepted(
          provider("signature.signed", "{crc32}"),
          post(BODY, "X-Signature", hex(Long.toString(crc.getValue()))));
      assertAccepted(
          provider("signature.signed", "{sha256}"),
          post(BODY, "X-Signature", hex(Digests.sha256Hex(utf8(BODY)))));
    }

    @Test
    void is_the_sorted_fields_of_a_form() {
      Provider provider =
          provider(
              "signature.signed", "{url}{sorted-form}",
              "signature.body-sha256", "query:bodySHA256",
              "body.format", "auto",
              "event.key", "{type}");
      String url = "https://shop.example/webhooks/payments?a=1";
      String form = "b=2&event=x+y&a=%C3%A9&b=1&b=2";
      String type = "application/x-www-form-urlencoded; charset=UTF-8";
      RawRequest request =
          post(form, "Content-Type", type, "X-Signature", hex(url + "aéb1b2eventx y"));
      assertThat(event(verify(provider, request)).type()).isEqualTo("x y");
      // A body that is no form is not covered, and so refused, unless its digest is signed.
      assertRefused(
          provider,
          post(BODY, "Content-Type", "application/json", "X-Signature", hex(url)),
          "body-not-signed");
      String digested = url + "&bodySHA256=" + Digests.sha256Hex(utf8(BODY));
      RawRequest json =
          new RawRequest(
              "POST",
              digested,
              post("", "Content-Type", "application/json", "X-Signature", hex(digested)).headers(),
              utf8(BODY));
      assertAccepted(provider, json);
      assertRefused(provider, json.withBody(utf8(BODY + " ")), "wrong-body-digest");
    }
  }

  @Nested
  class The_public_url {
    private static final String SEEN = "http://10.0.0.7:8080/webhooks/payments?a=1";

    private void assertUrl(Provider provider, String url, String... headers) {
      RawRequest request = post(BODY, headers).withHeader("X-Signature", hex(url + BODY));
      assertAccepted(provider, new RawRequest("POST", SEEN, request.headers(), request.body()));
    }

    private static Provider urlProvider(String... settings) {
      return provider(settings).with(Map.of("signature.signed", "{url}{body}"));
    }

    @Test
    void is_the_one_that_was_seen() {
      assertUrl(urlProvider(), SEEN, "X-Forwarded-Host", "evil.example");
    }

    @Test
    void is_set() {
      assertUrl(
          urlProvider("url.public", "https://shop.example/hook"), "https://shop.example/hook?a=1");
      assertUrl(
          urlProvider("url.public", "https://shop.example/hook?b=2"),
          "https://shop.example/hook?b=2");
    }

    @Test
    void is_told_by_a_trusted_proxy() {
      Provider provider = urlProvider("url.forwarded", "true");
      assertUrl(
          provider,
          "https://shop.example/webhooks/payments?a=1",
          "X-Forwarded-Proto",
          "https, http",
          "X-Forwarded-Host",
          "shop.example, inner.example");
      assertUrl(
          provider,
          "https://shop.example/pay/webhooks/payments?a=1",
          "X-Forwarded-Proto",
          "https",
          "X-Forwarded-Host",
          "shop.example",
          "X-Forwarded-Prefix",
          "/pay");
      assertUrl(
          provider,
          "https://shop.example/webhooks/payments?a=1",
          "Forwarded",
          "for=1.2.3.4;proto=https;host=\"shop.example\"");
      assertUrl(provider, SEEN);
    }

    @ParameterizedTest
    @CsvSource({
      "https://a.example/x, https://a.example:443/x, https://a.example/x",
      "http://a.example/x, http://a.example:80/x, http://a.example/x",
      "https://a.example:8443/x, https://a.example:8443/x, https://a.example/x",
      "https://a.example?q, https://a.example:443?q, https://a.example?q",
      "https://[::1]/x, https://[::1]:443/x, https://[::1]/x",
      "https://[::1]:8443/x, https://[::1]:8443/x, https://[::1]/x",
      "/x, /x, /x",
    })
    void has_its_port_or_not(String url, String with, String without) {
      assertThat(PublicUrl.port(url, true)).isEqualTo(with);
      assertThat(PublicUrl.port(url, false)).isEqualTo(without);
    }

    @Test
    void is_decoded_in_a_few_characters() {
      assertThat(PublicUrl.decoded("https://a.example/%3A%2f%20%C3%A9?x=%40%zz%2"))
          .isEqualTo("https://a.example/:/%20%C3%A9?x=@%zz%2");
    }
  }

  @Nested
  class The_time {
    private final Provider provider =
        provider(
            "signature.signed", "{timestamp}.{body}",
            "timestamp.from", "header:X-Time",
            "timestamp.tolerance", "5m",
            "timestamp.tolerance-future", "10s");

    private Verdict at(Instant now) {
      return new Verifier(provider, List.of(SECRET), Requests.at(now))
          .verify(signed(provider, BODY));
    }

    @Test
    void may_be_as_old_as_the_tolerance_and_no_older() {
      assertThat(at(NOW.plusSeconds(300))).isInstanceOf(VerifiedEvent.class);
      Refused refused = refused(at(NOW.plusSeconds(301)));
      assertThat(refused.reason()).isEqualTo("timestamp-too-old");
      assertThat(refused.detail()).isEqualTo("it was signed 301 s ago; at most 300 s are allowed");
    }

    @Test
    void may_be_ahead_by_its_own_tolerance() {
      assertThat(at(NOW.minusSeconds(10))).isInstanceOf(VerifiedEvent.class);
      assertThat(refused(at(NOW.minusSeconds(11))).reason()).isEqualTo("timestamp-in-future");
    }

    @Test
    void counts_only_when_the_signature_holds() {
      RawRequest late = signed(provider, BODY).withBody(utf8(BODY + " "));
      Verifier later = new Verifier(provider, List.of(SECRET), Requests.at(NOW.plusSeconds(999)));
      assertThat(refused(later.verify(late)).reason()).isEqualTo("wrong-signature");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"", " ", "now", "-1", "1e9", "99999999999999999999", "1764000000.5", "٣"})
    void that_is_none_is_refused(String time) {
      RawRequest request = post(BODY, "X-Time", time, "X-Signature", hex(time + "." + BODY));
      assertThat(refused(verify(provider, request)).reason())
          .isIn("bad-timestamp", "missing-timestamp");
    }

    @Test
    void that_is_missing_is_refused() {
      assertRefused(provider, signed(provider, BODY).withoutHeader("X-Time"), "missing-timestamp");
    }

    @ParameterizedTest
    @CsvSource({
      "s, 1795428000",
      "ms, 1795428000000",
      "iso, 2026-11-23T10:00:00Z",
      "iso, 2026-11-23T11:00:00+01:00"
    })
    void is_in_seconds_milliseconds_or_iso(String unit, String time) {
      Provider inUnit = provider.with(Map.of("timestamp.unit", unit));
      assertAccepted(inUnit, post(BODY, "X-Time", time, "X-Signature", hex(time + "." + BODY)));
      assertAccepted(inUnit, signed(inUnit, BODY));
    }

    @Test
    void may_be_in_the_body() {
      Provider inBody =
          provider(
              "timestamp.from", "/data/at", "timestamp.unit", "ms", "timestamp.tolerance", "1m");
      String body = BODY.replace("100.00", "100.00,\"at\":" + NOW.toEpochMilli());
      assertAccepted(inBody, signed(inBody, body));
      Verifier later = new Verifier(inBody, List.of(SECRET), Requests.at(NOW.plusSeconds(61)));
      assertThat(refused(later.verify(signed(inBody, body))).reason())
          .isEqualTo("timestamp-too-old");
    }
  }

  @Nested
  class What_the_event_says {
    private VerifiedEvent event(String body, String... settings) {
      Provider provider = provider(settings);
      return Requests.event(verify(provider, signed(provider, body)));
    }

    @Test
    void its_type_is_in_a_header_and_may_have_another_name() {
      Provider provider =
          provider(
              "event.type", "header:X-Type | /event",
              "event.aliases.orders/paid", "payment.success");
      RawRequest request = signed(provider, BODY).withHeader("X-Type", "orders/paid");
      VerifiedEvent event = Requests.event(verify(provider, request));
      assertThat(event.rawType()).isEqualTo("orders/paid");
      assertThat(event.type()).isEqualTo("payment.success");
      assertThat(event.key()).isEqualTo("payment.success:TX-1");
      RawRequest both = post(BODY, "X-Type", "a", "X-Type", "b", "X-Signature", hex(BODY));
      assertThat(refused(verify(provider, both)).reason()).isEqualTo("ambiguous-header");
    }

    @Test
    void its_key_is_the_first_that_is_there() {
      String key = "{type}:{/data/id|/data/reference|/id}";
      assertThat(event("{\"event\":\"a\",\"id\":7}", "event.key", key).key()).isEqualTo("a:7");
      assertThat(
              event("{\"event\":\"a\",\"id\":7,\"data\":{\"reference\":\"R\"}}", "event.key", key)
                  .key())
          .isEqualTo("a:R");
      String lines = "{/data/a}-{/data/b}\n{/data/a}";
      assertThat(event("{\"event\":\"a\",\"data\":{\"a\":1}}", "event.key", lines).key())
          .isEqualTo("1");
    }

    @Test
    void its_key_may_be_the_bodys_digest_or_the_raw_type() {
      assertThat(event(BODY, "event.key", "sha256").key()).isEqualTo(Digests.sha256Hex(utf8(BODY)));
      assertThat(
              event(
                      BODY,
                      "event.key",
                      "{raw-type}/{received}",
                      "event.aliases.payment.success",
                      "paid")
                  .key())
          .isEqualTo("payment.success/" + NOW.toEpochMilli());
    }

    @ParameterizedTest
    @CsvSource({
      "500050, minor, NGN, 5000.50",
      "500050, major, NGN, 500050",
      "\"5000.50\", major, NGN, 5000.50",
      "500050, minor, JPY, 500050",
      "500050, minor, KWD, 500.050",
      "500050, minor, XXQ, 5000.50",
      "500050, minor, ISK, 5000.50",
      "0, minor, NGN, 0.00",
      "-1, minor, ngn, -0.01",
    })
    void its_amount_is_in_the_major_unit(
        String amount, String unit, String currency, String expected) {
      VerifiedEvent event =
          event(
              "{\"event\":\"a\",\"data\":{\"transaction_id\":1,\"amount\":%s,\"currency\":\"%s\"}}"
                  .formatted(amount, currency),
              "event.amount",
              "/data/amount",
              "event.amount-unit",
              unit,
              "event.currency",
              "/data/currency",
              "event.currency-digits.ISK",
              "2");
      assertThat(event.amount()).isEqualByComparingTo(expected);
      assertThat(event.currency()).isEqualTo(currency.toUpperCase(java.util.Locale.ROOT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"ten\"", "{}", "true", "\"1e999999999\"", "\"1,000.00\""})
    void an_amount_that_is_none_is_left_out(String amount) {
      VerifiedEvent event =
          event(
              "{\"event\":\"a\",\"data\":{\"transaction_id\":1,\"amount\":" + amount + "}}",
              "event.amount",
              "/data/amount");
      assertThat(event.amount()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
      "1795428000",
      "1795428000000",
      "\"2026-11-23T10:00:00Z\"",
      "\"2026-11-23T11:00:00+01:00\"",
      "\"2026-11-23T11:00:00\"",
      "\"2026-11-23 11:00:00\"",
    })
    void its_time_is_read_in_the_usual_forms(String at) {
      assertThat(
              event(
                      "{\"event\":\"a\",\"data\":{\"transaction_id\":1,\"at\":" + at + "}}",
                      "event.occurred-at",
                      "/data/at",
                      "event.occurred-at-zone",
                      "Africa/Lagos")
                  .occurredAt())
          .isEqualTo(NOW);
    }

    @Test
    void its_time_may_have_a_form_of_its_own_and_is_left_out_when_it_has_not() {
      String body = "{\"event\":\"a\",\"data\":{\"transaction_id\":1,\"at\":\"%s\"}}";
      String[] settings = {
        "event.occurred-at", "/data/at",
        "event.occurred-at-format", "dd/MM/yyyy h:mm:ss a",
        "event.occurred-at-zone", "Africa/Lagos"
      };
      assertThat(event(body.formatted("23/11/2026 11:00:00 AM"), settings).occurredAt())
          .isEqualTo(NOW);
      assertThat(event(body.formatted("yesterday"), settings).occurredAt()).isNull();
    }

    @Test
    void a_json_pointer_may_have_escapes() {
      assertThat(
              event("{\"event\":\"a\",\"a/b\":{\"m~n\":\"K\"}}", "event.key", "/a~1b/m~0n").key())
          .isEqualTo("K");
    }

    @Test
    void a_form_is_an_object_of_its_fields() {
      VerifiedEvent event =
          event(
              "event=paid&data=%7B%7D&id=7&tag=a&tag=b", "body.format", "form", "event.key", "/id");
      assertThat(event.key()).isEqualTo("7");
      assertThat(event.json().toString())
          .isEqualTo("{\"event\":\"paid\",\"data\":\"{}\",\"id\":\"7\",\"tag\":[\"a\",\"b\"]}");
    }

    @Test
    void plain_text_has_its_type_elsewhere() {
      VerifiedEvent event =
          event("Hello", "body.format", "text", "event.type", "const:note", "event.key", "sha256");
      assertThat(event.type()).isEqualTo("note");
      assertThat(event.json()).isNull();
    }

    @Test
    void xml_is_an_object_of_its_elements() {
      String xml =
          "<?xml version=\"1.0\"?><note><!-- no --><kind a=\"b\">paid</kind><id>7</id>"
              + "<row><x>1</x></row><row><x><![CDATA[<2>]]></x></row></note>";
      VerifiedEvent event =
          event(
              xml,
              "body.format",
              "xml",
              "event.type",
              "/note/kind",
              "event.key",
              "{/note/id}:{/note/row/1/x}");
      assertThat(event.key()).isEqualTo("7:<2>");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><note><kind>&e;</kind></note>",
          "<!DOCTYPE note><note><kind>a</kind></note>",
          "<note><kind>&e;</kind></note>",
          "<note>",
          "",
          "Hello"
        })
    void xml_with_entities_or_none_at_all_is_malformed(String xml) {
      Provider provider =
          provider("body.format", "xml", "event.type", "/note/kind", "event.key", "sha256");
      Refused refused = refused(verify(provider, signed(provider, xml)));
      assertThat(refused.category()).isEqualTo(Category.MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=%", "a=%zz", "%=1", "a=%ff", "a=%c0%80"})
    void a_form_that_is_none_is_malformed(String form) {
      Provider provider = provider("body.format", "form", "event.key", "sha256");
      assertThat(refused(verify(provider, signed(provider, form))).reason())
          .isEqualTo("not-a-form");
    }
  }
}

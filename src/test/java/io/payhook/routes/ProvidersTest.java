package io.payhook.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.signature.Coverage;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ProvidersTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Providers SHIPPED = Providers.shipped();

  @TempDir private Path folder;

  @Test
  void the_presets_that_ship_are_these() {
    assertThat(SHIPPED.names())
        .containsExactly(
            "adyen",
            "adyen-banking",
            "bani",
            "braintree",
            "checkout.com",
            "coinbase-commerce",
            "echezona",
            "fawry",
            "fincra",
            "flutterwave-v3",
            "flutterwave-v4",
            "github",
            "hmac-sha256-base64-body",
            "hmac-sha256-hex-body",
            "hmac-sha512-base64-body",
            "hmac-sha512-hex-body",
            "hubspot-v1",
            "hubspot-v2",
            "hubspot-v3",
            "interswitch",
            "kashier",
            "korapay",
            "lemonsqueezy",
            "lenco",
            "mollie",
            "mollie-classic",
            "moniepoint",
            "monnify",
            "mpesa",
            "nomba",
            "none",
            "opay",
            "opay-v1",
            "ozow",
            "paddle",
            "payfast",
            "paymob",
            "paypal",
            "paypal-confirmed",
            "paystack",
            "pesapal",
            "providus",
            "razorpay",
            "shopify",
            "slack",
            "squad",
            "squad-virtual-account",
            "square",
            "standard-webhooks-v1",
            "standard-webhooks-v1a",
            "stripe",
            "svix",
            "tap",
            "twilio",
            "yoco",
            "zoom");
  }

  @TestFactory
  List<DynamicTest> every_preset_has_a_title_a_page_and_samples() {
    return SHIPPED.all().stream()
        .map(
            provider ->
                DynamicTest.dynamicTest(
                    provider.name(),
                    () -> {
                      assertThat(provider.settings()).containsKey("title");
                      assertThat(SHIPPED.samples(provider.name())).isNotEmpty();
                      boolean generic =
                          provider.name().startsWith("hmac-") || provider.name().equals("none");
                      if (!generic) {
                        assertThat(provider.docs()).isPresent();
                        assertThat(
                                provider.lines(Setting.CONFIRMED).size()
                                    + provider.unconfirmed().size())
                            .as("says what is known and from where")
                            .isPositive();
                      }
                    }))
        .toList();
  }

  @TestFactory
  List<DynamicTest> every_sample_signed_as_its_platform_does_is_an_event_of_its_type()
      throws GeneralSecurityException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Provider preset : SHIPPED.all()) {
      Provider provider = withParameters(preset);
      List<Secret> secrets = provider.isUnsigned() ? List.of() : List.of(secret(provider));
      for (Sample sample : SHIPPED.samples(preset.name())) {
        tests.add(
            DynamicTest.dynamicTest(
                preset.name() + " " + sample.type(),
                () -> assertSample(provider, secrets, sample)));
      }
    }
    return tests;
  }

  /** With a value for everything that only the merchant's account knows. */
  private static Provider withParameters(Provider preset) {
    return preset.with(
        preset.settings().keySet().stream()
            .filter(key -> key.startsWith("params."))
            .collect(Collectors.toMap(key -> key, key -> "8PT597110X687430LKGECATA")));
  }

  private static void assertSample(Provider provider, List<Secret> secrets, Sample sample) {
    RawRequest unsigned = sample.request("https://shop.example/webhooks/test?a=1");
    Secret signing = secrets.isEmpty() ? Secret.of("any") : secrets.get(0);
    RawRequest request = new Signer(provider, signing, CLOCK).sign(unsigned, sample.type());
    Verifier verifier = new Verifier(provider, secrets, CLOCK);
    Verdict verdict = verifier.verify(request);
    assertThat(verdict).as(verdict.toString()).isInstanceOf(VerifiedEvent.class);
    VerifiedEvent event = (VerifiedEvent) verdict;
    assertThat(event.type()).isEqualTo(sample.type());
    assertThat(event.items()).hasSize(1);
    if (event.currency() != null) {
      assertThat(event.currency()).matches("[A-Z]{3}");
    }
    if (!provider.isUnsigned()) {
      RawRequest changed = request.withBody(new byte[] {'{', '}'});
      boolean covered = provider.coverage() != Coverage.NOTHING;
      if (covered) {
        assertThat(verifier.verify(changed)).isInstanceOf(Refused.class);
      }
      Secret other = otherThan(provider, signing);
      assertThat(new Verifier(provider, List.of(other), CLOCK).verify(request))
          .isInstanceOf(Refused.class);
    }
  }

  /** A secret of the form the platform gives out, able to sign. */
  private static Secret secret(Provider provider) throws GeneralSecurityException {
    return switch (provider.setting(Setting.SIGNATURE_ALGORITHM).orElseThrow()) {
      case "ed25519" -> ed25519();
      case "rsa-sha256" -> rsa();
      default ->
          switch (provider.setting(Setting.SIGNATURE_KEY).orElse("text")) {
            case "hex" -> Secret.of("9064450A8892A093D9E97EFCC9639DE3");
            case "base64" -> Secret.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            default -> new Secret("a-shared-secret", "test", "public-key", null, null);
          };
    };
  }

  private static Secret otherThan(Provider provider, Secret secret) {
    try {
      return switch (provider.setting(Setting.SIGNATURE_ALGORITHM).orElseThrow()) {
        case "ed25519" -> ed25519();
        case "rsa-sha256" -> rsa();
        default -> Secret.of(secret.value().replaceFirst("(.)$", "A").replaceFirst("^a", "b"));
      };
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static Secret ed25519() throws GeneralSecurityException {
    KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    byte[] pkcs8 = keys.getPrivate().getEncoded();
    byte[] spki = keys.getPublic().getEncoded();
    byte[] both = Arrays.copyOfRange(pkcs8, pkcs8.length - 32, pkcs8.length + 32);
    System.arraycopy(spki, spki.length - 32, both, 32, 32);
    return Secret.of("whsk_" + Base64.getEncoder().encodeToString(both));
  }

  private static Secret rsa() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    return Secret.of(
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder()
                .encodeToString(generator.generateKeyPair().getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----");
  }

  @Test
  void paypals_events_state_the_same_whichever_way_they_are_proved() {
    Map<String, String> facts = new TreeMap<>(SHIPPED.get("paypal").settings());
    facts.keySet().removeIf(name -> !name.startsWith("event."));
    Map<String, String> confirmed = new TreeMap<>(SHIPPED.get("paypal-confirmed").settings());
    confirmed.keySet().removeIf(name -> !name.startsWith("event."));
    assertThat(confirmed).isEqualTo(facts);
  }

  @Test
  void echezona_takes_the_three_shapes_that_were_seen() {
    assertThat(echezona("{'event':'charge.success','data':{'transaction_id':'T'}}"))
        .isEqualTo("payment.success:T T");
    assertThat(echezona("{'event':'payment.success','data':{'reference':'T'}}"))
        .isEqualTo("payment.success:T T");
    assertThat(echezona("{'event':'charge.success','transactionId':'T'}"))
        .isEqualTo("payment.success:T T");
    assertThat(echezona("{'reference':'T','status':'success'}")).isEqualTo("payment.success:T T");
    assertThat(echezona("{'reference':'T','status':'failed'}")).isEqualTo("payment.failed:T T");
    assertThat(echezona("{'reference':'T','status':'processing'}"))
        .isEqualTo("payment.pending:T T");
    assertThat(echezona("{'transactionId':'T'}")).isEqualTo("payment.pending:T T");
  }

  @Test
  void echezona_tells_the_refunds_of_one_payment_apart() {
    assertThat(
            List.of(
                echezona(refund("'amount':100000,'refunded_at':'2026-11-02T09:00:00Z'")),
                echezona(refund("'amount':150000,'refunded_at':'2026-11-02T09:00:00Z'")),
                echezona(refund("'amount':100000,'refunded_at':'2026-11-03T09:00:00Z'")),
                echezona(refund("'amount':100000,'refund_id':'R'")),
                echezona(refund("'amount':100000"))))
        .doesNotHaveDuplicates()
        .allSatisfy(facts -> assertThat(facts).endsWith(" T"));
  }

  private static String refund(String members) {
    return "{'event':'refund.processed','data':{'transaction_id':'T'," + members + "}}";
  }

  /** Key and entity of an event, written with single quotes. */
  private static String echezona(String json) {
    Provider echezona = SHIPPED.get("echezona");
    byte[] body = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    RawRequest request =
        new Signer(echezona, Secret.of("key"), CLOCK)
            .sign(new Sample("any", "application/json", body).request("http://localhost/"), "any");
    Verdict verdict = new Verifier(echezona, List.of(Secret.of("key")), CLOCK).verify(request);
    VerifiedEvent event = (VerifiedEvent) verdict;
    return event.key() + " " + event.entity();
  }

  @Test
  void a_type_that_the_signed_part_contradicts_is_refused() {
    Provider kora = SHIPPED.get("korapay");
    String body =
        "{\"event\":\"charge.success\",\"data\":{\"reference\":\"R\",\"status\":\"failed\"}}";
    assertThat(verdict(kora, body, Map.of()))
        .isInstanceOfSatisfying(
            Refused.class, refused -> assertThat(refused.reason()).isEqualTo("type-contradicted"));
    Provider shopify = SHIPPED.get("shopify");
    String order = "{\"id\":1,\"financial_status\":\"paid\",\"cancelled_at\":null}";
    assertThat(verdict(shopify, order, Map.of("X-Shopify-Topic", "orders/paid")))
        .isInstanceOf(VerifiedEvent.class);
    assertThat(verdict(shopify, order, Map.of("X-Shopify-Topic", "orders/cancelled")))
        .isInstanceOf(Refused.class);
    assertThat(verdict(shopify, order, Map.of("X-Shopify-Topic", "refunds/create")))
        .isInstanceOf(Refused.class);
  }

  private static Verdict verdict(Provider provider, String body, Map<String, String> headers) {
    RawRequest request =
        new Sample("any", "application/json", body.getBytes(StandardCharsets.UTF_8))
            .request("http://localhost/");
    for (Map.Entry<String, String> header : headers.entrySet()) {
      request = request.withHeader(header.getKey(), header.getValue());
    }
    return new Verifier(provider, List.of(Secret.of("key")), CLOCK)
        .verify(new Signer(provider, Secret.of("key"), CLOCK).sign(request, "any"));
  }

  @Test
  void a_preset_may_have_other_names() {
    assertThat(SHIPPED.get("standard-webhooks").name()).isEqualTo("standard-webhooks-v1");
    assertThat(SHIPPED.samples("lemon-squeezy")).isNotEmpty();
  }

  @Test
  void a_name_that_is_none_is_told_with_the_one_that_was_meant() {
    assertThatThrownBy(() -> SHIPPED.get("paystak"))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining("no such preset; did you mean 'paystack'?");
    assertThatThrownBy(() -> SHIPPED.get("../../etc/passwd")).isInstanceOf(ProviderException.class);
  }

  @Test
  void a_team_adds_its_own_with_samples_beside_it() throws IOException {
    Files.writeString(
        folder.resolve("bank.yaml"),
        """
        title: The bank
        signature:
          header: X-Bank-Signature
          algorithm: hmac-sha512
        event:
          type: /kind
          key: /id
        """);
    Files.createDirectories(folder.resolve("bank"));
    Files.writeString(folder.resolve("bank/paid.json"), "{\"kind\":\"paid\",\"id\":1}\n");
    Files.writeString(folder.resolve("notes.txt"), "not a preset");
    Providers providers = Providers.load(folder);
    assertThat(providers.names()).contains("bank", "paystack");
    assertThat(providers.get("bank").title()).isEqualTo("The bank");
    assertThat(providers.samples("bank")).extracting(Sample::type).containsExactly("paid");
    assertThat(providers.samples("bank").get(0).body())
        .asString()
        .isEqualTo("{\"kind\":\"paid\",\"id\":1}");
  }

  @Test
  void no_folder_is_no_presets_of_ones_own() {
    assertThat(Providers.load(folder.resolve("none")).names()).isEqualTo(SHIPPED.names());
    assertThat(Providers.load(null).names()).isEqualTo(SHIPPED.names());
  }

  @Test
  void every_problem_of_every_file_is_told_with_its_place() throws IOException {
    Files.writeString(
        folder.resolve("one.yaml"),
        """
        signature:
          heder: X-Signature
          algorithm: hmac-sha265
        event:
          type: /event
          key: /id
        """);
    Files.writeString(folder.resolve("two.yaml"), "signature: [\n");
    Files.writeString(folder.resolve("three.yaml"), "- a\n");
    Files.writeString(folder.resolve("paystack.yaml"), "title: mine\n");
    assertThatThrownBy(() -> Providers.load(folder))
        .isInstanceOfSatisfying(
            ProviderException.class,
            e ->
                assertThat(e.problems())
                    .extracting(problem -> problem.toString().replace(folder + "/", ""))
                    .satisfiesExactly(
                        one ->
                            assertThat(one)
                                .isEqualTo(
                                    "one.yaml:2:3: signature.heder: no such setting; did you mean"
                                        + " 'signature.header'?"),
                        two ->
                            assertThat(two)
                                .startsWith("one.yaml:3:3: signature.algorithm: 'hmac-sha265'")
                                .endsWith("did you mean 'hmac-sha256'?"),
                        three ->
                            assertThat(three)
                                .startsWith(
                                    "paystack.yaml: the name 'paystack' is that of a preset"),
                        four -> assertThat(four).startsWith("three.yaml: should be a map"),
                        five -> assertThat(five).startsWith("two.yaml:2:1: not YAML:")));
  }
}

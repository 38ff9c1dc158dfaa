package io.payhook.signature;

import static io.payhook.signature.Requests.CLOCK;
import static io.payhook.signature.Requests.SECRET;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import io.payhook.signature.RawRequest.Header;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * What holds for any input, whatever the preset. {@code mvn test -Plong} tries each property with
 * so many that more than a million inputs go through verifiers, and says how many.
 */
class VerifierPropertiesTest {
  private static final AtomicLong VERIFIED = new AtomicLong();

  private static final List<Provider> ALL =
      Providers.shipped().all().stream()
          .map(
              provider ->
                  provider.with(
                      provider.settings().keySet().stream()
                          .filter(name -> name.startsWith("params."))
                          .collect(Collectors.toMap(name -> name, name -> "W"))))
          .toList();

  /** Presets whose signature covers every byte of the body: all but those that say what else. */
  private static final List<String> WHOLE_BODY =
      ALL.stream()
          .filter(
              provider ->
                  provider.plan().signature.algorithm.signs()
                      && provider.plan().signature.signed.get(0).toString().contains("{body}"))
          .map(Provider::name)
          .toList();

  private static final Secret RSA =
      Secret.of(
          "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALRiMLAHudeSA/x3hB2f+2NRkJpDTOjMdrNkFqA8S0ukcw0rkmh0"
              + "xx9KWXi4J0Eew1wyVcQz0VZ5Ux3sJzhqzs8CAwEAAQ==");

  private static final Map<String, Provider> PRESETS =
      ALL.stream().collect(Collectors.toMap(Provider::name, provider -> provider));

  private static final Map<String, Verifier> VERIFIERS = verifiers();

  private static Map<String, Verifier> verifiers() {
    Map<String, Verifier> verifiers = new HashMap<>();
    for (Provider provider : ALL) {
      verifiers.put(provider.name(), new Verifier(provider, List.of(secret(provider)), CLOCK));
    }
    return verifiers;
  }

  private static Secret secret(Provider provider) {
    return switch (provider.plan().signature.algorithm) {
      case RSA_SHA256 -> RSA;
      case ED25519 -> Secret.of("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
      default ->
          provider.plan().signature.keyForm.equals("hex")
              ? Secret.of("0a0b0c0d")
              : provider.plan().signature.keyForm.equals("base64")
                  ? Secret.of("whsec_c2VjcmV0")
                  : SECRET;
    };
  }

  private static Secret signingSecret(Provider provider) {
    return provider.plan().signature.algorithm == Algorithm.ED25519
        ? Secret.of(
            "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==")
        : secret(provider);
  }

  private static Verdict verify(Verifier verifier, RawRequest request) {
    VERIFIED.incrementAndGet();
    return verifier.verify(request);
  }

  @AfterContainer
  static void says_how_many_inputs_there_were() {
    if (System.getProperty("jqwik.tries.default") != null) {
      System.out.printf(
          "%,d inputs went through the verifiers of %d presets%n", VERIFIED.get(), ALL.size());
    }
  }

  @Example
  void only_presets_that_sign_something_else_are_left_out() {
    assertThat(ALL.stream().map(Provider::name).filter(name -> !WHOLE_BODY.contains(name)))
        .containsExactlyInAnyOrder(
            "adyen", // fields of each item
            "braintree", // a form field
            "fawry", // fields
            "flutterwave-v3", // nothing: the header is the secret
            "kashier", // the members that the body names
            "korapay", // the member data
            "mollie-classic", // nothing: it is confirmed
            "mpesa", // nothing: it is confirmed
            "nomba", // fields
            "none",
            "opay-v1", // fields
            "ozow", // fields of the form
            "payfast", // the form's fields
            "paymob", // fields
            "paypal", // CRC32 of the body
            "paypal-confirmed", // nothing: it is confirmed
            "pesapal", // nothing: it is confirmed
            "providus", // nothing: the header is the secret
            "squad-virtual-account", // fields
            "tap", // fields
            "twilio"); // fields of the form
  }

  private record Case(String preset, RawRequest request) {}

  @Provide
  Arbitrary<Case> signedCases() {
    Arbitrary<byte[]> bodies = Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(200);
    return Combinators.combine(Arbitraries.of(WHOLE_BODY), bodies)
        .as(
            (preset, body) -> {
              Provider provider = PRESETS.get(preset);
              RawRequest unsigned =
                  new RawRequest("POST", "https://shop.example/hook?a=1", List.of(), body);
              return new Case(
                  preset,
                  new Signer(provider, signingSecret(provider), CLOCK).sign(unsigned, "any"));
            });
  }

  private static boolean isAuthentic(Verdict verdict) {
    return !(verdict instanceof Refused refused)
        || refused.category() == Refused.Category.MALFORMED;
  }

  @Property
  void what_was_signed_is_authentic(@ForAll("signedCases") Case signed) {
    assertThat(isAuthentic(verify(VERIFIERS.get(signed.preset()), signed.request()))).isTrue();
  }

  @Property
  void any_byte_changed_in_the_body_is_refused(
      @ForAll("signedCases") Case signed,
      @ForAll @IntRange(min = 0, max = 199) int place,
      @ForAll @IntRange(min = 1, max = 255) int change) {
    byte[] body = signed.request().body().clone();
    body[place % body.length] ^= (byte) change;
    Verdict verdict = verify(VERIFIERS.get(signed.preset()), signed.request().withBody(body));
    assertThat(isAuthentic(verdict)).isFalse();
  }

  @Property
  void any_byte_added_or_taken_from_the_body_is_refused(
      @ForAll("signedCases") Case signed, @ForAll byte added, @ForAll boolean takeAway) {
    byte[] body = signed.request().body();
    byte[] changed = java.util.Arrays.copyOf(body, takeAway ? body.length - 1 : body.length + 1);
    if (!takeAway) {
      changed[body.length] = added;
    }
    Verdict verdict = verify(VERIFIERS.get(signed.preset()), signed.request().withBody(changed));
    assertThat(isAuthentic(verdict)).isFalse();
  }

  @Property
  void any_character_changed_in_a_signed_header_is_refused(
      @ForAll("signedCases") Case signed,
      @ForAll int which,
      @ForAll int place,
      @ForAll @IntRange(min = 33, max = 126) int character) {
    Provider provider = PRESETS.get(signed.preset());
    List<Integer> covered = new ArrayList<>();
    List<Header> headers = signed.request().headers();
    for (int i = 0; i < headers.size(); i++) {
      if (isCovered(provider, headers.get(i).name())) {
        covered.add(i);
      }
    }
    int index = covered.get(Math.floorMod(which, covered.size()));
    Header header = headers.get(index);
    int at = Math.floorMod(place, header.value().length());
    StringBuilder value = new StringBuilder(header.value());
    value.setCharAt(at, (char) character);
    boolean same =
        provider.plan().signature.encoding == Encoding.HEX
            ? value.toString().equalsIgnoreCase(header.value()) // Hex may be in any case.
            : value.toString().equals(header.value());
    if (same) {
      return;
    }
    if (header.value().charAt(at) == '=' && character == ',') {
      return; // Padding may be missing, and a list may end with a comma: the same signature.
    }
    List<Header> changed = new ArrayList<>(headers);
    changed.set(index, new Header(header.name(), value.toString()));
    RawRequest request =
        new RawRequest("POST", signed.request().url(), changed, signed.request().body());
    assertThat(isAuthentic(verify(VERIFIERS.get(signed.preset()), request)))
        .as("%s: %s instead of %s", header.name(), value, header.value())
        .isFalse();
  }

  private static boolean isCovered(Provider provider, String name) {
    Plan plan = provider.plan();
    return plan.signature.headers.stream().anyMatch(name::equalsIgnoreCase)
        || (plan.timestamp.from != null && plan.timestamp.from.namesOf(Word.HEADER).contains(name))
        || (plan.signature.id != null && plan.signature.id.namesOf(Word.HEADER).contains(name));
  }

  @Property
  void any_byte_changed_in_the_secret_is_refused(
      @ForAll("signedCases") Case signed,
      @ForAll @IntRange(min = 0, max = 100) int place,
      @ForAll @IntRange(min = 33, max = 126) int character) {
    Provider provider = PRESETS.get(signed.preset());
    if (provider.plan().signature.algorithm == Algorithm.ED25519) {
      return; // A changed public key is mostly none.
    }
    String form = provider.plan().signature.keyForm;
    byte[] key = keyOf(secret(provider).value(), form);
    int at = place % key.length;
    if (key[at] == character) {
      return;
    }
    key[at] = (byte) character;
    Verifier other = new Verifier(provider, List.of(Secret.of(textOf(key, form))), CLOCK);
    assertThat(isAuthentic(verify(other, signed.request()))).isFalse();
  }

  private static byte[] keyOf(String secret, String form) {
    return switch (form) {
      case "hex" -> HexFormat.of().parseHex(secret);
      case "base64" -> Base64.getDecoder().decode(secret.replace("whsec_", ""));
      default -> secret.getBytes(StandardCharsets.UTF_8);
    };
  }

  private static String textOf(byte[] key, String form) {
    return switch (form) {
      case "hex" -> HexFormat.of().formatHex(key);
      case "base64" -> "whsec_" + Base64.getEncoder().encodeToString(key);
      default -> new String(key, StandardCharsets.UTF_8);
    };
  }

  // Nothing is thrown, whatever comes.

  @Provide
  Arbitrary<RawRequest> anything() {
    Arbitrary<String> names =
        Arbitraries.oneOf(
            Arbitraries.of(namesThatMatter()), Arbitraries.strings().ascii().ofMaxLength(20));
    Arbitrary<String> values =
        Arbitraries.oneOf(
            Arbitraries.strings().ofMaxLength(80),
            Arbitraries.strings().withChars("0123456789abcdefABCDEF").ofMaxLength(128),
            Arbitraries.strings().withChars("tv01=,;|& .:whsec_").ofMaxLength(60),
            Arbitraries.of("t=1,v1=ab", "v1,AAAA v1a,AA==", "ts=1;h1=00", "Basic YTpi", "sha256="));
    Arbitrary<List<Header>> headers =
        Combinators.combine(names, values).as(Header::new).list().ofMaxSize(8);
    Arbitrary<byte[]> bodies =
        Arbitraries.oneOf(
            Arbitraries.bytes().array(byte[].class).ofMaxSize(300),
            json(3).map(text -> text.getBytes(StandardCharsets.UTF_8)),
            Arbitraries.strings()
                .withChars("ab=&%+0f{}[]\":,\\<>/ ")
                .ofMaxLength(200)
                .map(text -> text.getBytes(StandardCharsets.UTF_8)));
    Arbitrary<String> urls =
        Arbitraries.oneOf(
            Arbitraries.strings().ofMaxLength(60),
            Arbitraries.of(
                "https://a.example/x?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
                "http://[::1]:80?bodySHA256=00",
                "?",
                "",
                "/webhooks/payments?%"));
    return Combinators.combine(Arbitraries.of("POST", "GET", "", "PUT"), urls, headers, bodies)
        .as(RawRequest::new);
  }

  private static List<String> namesThatMatter() {
    List<String> names =
        new ArrayList<>(List.of("Content-Type", "Authorization", "Forwarded", "X-Forwarded-Host"));
    for (Provider provider : ALL) {
      names.addAll(provider.plan().signature.headers);
      names.addAll(provider.plan().event.type.namesOf(Word.HEADER));
      provider.plan().event.key.all().forEach(key -> names.addAll(key.namesOf(Word.HEADER)));
      if (provider.plan().timestamp.from != null) {
        names.addAll(provider.plan().timestamp.from.namesOf(Word.HEADER));
      }
    }
    return names;
  }

  private static Arbitrary<String> json(int depth) {
    Arbitrary<String> scalars =
        Arbitraries.of(
            "1",
            "-0.00",
            "1e400",
            "\"\"",
            "\"a\\u0000\"",
            "\"\\ud800\"",
            "null",
            "true",
            "{}",
            "[]",
            "\"bt_payload\"",
            "1795428000000");
    if (depth == 0) {
      return scalars;
    }
    Arbitrary<String> members =
        Combinators.combine(
                Arbitraries.of(
                    "event",
                    "type",
                    "data",
                    "id",
                    "payload",
                    "object",
                    "notificationItems",
                    "NotificationRequestItem",
                    "additionalData",
                    "hmacSignature",
                    "plainToken",
                    "amount",
                    "currency",
                    "meta",
                    "Event",
                    "reference",
                    "event_ts",
                    "challenge"),
                Arbitraries.lazy(() -> json(depth - 1)))
            .as((name, value) -> "\"" + name + "\":" + value);
    return Arbitraries.oneOf(
        scalars,
        members.list().ofMaxSize(5).map(list -> "{" + String.join(",", list) + "}"),
        Arbitraries.lazy(() -> json(depth - 1))
            .list()
            .ofMaxSize(3)
            .map(list -> "[" + String.join(",", list) + "]"));
  }

  @Property
  void nothing_is_thrown_for_any_input_and_strangers_get_nowhere(
      @ForAll("anything") RawRequest request) {
    for (Provider provider : ALL) {
      Verdict verdict = verify(VERIFIERS.get(provider.name()), request);
      assertThat(verdict).isNotNull();
      if (!provider.isUnsigned()) {
        assertThat(verdict).as(provider.name()).isNotInstanceOf(VerifiedEvent.class);
      }
      if (verdict instanceof Refused refused) {
        assertThat(refused.reason()).as(provider.name()).isNotEqualTo("unreadable");
      }
    }
  }

  @Property
  void nothing_is_thrown_when_what_was_signed_is_anything(@ForAll("anything") RawRequest request) {
    for (Provider provider : ALL) {
      if (!provider.plan().signature.signed.get(0).toString().equals("{body}")) {
        continue;
      }
      RawRequest signed =
          new Signer(provider, secret(provider), CLOCK).sign(request, "payment.success");
      Verdict verdict = verify(VERIFIERS.get(provider.name()), signed);
      if (verdict instanceof Refused refused) {
        assertThat(refused.category()).isEqualTo(Refused.Category.MALFORMED);
        assertThat(refused.reason()).as(refused.detail()).isNotEqualTo("unreadable");
      }
    }
  }

  @Property
  void no_settings_make_a_preset_throw_anything_but_its_problems(
      @ForAll("settings") Map<String, String> overrides) {
    try {
      Provider provider = PRESETS.get("echezona").with(overrides);
      assertThat(provider.settings()).isNotEmpty();
    } catch (ProviderException e) {
      assertThat(e.problems()).isNotEmpty();
    }
  }

  @Provide
  Arbitrary<Map<String, String>> settings() {
    List<String> names = new ArrayList<>();
    for (Setting setting : Setting.values()) {
      names.add(setting.isMap() ? setting.key() + ".X" : setting.key());
    }
    Arbitrary<String> values =
        Arbitraries.oneOf(
            Arbitraries.strings().ofMaxLength(20),
            Arbitraries.strings().withChars("{}|:/?\\abody").ofMaxLength(20),
            Arbitraries.of(
                "{body}", "/data", "5m", "true", "hex", "key-values", "v1", "none", "token", "."));
    return Arbitraries.maps(Arbitraries.of(names), values).ofMaxSize(4);
  }

  @Property
  void no_text_makes_the_secrets_throw_anything_but_their_problems(@ForAll String text) {
    try {
      Secret.parse(text)
          .forEach(secret -> assertThat(secret.value()).doesNotStartWith(" ").isNotEmpty());
    } catch (ProviderException e) {
      assertThat(e.problems()).isNotEmpty();
    }
  }
}

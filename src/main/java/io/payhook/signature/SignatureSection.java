package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the settings below {@code signature} say: where signatures are, and what they are of. */
final class SignatureSection {
  private static final int MOST_SIGNATURES = 32;

  final Algorithm algorithm;
  final List<String> headers;
  final @Nullable String formField;
  final @Nullable String queryParameter;
  final @Nullable JsonPointer pointer;
  final String format;
  final String separator;
  final @Nullable String part;
  final String prefix;
  private final boolean prefixOptional;
  final Encoding encoding;
  final List<Template> signed;
  final boolean signedHoldsSecret;
  private final boolean signedInLowerCase;
  final String keyForm;
  private final List<String> keyPrefixes;
  final @Nullable Template certificateUrl;
  final List<String> certificateHosts;
  final @Nullable Template id;
  private final @Nullable Template bodySha256;

  /** A signature as it stands in a request, with the key it says it was made with. */
  record Candidate(@Nullable String id, String text) {}

  SignatureSection(SettingTexts settings) {
    algorithm = settings.choice(Algorithm.class, Setting.SIGNATURE_ALGORITHM, "none");
    boolean basic = algorithm == Algorithm.BASIC;
    headers = Setting.list(settings.word(Setting.SIGNATURE_HEADER, basic ? "Authorization" : ""));
    formField = settings.text(Setting.SIGNATURE_FORM_FIELD);
    queryParameter = settings.text(Setting.SIGNATURE_QUERY);
    pointer = settings.pointer(Setting.SIGNATURE_POINTER);
    format = settings.word(Setting.SIGNATURE_FORMAT, "plain");
    separator = settings.word(Setting.SIGNATURE_SEPARATOR, ",");
    part = settings.text(Setting.SIGNATURE_PART);
    prefix = settings.word(Setting.SIGNATURE_PREFIX, basic ? "Basic " : "");
    prefixOptional = settings.flag(Setting.SIGNATURE_PREFIX_OPTIONAL, false);
    encoding =
        basic
            ? Encoding.BASE64
            : settings.choice(Encoding.class, Setting.SIGNATURE_ENCODING, "hex");
    signed =
        Setting.lines(settings.word(Setting.SIGNATURE_SIGNED, "{body}")).stream()
            .map(line -> Template.parse(line, Template.Context.SIGNED))
            .toList();
    signedHoldsSecret = signed.stream().anyMatch(SignatureSection::namesSecret);
    signedInLowerCase = settings.has(Setting.SIGNATURE_SIGNED_CASE);
    keyForm = settings.word(Setting.SIGNATURE_KEY, "text");
    keyPrefixes = settings.list(Setting.SIGNATURE_KEY_PREFIX);
    certificateUrl = settings.template(Setting.SIGNATURE_CERTIFICATE_URL, Template.Context.WIRE);
    certificateHosts = settings.list(Setting.SIGNATURE_CERTIFICATE_HOSTS);
    id = settings.template(Setting.SIGNATURE_ID, Template.Context.WIRE);
    bodySha256 = settings.template(Setting.SIGNATURE_BODY_SHA256, Template.Context.WIRE);
  }

  private static boolean namesSecret(Template template) {
    return template.names(Word.SECRET, Word.SECRET_ENCODED);
  }

  void check(Plan plan, Problems problems) {
    boolean json = plan.bodyFormat == BodyFormat.JSON;
    boolean partless = format.equals("plain") || format.equals("pairs");
    String header = headers.isEmpty() ? null : headers.get(0);
    long places =
        Stream.of(header, formField, queryParameter, pointer).filter(Objects::nonNull).count();
    problems.when(
        algorithm == Algorithm.NONE && places > 0,
        Setting.SIGNATURE_ALGORITHM,
        "is none, yet a place for a signature is given; take one of the two away");
    problems.when(
        algorithm != Algorithm.NONE && places != 1,
        Setting.SIGNATURE_HEADER,
        (places == 0 ? "no place" : "more than one place")
            + " is given for the signature; give one of signature.header, signature.form-field,"
            + " signature.query and signature.pointer (an empty value takes a preset's away)");
    problems.when(
        !partless && part == null,
        Setting.SIGNATURE_PART,
        "is missing; signature.format " + format + " needs the key or version that counts");
    problems.when(
        partless && part != null,
        Setting.SIGNATURE_PART,
        "has no meaning with signature.format " + format);
    problems.when(
        certificateUrl != null && certificateHosts.isEmpty(),
        Setting.SIGNATURE_CERTIFICATE_HOSTS,
        "is missing; certificates are fetched from hosts that are named here alone");
    problems.when(
        certificateUrl != null && algorithm != Algorithm.RSA_SHA256,
        Setting.SIGNATURE_CERTIFICATE_URL,
        "needs signature.algorithm rsa-sha256, not " + algorithm.word());
    problems.when(pointer != null && !json, Setting.SIGNATURE_POINTER, "needs body.format json");
    for (Template template : signed) {
      problems.when(
          template.names(Word.TIMESTAMP) && plan.timestamp.from == null,
          Setting.TIMESTAMP_FROM,
          "is missing; signature.signed names {timestamp}");
      problems.when(
          template.names(Word.ID) && id == null,
          Setting.SIGNATURE_ID,
          "is missing; signature.signed names {id}");
      problems.when(
          template.names(Word.JSON, Word.STRINGIFY) && !json,
          Setting.BODY_FORMAT,
          "should be json; signature.signed names {json:…} or {stringify}");
      problems.when(
          algorithm.isDigest() != namesSecret(template),
          Setting.SIGNATURE_SIGNED,
          algorithm.isDigest()
              ? "should name {secret}: a plain digest without it proves nothing"
              : "names {secret}, which only goes with signature.algorithm sha256, sha512 or md5");
    }
  }

  /**
   * A secret as the key that it is.
   *
   * @throws IllegalArgumentException whose message says what is wrong with it
   */
  SigningKey key(Secret secret) {
    return SigningKey.of(algorithm, keyForm, keyPrefixes, secret);
  }

  // Finding the signature.

  /** The signatures a request, or the item of a batch, carries. At least one. */
  List<Candidate> candidates(Scope scope) throws Refusal {
    List<String> values = values(scope);
    List<Candidate> found = new ArrayList<>(values.size());
    switch (format) {
      case "key-values" -> keyValues(scope, values, found);
      case "versions" -> versions(values, found);
      case "pairs" -> pairs(values, found);
      default -> {
        for (String value : values) {
          if (algorithm.signs() && value.indexOf(',') >= 0) {
            for (String one : value.split(",", MOST_SIGNATURES + 1)) {
              found.add(new Candidate(null, one.strip()));
            }
          } else {
            found.add(new Candidate(null, value));
          }
        }
      }
    }
    if (found.size() > MOST_SIGNATURES) {
      throw new Refusal("too-many-signatures", "there are more than " + MOST_SIGNATURES);
    }
    return prefix.isEmpty() ? found : withoutPrefix(found);
  }

  /** Whether an item of a batch has a signature, right or wrong. */
  boolean isIn(Scope scope) throws Refusal {
    return inBody(scope) != null;
  }

  /** Why there is no signature; null where there is one, right or wrong. */
  @Nullable Refusal missing(Scope scope) {
    try {
      List<String> unused = values(scope);
      return null;
    } catch (Refusal e) {
      return e;
    }
  }

  /** Why a POST can't be authentic whatever its body is, where the signature is in a header. */
  Optional<Refusal> lacksHeader(Scope scope) {
    HandshakeSection handshake = scope.plan.handshake;
    boolean greeted = handshake != null && !handshake.signed() && handshake.method().equals("POST");
    return headers.isEmpty() || algorithm == Algorithm.NONE || greeted
        ? Optional.empty()
        : Optional.ofNullable(missing(scope));
  }

  private List<String> values(Scope scope) throws Refusal {
    List<String> values = new ArrayList<>(1);
    if (formField != null) {
      for (String value : scope.form().all(formField)) {
        add(values, value);
      }
    } else if (queryParameter != null) {
      for (String value : scope.query().all(queryParameter)) {
        add(values, value);
      }
    } else if (pointer != null) {
      String value = inBody(scope);
      if (value != null) {
        values.add(value);
      }
    } else {
      for (RawRequest.Header header : scope.request.headers()) {
        if (isSignatureHeader(header.name())) {
          add(values, header.value());
        }
      }
    }
    if (values.isEmpty()) {
      throw absent(scope);
    }
    return values;
  }

  private static void add(List<String> values, String value) {
    String stripped = value.strip();
    if (!stripped.isEmpty()) {
      values.add(stripped);
    }
  }

  private @Nullable String inBody(Scope scope) throws Refusal {
    JsonNode here = scope.here();
    String value = here == null || pointer == null ? null : StrictJson.text(here.at(pointer));
    return value == null || value.isBlank() ? null : value;
  }

  private boolean isSignatureHeader(String name) {
    for (int i = 0; i < headers.size(); i++) {
      if (headers.get(i).equalsIgnoreCase(name)) {
        return true;
      }
    }
    return false;
  }

  /** Said where no signature is in its place. */
  Refusal absent(Scope scope) {
    String names = String.join(" or ", headers);
    boolean empty = headers.stream().anyMatch(name -> scope.request.header(name) != null);
    return headers.isEmpty() || empty
        ? new Refusal(
            "missing-signature",
            formField != null
                ? "the form has no field '" + formField + "'"
                : queryParameter != null
                    ? "the URL has no query parameter '" + queryParameter + "'"
                    : pointer != null
                        ? "the body has no signature at " + pointer
                        : "the header " + names + " is empty")
        : new Refusal("missing-header", "there is no header " + names);
  }

  private void keyValues(Scope scope, List<String> values, List<Candidate> found) throws Refusal {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    for (String value : values) {
      for (String pair : value.split(separator, 4 * MOST_SIGNATURES)) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          parts
              .computeIfAbsent(pair.substring(0, equals).strip(), any -> new ArrayList<>(1))
              .add(pair.substring(equals + 1).strip());
        }
      }
    }
    scope.parts = parts;
    for (String value : parts.getOrDefault(part, List.of())) {
      found.add(new Candidate(null, value));
    }
    noneWithPart(found, part + "=");
  }

  private void versions(List<String> values, List<Candidate> found) throws Refusal {
    for (String value : values) {
      for (String one : value.split(" ", 4 * MOST_SIGNATURES)) {
        int comma = one.indexOf(',');
        if (comma > 0 && one.substring(0, comma).equals(part)) {
          found.add(new Candidate(null, one.substring(comma + 1).strip()));
        }
      }
    }
    noneWithPart(found, part + ",");
  }

  private static void pairs(List<String> values, List<Candidate> found) throws Refusal {
    for (String value : values) {
      for (String pair : value.split("&", MOST_SIGNATURES + 1)) {
        int bar = pair.indexOf('|');
        if (bar >= 0) {
          found.add(new Candidate(pair.substring(0, bar), pair.substring(bar + 1)));
        }
      }
    }
    noneWithPart(found, "id|");
  }

  private static void noneWithPart(List<Candidate> found, String part) throws Refusal {
    if (found.isEmpty()) {
      throw new Refusal(
          "no-such-part", "a signature is there, but none that begins with '" + part + "'");
    }
  }

  private List<Candidate> withoutPrefix(List<Candidate> found) throws Refusal {
    boolean anyCase = algorithm == Algorithm.BASIC;
    List<Candidate> stripped = new ArrayList<>(found.size());
    for (Candidate candidate : found) {
      String text = candidate.text();
      if (text.regionMatches(anyCase, 0, prefix, 0, prefix.length())) {
        stripped.add(new Candidate(candidate.id(), text.substring(prefix.length()).strip()));
      } else if (prefixOptional) {
        stripped.add(candidate);
      }
    }
    if (stripped.isEmpty()) {
      throw new Refusal(
          "missing-prefix", "the signature does not begin with '" + prefix.strip() + "'");
    }
    return stripped;
  }

  // What it is of.

  /** The text that the signature must be of. */
  byte[] content(Template template, Scope scope) throws Refusal {
    if (!algorithm.signs()) {
      return new byte[0];
    }
    byte[] content = template.bytes(scope);
    return signedInLowerCase
        ? new String(content, StandardCharsets.UTF_8)
            .toLowerCase(Locale.ROOT)
            .getBytes(StandardCharsets.UTF_8)
        : content;
  }

  /** The value of {@code {sorted-form}}; null where the signature does not cover the body. */
  @Nullable String sortedForm(Scope scope) throws Refusal {
    String digest = scope.textAt(bodySha256);
    if (digest != null) {
      if (!digest.equalsIgnoreCase(Digests.sha256Hex(scope.request.body()))) {
        throw new Refusal("wrong-body-digest", "the body is not the one whose SHA-256 is signed");
      }
      return "";
    }
    if (scope.request.body().length == 0) {
      return "";
    }
    return scope.looksLikeForm() ? scope.form().sorted() : null;
  }
}

package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A provider's settings, compiled once: what a verification needs, ready to run. */
final class Plan {
  private static final int MOST_SIGNATURES = 32;

  private final SettingTexts settings;

  final Algorithm algorithm;
  final List<String> headers;
  final @Nullable String formField;
  final @Nullable String queryParameter;
  final @Nullable JsonPointer pointer;
  final String format;
  final String separator;
  final @Nullable String part;
  final String prefix;
  final boolean prefixOptional;
  final Encoding encoding;
  final List<Template> signed;
  final boolean signedHoldsSecret;
  final boolean signedInLowerCase;

  /** Whether something that tells one event from another stands outside of what is signed. */
  final boolean namesUnsigned;

  final String keyForm;
  final List<String> keyPrefixes;
  final @Nullable Template certificateUrl;
  final List<String> certificateHosts;
  final @Nullable Template id;
  final @Nullable Template bodySha256;
  final @Nullable Template timestamp;
  final String timestampUnit;
  final @Nullable Duration tolerance;
  final @Nullable Duration toleranceFuture;
  final EventPlan event;
  final @Nullable HandshakePlan handshake;

  private final BodyFormat bodyFormat;
  private final String bodyField;
  private final PublicUrl publicUrl;
  private final Map<String, String> params;

  /** The handshake part of a plan. */
  record HandshakePlan(
      String method,
      Template when,
      String is,
      boolean signed,
      @Nullable Template token,
      Pattern tokenPattern,
      Template reply,
      String contentType,
      int status) {}

  /** A signature as it stands in a request, with the key it says it was made with. */
  record Candidate(@Nullable String id, String text) {}

  /** The settings must have been found right, each for itself and all together. */
  Plan(SettingTexts settings) {
    this.settings = settings;
    algorithm = Algorithm.of(settings.word(Setting.SIGNATURE_ALGORITHM, "none"));
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
            : Encoding.valueOf(
                settings.word(Setting.SIGNATURE_ENCODING, "hex").toUpperCase(Locale.ROOT));
    signed =
        Setting.lines(settings.word(Setting.SIGNATURE_SIGNED, "{body}")).stream()
            .map(line -> Template.parse(line, Template.Context.SIGNED))
            .toList();
    signedHoldsSecret = signed.stream().anyMatch(Plan::namesSecret);
    signedInLowerCase = settings.has(Setting.SIGNATURE_SIGNED_CASE);
    keyForm = settings.word(Setting.SIGNATURE_KEY, "text");
    keyPrefixes = Setting.list(settings.word(Setting.SIGNATURE_KEY_PREFIX, ""));
    certificateUrl = settings.template(Setting.SIGNATURE_CERTIFICATE_URL, Template.Context.WIRE);
    certificateHosts = Setting.list(settings.word(Setting.SIGNATURE_CERTIFICATE_HOSTS, ""));
    id = settings.template(Setting.SIGNATURE_ID, Template.Context.WIRE);
    bodySha256 = settings.template(Setting.SIGNATURE_BODY_SHA256, Template.Context.WIRE);
    timestamp = settings.template(Setting.TIMESTAMP_FROM, Template.Context.WIRE);
    timestampUnit = settings.word(Setting.TIMESTAMP_UNIT, "s");
    tolerance = settings.span(Setting.TIMESTAMP_TOLERANCE);
    Duration future = settings.span(Setting.TIMESTAMP_TOLERANCE_FUTURE);
    toleranceFuture = future == null ? tolerance : future;
    event = new EventPlan(settings);
    params = settings.map(Setting.PARAMS);
    bodyFormat =
        BodyFormat.valueOf(
            settings.word(Setting.BODY_FORMAT, "json").toUpperCase(Locale.ROOT).replace('-', '_'));
    bodyField = settings.word(Setting.BODY_FIELD, "");
    publicUrl =
        new PublicUrl(
            settings.text(Setting.URL_PUBLIC), settings.flag(Setting.URL_FORWARDED, false));
    namesUnsigned = algorithm.signs() && new Coverage(this).leavesOut(event);
    handshake = handshake(settings);
  }

  private static @Nullable HandshakePlan handshake(SettingTexts settings) {
    Template when = settings.template(Setting.HANDSHAKE_WHEN, Template.Context.TYPE);
    return when == null
        ? null
        : new HandshakePlan(
            settings.word(Setting.HANDSHAKE_METHOD, "POST"),
            when,
            settings.word(Setting.HANDSHAKE_IS, ""),
            settings.flag(Setting.HANDSHAKE_SIGNED, true),
            settings.template(Setting.HANDSHAKE_TOKEN, Template.Context.TYPE),
            Pattern.compile(settings.word(Setting.HANDSHAKE_TOKEN_PATTERN, "[A-Za-z0-9_-]{1,128}")),
            Template.parse(
                settings.word(Setting.HANDSHAKE_REPLY, "{token}"), Template.Context.REPLY),
            settings.word(Setting.HANDSHAKE_CONTENT_TYPE, "text/plain"),
            Integer.parseInt(settings.word(Setting.HANDSHAKE_STATUS, "200")));
  }

  private static boolean namesSecret(Template template) {
    return template.names(Template.Word.SECRET) || template.names(Template.Word.SECRET_ENCODED);
  }

  /** What is wrong with settings that are each right for themselves. */
  static void checkTogether(Map<String, String> texts, List<ProviderException.Problem> problems) {
    SettingTexts settings = new SettingTexts(texts);
    for (Setting needed :
        List.of(Setting.SIGNATURE_ALGORITHM, Setting.EVENT_TYPE, Setting.EVENT_KEY)) {
      if (!settings.has(needed)) {
        problems.add(
            new ProviderException.Problem(needed.key(), "is missing; it says " + needed.says()));
      }
    }
    if (!problems.isEmpty()) {
      return;
    }
    Plan plan = new Plan(settings);
    plan.checkWhere(problems);
    plan.checkTemplates(problems);
    plan.event.check(problems);
    Confirmation.check(plan, problems);
  }

  private void checkWhere(List<ProviderException.Problem> problems) {
    int places =
        (headers.isEmpty() ? 0 : 1)
            + (formField == null ? 0 : 1)
            + (queryParameter == null ? 0 : 1)
            + (pointer == null ? 0 : 1);
    if (algorithm == Algorithm.NONE) {
      if (places > 0) {
        add(
            problems,
            Setting.SIGNATURE_ALGORITHM,
            "is none, yet a place for a signature is given; take one of the two away");
      }
    } else if (places != 1) {
      add(
          problems,
          Setting.SIGNATURE_HEADER,
          (places == 0 ? "no place" : "more than one place")
              + " is given for the signature; give one of signature.header, signature.form-field,"
              + " signature.query and signature.pointer (an empty value takes a preset's away)");
    }
    if (!format.equals("plain") && !format.equals("pairs") && part == null) {
      add(
          problems,
          Setting.SIGNATURE_PART,
          "is missing; signature.format " + format + " needs the key or version that counts");
    }
    if (part != null && (format.equals("plain") || format.equals("pairs"))) {
      add(problems, Setting.SIGNATURE_PART, "has no meaning with signature.format " + format);
    }
    checkCertificates(problems);
    boolean inForm = bodyFormat == BodyFormat.JSON_IN_FORM || bodyFormat == BodyFormat.XML_IN_FORM;
    if (inForm && bodyField.isEmpty()) {
      add(problems, Setting.BODY_FIELD, "is missing; body.format names a form field's content");
    }
    if (event.items != null && bodyFormat != BodyFormat.JSON) {
      add(problems, Setting.EVENT_ITEMS, "needs body.format json");
    }
    if (pointer != null && bodyFormat != BodyFormat.JSON) {
      add(problems, Setting.SIGNATURE_POINTER, "needs body.format json");
    }
    if (handshake == null && settings.hasAny("handshake.")) {
      add(
          problems,
          Setting.HANDSHAKE_WHEN,
          "is missing; the other handshake settings need what tells a handshake from an event");
    }
    if (handshake != null && handshake.reply().names(Template.Word.HMAC) && !algorithm.isHmac()) {
      add(problems, Setting.HANDSHAKE_REPLY, "names {hmac}, but signature.algorithm is no HMAC");
    }
  }

  private void checkCertificates(List<ProviderException.Problem> problems) {
    if (certificateUrl == null) {
      return;
    }
    if (certificateHosts.isEmpty()) {
      add(
          problems,
          Setting.SIGNATURE_CERTIFICATE_HOSTS,
          "is missing; certificates are fetched from hosts that are named here alone");
    }
    if (algorithm != Algorithm.RSA_SHA256) {
      add(
          problems,
          Setting.SIGNATURE_CERTIFICATE_URL,
          "needs signature.algorithm rsa-sha256, not " + algorithm.word());
    }
  }

  private void checkTemplates(List<ProviderException.Problem> problems) {
    for (Template template : signed) {
      if (template.names(Template.Word.TIMESTAMP) && timestamp == null) {
        add(problems, Setting.TIMESTAMP_FROM, "is missing; signature.signed names {timestamp}");
      }
      if (template.names(Template.Word.ID) && id == null) {
        add(problems, Setting.SIGNATURE_ID, "is missing; signature.signed names {id}");
      }
      boolean json = template.names(Template.Word.JSON) || template.names(Template.Word.STRINGIFY);
      if (json && bodyFormat != BodyFormat.JSON) {
        add(
            problems,
            Setting.BODY_FORMAT,
            "should be json; signature.signed names {json:…} or {stringify}");
      }
      if (algorithm.isDigest() != namesSecret(template)) {
        add(
            problems,
            Setting.SIGNATURE_SIGNED,
            algorithm.isDigest()
                ? "should name {secret}: a plain digest without it proves nothing"
                : "names {secret}, which only goes with signature.algorithm sha256, sha512 or md5");
      }
    }
    if (id == null && event.key.all().stream().anyMatch(t -> t.names(Template.Word.ID))) {
      add(problems, Setting.SIGNATURE_ID, "is missing; event.key names id");
    }
    List<Template> all = new ArrayList<>(signed);
    all.addAll(event.templates());
    for (Template template : all) {
      for (String name : template.namesOf(Template.Word.PARAM)) {
        if (!params.containsKey(name)) {
          add(
              problems,
              Setting.PARAMS,
              "has no '" + name + "', which '" + template + "' names; add params." + name);
        }
      }
    }
  }

  private static void add(List<ProviderException.Problem> problems, Setting setting, String text) {
    problems.add(new ProviderException.Problem(setting.key(), text));
  }

  BodyFormat bodyFormat() {
    return bodyFormat;
  }

  String bodyField() {
    return bodyField;
  }

  PublicUrl publicUrl() {
    return publicUrl;
  }

  boolean signsUrl() {
    return signed.stream()
        .anyMatch(
            template ->
                template.names(Template.Word.URL)
                    || template.names(Template.Word.URL_WITH_PORT)
                    || template.names(Template.Word.URL_WITHOUT_PORT)
                    || template.names(Template.Word.URL_DECODED));
  }

  Map<String, String> params() {
    return params;
  }

  SettingTexts settings() {
    return settings;
  }

  // What the templates read.

  @Nullable String timestampText(Scope scope) throws Refusal {
    return timestamp == null ? null : timestamp.text(scope);
  }

  @Nullable String idText(Scope scope) throws Refusal {
    return id == null ? null : id.text(scope);
  }

  @Nullable String sortedForm(Scope scope) throws Refusal {
    if (bodySha256 != null) {
      String digest = bodySha256.text(scope);
      if (digest != null) {
        if (!digest.equalsIgnoreCase(Digests.sha256Hex(scope.request.body()))) {
          throw new Refusal("wrong-body-digest", "the body is not the one whose SHA-256 is signed");
        }
        return "";
      }
    }
    if (scope.request.body().length == 0) {
      return "";
    }
    return scope.looksLikeForm() ? scope.form().sorted() : null;
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

  /** Whether an item of a batch has a signature, right or wrong. */
  boolean isSigned(Scope scope) throws Refusal {
    JsonNode here = scope.here();
    String value = here == null || pointer == null ? null : StrictJson.text(here.at(pointer));
    return value != null && !value.isBlank();
  }

  /** Whether a request brings what this provider signs with. */
  boolean isCarriedBy(Scope scope) {
    if (algorithm == Algorithm.NONE) {
      return true;
    }
    if (pointer != null && event.items != null) {
      return true; // Every item has a signature of its own, or has not.
    }
    try {
      return !values(scope).isEmpty();
    } catch (Refusal e) {
      return false;
    }
  }

  /** Why a POST can't be authentic whatever its body is, where the signature is in a header. */
  Optional<Refusal> lacksHeader(Scope scope) {
    boolean greeted = handshake != null && !handshake.signed() && handshake.method().equals("POST");
    if (headers.isEmpty() || algorithm == Algorithm.NONE || greeted) {
      return Optional.empty();
    }
    try {
      var unused = values(scope);
      return Optional.empty();
    } catch (Refusal e) {
      return Optional.of(e);
    }
  }

  private List<String> values(Scope scope) throws Refusal {
    List<String> values = new ArrayList<>(1);
    if (formField != null) {
      for (String value : scope.form().all(formField)) {
        addValue(values, value);
      }
      if (values.isEmpty()) {
        throw new Refusal("missing-signature", "the form has no field '" + formField + "'");
      }
    } else if (queryParameter != null) {
      for (String value : scope.query().all(queryParameter)) {
        addValue(values, value);
      }
      if (values.isEmpty()) {
        throw new Refusal(
            "missing-signature", "the URL has no query parameter '" + queryParameter + "'");
      }
    } else if (pointer != null) {
      JsonNode here = scope.here();
      String value = here == null ? null : StrictJson.text(here.at(pointer));
      if (value == null || value.isBlank()) {
        throw new Refusal("missing-signature", "the body has no signature at " + pointer);
      }
      values.add(value);
    } else {
      boolean seen = false;
      for (RawRequest.Header header : scope.request.headers()) {
        if (isSignatureHeader(header.name())) {
          seen = true;
          addValue(values, header.value());
        }
      }
      if (values.isEmpty()) {
        String names = String.join(" or ", headers);
        throw seen
            ? new Refusal("missing-signature", "the header " + names + " is empty")
            : new Refusal("missing-header", "there is no header " + names);
      }
    }
    return values;
  }

  private boolean isSignatureHeader(String name) {
    for (int i = 0; i < headers.size(); i++) {
      if (headers.get(i).equalsIgnoreCase(name)) {
        return true;
      }
    }
    return false;
  }

  private static void addValue(List<String> values, String value) {
    String stripped = value.strip();
    if (!stripped.isEmpty()) {
      values.add(stripped);
    }
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

  // The time of the request.

  /** Ends the verification when the request is too old or too far ahead. */
  void checkTime(Scope scope) throws Refusal {
    Instant now = scope.now;
    if (timestamp == null || tolerance == null || toleranceFuture == null) {
      return;
    }
    String text = timestamp.text(scope);
    if (text == null) {
      throw new Refusal("missing-timestamp", "there is no timestamp at " + timestamp);
    }
    Instant at = instant(text);
    if (at == null) {
      throw new Refusal(
          "bad-timestamp",
          "the timestamp is not "
              + (timestampUnit.equals("iso")
                  ? "ISO 8601"
                  : timestampUnit.equals("ms") ? "in milliseconds" : "in seconds"));
    }
    if (at.isBefore(now.minus(tolerance))) {
      throw new Refusal(
          "timestamp-too-old",
          "it was signed "
              + Duration.between(at, now).toSeconds()
              + " s ago; at most "
              + tolerance.toSeconds()
              + " s are allowed");
    }
    if (at.isAfter(now.plus(toleranceFuture))) {
      throw new Refusal(
          "timestamp-in-future",
          "it was signed "
              + Duration.between(now, at).toSeconds()
              + " s ahead of our clock; at most "
              + toleranceFuture.toSeconds()
              + " s are allowed");
    }
  }

  private @Nullable Instant instant(String text) {
    if (timestampUnit.equals("iso")) {
      return iso(text, ZoneOffset.UTC);
    }
    if (!isDigits(text)) {
      return null;
    }
    long number = Long.parseLong(text);
    return timestampUnit.equals("ms")
        ? Instant.ofEpochMilli(number)
        : Instant.ofEpochSecond(number);
  }

  /** How the clock's time is written where {@code {timestamp}} is. */
  String written(Instant now) {
    return switch (timestampUnit) {
      case "iso" -> now.toString();
      case "ms" -> Long.toString(now.toEpochMilli());
      default -> Long.toString(now.getEpochSecond());
    };
  }

  static boolean isDigits(String text) {
    if (text.isEmpty() || text.length() > 15) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  static @Nullable Instant iso(String text, ZoneId zone) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      // Perhaps without an offset.
    }
    try {
      return LocalDateTime.parse(text.replace(' ', 'T')).atZone(zone).toInstant();
    } catch (DateTimeException e) {
      return null;
    }
  }
}

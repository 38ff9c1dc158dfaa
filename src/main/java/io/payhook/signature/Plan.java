package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Currency;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A provider's settings, compiled once: what a verification needs, ready to run. */
final class Plan {
  private static final int MOST_SIGNATURES = 32;
  private static final int LONGEST_KEY = 512;
  private static final int LONGEST_TYPE = 200;
  private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private final Map<String, String> settings;

  final Algorithm algorithm;
  final List<String> headers;
  final @Nullable String formField;
  final @Nullable JsonPointer pointer;
  final String format;
  final String separator;
  final @Nullable String part;
  final String prefix;
  final boolean prefixOptional;
  final Encoding encoding;
  final List<Template> signed;
  final boolean signedHoldsSecret;
  final String keyForm;
  final List<String> keyPrefixes;
  final @Nullable Template id;
  final @Nullable Template bodySha256;
  final @Nullable Template timestamp;
  final String timestampUnit;
  final @Nullable Duration tolerance;
  final @Nullable Duration toleranceFuture;
  final @Nullable JsonPointer items;
  final Template type;
  final Template key;
  final @Nullable Template entity;
  final @Nullable HandshakePlan handshake;

  private final BodyFormat bodyFormat;
  private final String bodyField;
  private final PublicUrl publicUrl;
  private final @Nullable Template occurredAt;
  private final @Nullable DateTimeFormatter occurredAtFormat;
  private final ZoneId zone;
  private final @Nullable Template amount;
  private final boolean minorUnits;
  private final @Nullable Template currency;
  private final Map<String, String> currencyDigits;
  private final Map<String, String> aliases;
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
  Plan(Map<String, String> settings) {
    this.settings = settings;
    algorithm = Algorithm.of(word(Setting.SIGNATURE_ALGORITHM, "none"));
    boolean basic = algorithm == Algorithm.BASIC;
    headers = Setting.list(word(Setting.SIGNATURE_HEADER, basic ? "Authorization" : ""));
    formField = settings.get(Setting.SIGNATURE_FORM_FIELD.key());
    pointer = pointer(Setting.SIGNATURE_POINTER);
    format = word(Setting.SIGNATURE_FORMAT, "plain");
    separator = word(Setting.SIGNATURE_SEPARATOR, ",");
    part = settings.get(Setting.SIGNATURE_PART.key());
    prefix = word(Setting.SIGNATURE_PREFIX, basic ? "Basic " : "");
    prefixOptional = flag(Setting.SIGNATURE_PREFIX_OPTIONAL, false);
    encoding =
        basic
            ? Encoding.BASE64
            : Encoding.valueOf(word(Setting.SIGNATURE_ENCODING, "hex").toUpperCase(Locale.ROOT));
    signed =
        Setting.lines(word(Setting.SIGNATURE_SIGNED, "{body}")).stream()
            .map(line -> Template.parse(line, Template.Context.SIGNED))
            .toList();
    signedHoldsSecret = signed.stream().anyMatch(t -> t.names(Template.Word.SECRET));
    keyForm = word(Setting.SIGNATURE_KEY, "text");
    keyPrefixes = Setting.list(word(Setting.SIGNATURE_KEY_PREFIX, ""));
    id = template(Setting.SIGNATURE_ID, Template.Context.WIRE);
    bodySha256 = template(Setting.SIGNATURE_BODY_SHA256, Template.Context.WIRE);
    timestamp = template(Setting.TIMESTAMP_FROM, Template.Context.WIRE);
    timestampUnit = word(Setting.TIMESTAMP_UNIT, "s");
    tolerance = span(Setting.TIMESTAMP_TOLERANCE);
    Duration future = span(Setting.TIMESTAMP_TOLERANCE_FUTURE);
    toleranceFuture = future == null ? tolerance : future;
    String batch = settings.get(Setting.EVENT_ITEMS.key());
    items =
        batch == null ? null : batch.equals(".") ? JsonPointer.empty() : JsonPointer.compile(batch);
    type = required(Setting.EVENT_TYPE, Template.Context.TYPE);
    key = required(Setting.EVENT_KEY, Template.Context.EVENT);
    entity = template(Setting.EVENT_ENTITY, Template.Context.EVENT);
    occurredAt = template(Setting.EVENT_OCCURRED_AT, Template.Context.EVENT);
    String pattern = settings.get(Setting.EVENT_OCCURRED_AT_FORMAT.key());
    occurredAtFormat =
        pattern == null ? null : DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH);
    zone = ZoneId.of(word(Setting.EVENT_OCCURRED_AT_ZONE, "UTC"));
    amount = template(Setting.EVENT_AMOUNT, Template.Context.EVENT);
    minorUnits = word(Setting.EVENT_AMOUNT_UNIT, "major").equals("minor");
    currency = template(Setting.EVENT_CURRENCY, Template.Context.EVENT);
    currencyDigits = map(Setting.EVENT_CURRENCY_DIGITS);
    aliases = map(Setting.EVENT_ALIASES);
    params = map(Setting.PARAMS);
    bodyFormat =
        BodyFormat.valueOf(
            word(Setting.BODY_FORMAT, "json").toUpperCase(Locale.ROOT).replace('-', '_'));
    bodyField = word(Setting.BODY_FIELD, "");
    publicUrl =
        new PublicUrl(settings.get(Setting.URL_PUBLIC.key()), flag(Setting.URL_FORWARDED, false));
    Template when = template(Setting.HANDSHAKE_WHEN, Template.Context.TYPE);
    handshake =
        when == null
            ? null
            : new HandshakePlan(
                word(Setting.HANDSHAKE_METHOD, "POST"),
                when,
                word(Setting.HANDSHAKE_IS, ""),
                flag(Setting.HANDSHAKE_SIGNED, true),
                template(Setting.HANDSHAKE_TOKEN, Template.Context.TYPE),
                Pattern.compile(word(Setting.HANDSHAKE_TOKEN_PATTERN, "[A-Za-z0-9_-]{1,128}")),
                Template.parse(word(Setting.HANDSHAKE_REPLY, "{token}"), Template.Context.REPLY),
                word(Setting.HANDSHAKE_CONTENT_TYPE, "text/plain"),
                Integer.parseInt(word(Setting.HANDSHAKE_STATUS, "200")));
  }

  /** What is wrong with settings that are each right for themselves. */
  static void checkTogether(
      Map<String, String> settings, List<ProviderException.Problem> problems) {
    for (Setting needed :
        List.of(Setting.SIGNATURE_ALGORITHM, Setting.EVENT_TYPE, Setting.EVENT_KEY)) {
      if (!settings.containsKey(needed.key())) {
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
    Confirmation.check(plan, settings, problems);
  }

  private void checkWhere(List<ProviderException.Problem> problems) {
    int places =
        (headers.isEmpty() ? 0 : 1) + (formField == null ? 0 : 1) + (pointer == null ? 0 : 1);
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
              + " is given for the signature; give one of signature.header, signature.form-field"
              + " and signature.pointer (an empty value takes a preset's away)");
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
    boolean inForm = bodyFormat == BodyFormat.JSON_IN_FORM || bodyFormat == BodyFormat.XML_IN_FORM;
    if (inForm && bodyField.isEmpty()) {
      add(problems, Setting.BODY_FIELD, "is missing; body.format names a form field's content");
    }
    if (items != null && bodyFormat != BodyFormat.JSON) {
      add(problems, Setting.EVENT_ITEMS, "needs body.format json");
    }
    if (pointer != null && bodyFormat != BodyFormat.JSON) {
      add(problems, Setting.SIGNATURE_POINTER, "needs body.format json");
    }
    if (handshake == null
        && settings.keySet().stream().anyMatch(name -> name.startsWith("handshake."))) {
      add(
          problems,
          Setting.HANDSHAKE_WHEN,
          "is missing; the other handshake settings need what tells a handshake from an event");
    }
    if (handshake != null && handshake.reply().names(Template.Word.HMAC) && !algorithm.isHmac()) {
      add(problems, Setting.HANDSHAKE_REPLY, "names {hmac}, but signature.algorithm is no HMAC");
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
      if (template.names(Template.Word.JSON) && bodyFormat != BodyFormat.JSON) {
        add(problems, Setting.BODY_FORMAT, "should be json; signature.signed names {json:…}");
      }
      if ((algorithm == Algorithm.SHA256) != template.names(Template.Word.SECRET)) {
        add(
            problems,
            Setting.SIGNATURE_SIGNED,
            algorithm == Algorithm.SHA256
                ? "should name {secret}: a plain sha256 without it proves nothing"
                : "names {secret}, which only goes with signature.algorithm sha256");
      }
    }
    if (key.names(Template.Word.ID) && id == null) {
      add(problems, Setting.SIGNATURE_ID, "is missing; event.key names id");
    }
    List<Template> all = new ArrayList<>(signed);
    for (Template template : new Template[] {type, key, entity, amount, currency, occurredAt}) {
      if (template != null) {
        all.add(template);
      }
    }
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

  private String word(Setting setting, String otherwise) {
    return settings.getOrDefault(setting.key(), otherwise);
  }

  private boolean flag(Setting setting, boolean otherwise) {
    String value = settings.get(setting.key());
    return value == null ? otherwise : value.equals("true");
  }

  private @Nullable Duration span(Setting setting) {
    String value = settings.get(setting.key());
    return value == null ? null : Setting.duration(value);
  }

  private @Nullable JsonPointer pointer(Setting setting) {
    String value = settings.get(setting.key());
    return value == null ? null : JsonPointer.compile(value);
  }

  private @Nullable Template template(Setting setting, Template.Context context) {
    String value = settings.get(setting.key());
    return value == null ? null : Template.firstOf(Setting.lines(value), context);
  }

  private Template required(Setting setting, Template.Context context) {
    Template template = template(setting, context);
    if (template == null) {
      throw new IllegalArgumentException(setting.key() + " is missing");
    }
    return template;
  }

  /** The entries of a setting that takes names of the writer's own. */
  Map<String, String> map(Setting setting) {
    Map<String, String> entries = new LinkedHashMap<>();
    String start = setting.key() + ".";
    settings.forEach(
        (name, value) -> {
          if (name.startsWith(start)) {
            entries.put(name.substring(start.length()), value);
          }
        });
    return entries;
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

  Map<String, String> params() {
    return params;
  }

  Map<String, String> aliases() {
    return aliases;
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
        if (!digest.equalsIgnoreCase(Template.sha256(scope.request.body()))) {
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

  private List<String> values(Scope scope) throws Refusal {
    List<String> values = new ArrayList<>(1);
    if (formField != null) {
      for (String value : scope.form().all(formField)) {
        addValue(values, value);
      }
      if (values.isEmpty()) {
        throw new Refusal("missing-signature", "the form has no field '" + formField + "'");
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

  private static boolean isDigits(String text) {
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

  private static @Nullable Instant iso(String text, ZoneId zone) {
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

  // What the event says.

  /** What an authentic request, or the item of a batch, is about. */
  VerifiedEvent.Facts facts(Scope scope) throws Refusal {
    String rawType = type.text(scope);
    if (rawType == null) {
      throw new Refusal("no-event-type", "there is no event type at " + type);
    }
    rawType = printable(rawType, LONGEST_TYPE, "bad-event-type", "event type");
    String known = aliases.getOrDefault(rawType, rawType);
    scope.rawType = rawType;
    scope.type = known;
    String eventKey = key.text(scope);
    if (eventKey == null) {
      throw new Refusal("no-event-key", "there is no event key at " + key);
    }
    eventKey = printable(shortened(eventKey), LONGEST_KEY, "bad-event-key", "event key");
    String about = entity == null ? null : entity.text(scope);
    about =
        about == null
            ? eventKey
            : printable(shortened(about), LONGEST_KEY, "bad-event-entity", "event's entity");
    String code = currencyOf(scope);
    return new VerifiedEvent.Facts(
        known, rawType, eventKey, about, occurredAt(scope), amountOf(scope, code), code);
  }

  @Nullable String currencyOf(Scope scope) throws Refusal {
    String code = currency == null ? null : currency.text(scope);
    return code == null ? null : currency(code);
  }

  private static @Nullable String currency(String text) {
    String code = text.strip().toUpperCase(Locale.ROOT);
    boolean plain = !code.isEmpty() && code.length() <= 10;
    for (int i = 0; i < code.length() && plain; i++) {
      char c = code.charAt(i);
      plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
    return plain ? code : null;
  }

  private static String printable(String text, int longest, String reason, String name)
      throws Refusal {
    if (text.length() > longest) {
      throw new Refusal(reason, "the " + name + " has more than " + longest + " characters");
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean alone =
          Character.isHighSurrogate(c)
              ? i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
              : Character.isLowSurrogate(c)
                  && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
      if (Character.isISOControl(c) || alone) {
        throw new Refusal(reason, "the " + name + " has a character that can't be kept");
      }
    }
    return text;
  }

  /** Too long for an index: the rest becomes a digest, so that two keys stay two. */
  static String shortened(String text) {
    return text.length() <= LONGEST_KEY
        ? text
        : text.substring(0, 400) + "~" + Template.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Null also for a time that no calendar of ours reaches. */
  private @Nullable Instant occurredAt(Scope scope) throws Refusal {
    Instant at = stated(scope);
    return at == null || at.isBefore(EARLIEST) || at.isAfter(LATEST) ? null : at;
  }

  private @Nullable Instant stated(Scope scope) throws Refusal {
    String text = occurredAt == null ? null : occurredAt.text(scope);
    if (text == null) {
      return null;
    }
    try {
      if (occurredAtFormat != null) {
        return LocalDateTime.parse(text, occurredAtFormat).atZone(zone).toInstant();
      }
      if (isDigits(text)) {
        long number = Long.parseLong(text);
        return number > 100_000_000_000L
            ? Instant.ofEpochMilli(number)
            : Instant.ofEpochSecond(number);
      }
      return iso(text, zone);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** In the currency's major unit. */
  @Nullable BigDecimal amountOf(Scope scope, @Nullable String code) throws Refusal {
    String text = amount == null ? null : amount.text(scope);
    return text == null ? null : amount(text, minorUnits, code);
  }

  /** In the currency's major unit; null for what is no amount. */
  @Nullable BigDecimal amount(String text, boolean minor, @Nullable String code) {
    if (text.length() > 40) {
      return null;
    }
    try {
      BigDecimal number = new BigDecimal(text.strip());
      if (Math.abs(number.scale()) > 40) {
        return null;
      }
      return minor ? number.movePointLeft(digits(code)) : number;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private int digits(@Nullable String code) {
    if (code == null) {
      return 2;
    }
    String own = currencyDigits.get(code);
    if (own != null) {
      return Integer.parseInt(own);
    }
    try {
      return Math.max(0, Currency.getInstance(code).getDefaultFractionDigits());
    } catch (IllegalArgumentException e) {
      return 2;
    }
  }
}

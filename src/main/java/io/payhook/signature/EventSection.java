package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import io.payhook.kit.Currencies;
import io.payhook.kit.Digests;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.TemporalAccessor;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the settings below {@code event} say: where an event's facts are, and how they are read. */
final class EventSection {
  private static final int LONGEST_KEY = 512;
  private static final int LONGEST_TYPE = 200;
  private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  final @Nullable JsonPointer items;
  final Template type;
  final @Nullable Template status;
  final PerType<Template> key;
  final PerType<Template> entity;
  final Types types;
  final List<String> unsignedTypes;
  private final PerType<Template> occurredAt;
  private final List<DateTimeFormatter> formats;
  private final ZoneId zone;
  private final PerType<Template> amount;
  private final PerType<String> unit;
  private final PerType<Template> currency;
  private final PerType<String> statusIs;
  private final Map<String, String> digits;
  private final List<String> recurring;

  /** Whether one body under two types is two events. */
  final boolean bodyOfSeveralTypes;

  EventSection(SettingTexts settings) {
    items = settings.pointer(Setting.EVENT_ITEMS);
    type = Objects.requireNonNull(settings.template(Setting.EVENT_TYPE, Template.Context.TYPE));
    status = settings.template(Setting.EVENT_STATUS, Template.Context.EVENT);
    key = settings.perType(Setting.EVENT_KEY, Setting.EVENT_KEY_OF);
    entity = settings.perType(Setting.EVENT_ENTITY, Setting.EVENT_ENTITY_OF);
    occurredAt = settings.perType(Setting.EVENT_OCCURRED_AT, Setting.EVENT_OCCURRED_AT_OF);
    formats =
        settings.lines(Setting.EVENT_OCCURRED_AT_FORMAT).stream()
            .map(EventSection::format)
            .toList();
    zone = ZoneId.of(settings.word(Setting.EVENT_OCCURRED_AT_ZONE, "UTC"));
    amount = settings.perType(Setting.EVENT_AMOUNT, Setting.EVENT_AMOUNT_OF);
    unit =
        new PerType<>(
            settings.word(Setting.EVENT_AMOUNT_UNIT, "major"),
            settings.map(Setting.EVENT_AMOUNT_UNIT_OF),
            word -> word);
    currency = settings.perType(Setting.EVENT_CURRENCY, Setting.EVENT_CURRENCY_OF);
    statusIs = new PerType<>(null, settings.map(Setting.EVENT_STATUS_IS), word -> word);
    digits = settings.map(Setting.EVENT_CURRENCY_DIGITS);
    types = new Types(settings.map(Setting.EVENT_ALIASES));
    unsignedTypes = settings.lines(Setting.EVENT_UNSIGNED_TYPES);
    recurring = settings.lines(Setting.EVENT_RECURRING);
    bodyOfSeveralTypes = settings.flag(Setting.EVENT_BODY_OF_SEVERAL_TYPES, false);
  }

  private static DateTimeFormatter format(String pattern) {
    return new DateTimeFormatterBuilder()
        .parseCaseInsensitive()
        .appendPattern(pattern)
        .toFormatter(Locale.ENGLISH);
  }

  /** Every template that reads something of a request. */
  Stream<Template> templates() {
    return Stream.concat(
        Stream.of(type, status).filter(Objects::nonNull),
        Stream.of(key, entity, amount, currency, occurredAt).flatMap(each -> each.all().stream()));
  }

  void check(Plan plan, Problems problems) {
    problems.when(
        items != null && plan.bodyFormat != BodyFormat.JSON,
        Setting.EVENT_ITEMS,
        "needs body.format json");
    problems.when(
        plan.signature.id == null && key.all().stream().anyMatch(each -> each.names(Word.ID)),
        Setting.SIGNATURE_ID,
        "is missing; event.key names id");
    problems.when(
        status == null && (types.readStatus() || !statusIs.all().isEmpty()),
        Setting.EVENT_STATUS,
        "is missing; event.aliases or event.status-is tell events by it");
  }

  /** What an authentic request, or the item of a batch, is about. */
  VerifiedEvent.Facts facts(Scope scope) throws Refusal {
    name(scope);
    String known = Objects.requireNonNull(scope.type);
    String raw = Objects.requireNonNull(scope.rawType);
    contradicted(scope, known, raw);
    Template place = key.of(known, raw);
    String found = scope.textAt(place);
    if (found == null) {
      throw new Refusal("no-event-key", "there is no event key at " + place);
    }
    String eventKey = keyText(found);
    String about = scope.textAt(entity.of(known, raw));
    String code = currencyOf(scope);
    return new VerifiedEvent.Facts(
        known,
        raw,
        eventKey,
        about == null
            ? eventKey
            : printable(shortened(about), LONGEST_KEY, "bad-event-entity", "event's entity"),
        occurredAt(scope),
        amountOf(scope, code),
        code);
  }

  /** Reads the type of what the scope is at, the platform's name and ours. */
  void name(Scope scope) throws Refusal {
    String raw = type.text(scope);
    if (raw == null) {
      throw new Refusal("no-event-type", "there is no event type at " + type);
    }
    scope.rawType = printable(raw, LONGEST_TYPE, "bad-event-type", "event type");
    scope.type = types.own(scope.rawType, scope.textAt(status));
  }

  /** A type that nobody signed must fit what is signed. */
  private void contradicted(Scope scope, String known, String raw) throws Refusal {
    String words = statusIs.of(known, raw);
    if (words == null) {
      return;
    }
    String stated = scope.textAt(status);
    for (String word : Setting.list(words)) {
      if (stated != null && (word.equals("*") || word.equalsIgnoreCase(stated))) {
        return;
      }
    }
    throw new Refusal(
        "type-contradicted",
        "an event of type %s has the status %s, this one has %s"
            .formatted(known, words, stated == null ? "none" : stated));
  }

  boolean recurs(String known, String raw) {
    return PerType.any(recurring, known, raw);
  }

  @Nullable String currencyOf(Scope scope) throws Refusal {
    String code = scope.textAt(currencyPlace(scope));
    return code == null ? null : Currencies.code(code);
  }

  /** Where the amount of the scope's event is; null where its type has none. */
  @Nullable Template amountPlace(Scope scope) {
    return ofType(amount, scope);
  }

  /** Where the currency of the scope's event is; null where its type has none. */
  @Nullable Template currencyPlace(Scope scope) {
    return ofType(currency, scope);
  }

  private static <T> @Nullable T ofType(PerType<T> setting, Scope scope) {
    return setting.of(scope.type == null ? "" : scope.type, scope.rawType);
  }

  /** In the currency's major unit. */
  @Nullable BigDecimal amountOf(Scope scope, @Nullable String code) throws Refusal {
    String text = scope.textAt(amountPlace(scope));
    return text == null ? null : amount(text, "minor".equals(ofType(unit, scope)), code);
  }

  /** In the currency's major unit, with its decimals; null for what is no amount. */
  @Nullable BigDecimal amount(String text, boolean minor, @Nullable String code) {
    BigDecimal number = Currencies.number(text);
    return number == null
        ? null
        : Currencies.normal(minor ? number.movePointLeft(minorDigits(code)) : number, code);
  }

  /** What one minor unit is of a major one. */
  BigDecimal minorUnit(@Nullable String code) {
    return BigDecimal.ONE.movePointLeft(minorDigits(code));
  }

  private int minorDigits(@Nullable String code) {
    String other = digits.get("*");
    String own = code == null ? other : digits.getOrDefault(code, other);
    return own == null ? Currencies.digits(code) : Integer.parseInt(own);
  }

  /** Null also for a time that no calendar of ours reaches. */
  private @Nullable Instant occurredAt(Scope scope) throws Refusal {
    String text = scope.textAt(ofType(occurredAt, scope));
    Instant at = text == null ? null : time(text);
    return at == null || at.isBefore(EARLIEST) || at.isAfter(LATEST) ? null : at;
  }

  private @Nullable Instant time(String text) {
    for (DateTimeFormatter format : formats) {
      try {
        TemporalAccessor read =
            format.parseBest(
                text.strip(),
                ZonedDateTime::from,
                OffsetDateTime::from,
                LocalDateTime::from,
                LocalDate::from);
        return read instanceof LocalDateTime local
            ? local.atZone(zone).toInstant()
            : read instanceof LocalDate day
                ? day.atStartOfDay(zone).toInstant()
                : Instant.from(read);
      } catch (DateTimeException e) {
        // Perhaps in the next one.
      }
    }
    try {
      if (TimestampSection.isDigits(text)) {
        long number = Long.parseLong(text);
        return number > 100_000_000_000L
            ? Instant.ofEpochMilli(number)
            : Instant.ofEpochSecond(number);
      }
      return TimestampSection.iso(text, zone);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** A key as the journal keeps it. */
  static String keyText(String text) throws Refusal {
    return printable(shortened(text), LONGEST_KEY, "bad-event-key", "event key");
  }

  private static String printable(String text, int longest, String reason, String name)
      throws Refusal {
    if (text.length() > longest) {
      throw new Refusal(reason, "the " + name + " has more than " + longest + " characters");
    }
    for (int i = 0; i < text.length(); i++) {
      if (Character.isISOControl(text.charAt(i)) || SignedText.isAlone(text, i)) {
        throw new Refusal(reason, "the " + name + " has a character that can't be kept");
      }
    }
    return text;
  }

  /** Too long for an index: the rest becomes a digest, so that two keys stay two. */
  static String shortened(String text) {
    return text.length() <= LONGEST_KEY
        ? text
        : text.substring(0, 400) + "~" + Digests.sha256Hex(text.getBytes(StandardCharsets.UTF_8));
  }
}

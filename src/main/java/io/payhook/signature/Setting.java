package io.payhook.signature;

import io.payhook.kit.Durations;
import io.payhook.kit.Nearest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * Every setting of a provider, by its dotted name: nested in a preset's YAML, dotted as an
 * endpoint's override, the same either way. What its values look like and what it says is in {@code
 * signature/settings.properties}.
 */
public enum Setting {
  TITLE,
  DOCS,
  ALSO,
  CONFIRMED,
  UNCONFIRMED,
  NOTES,
  RETRY_HORIZON,
  BODY_FORMAT,
  BODY_FIELD,
  REQUEST_METHODS,
  URL_PUBLIC,
  URL_FORWARDED,
  SIGNATURE_ALGORITHM,
  SIGNATURE_HEADER,
  SIGNATURE_FORM_FIELD,
  SIGNATURE_QUERY,
  SIGNATURE_POINTER,
  SIGNATURE_FORMAT,
  SIGNATURE_SEPARATOR,
  SIGNATURE_PART,
  SIGNATURE_PREFIX,
  SIGNATURE_PREFIX_OPTIONAL,
  SIGNATURE_ENCODING,
  SIGNATURE_SIGNED,
  SIGNATURE_SIGNED_CASE,
  SIGNATURE_KEY,
  SIGNATURE_KEY_PREFIX,
  SIGNATURE_CERTIFICATE_URL,
  SIGNATURE_CERTIFICATE_HOSTS,
  SIGNATURE_ID,
  SIGNATURE_BODY_SHA256,
  TIMESTAMP_FROM,
  TIMESTAMP_UNIT,
  TIMESTAMP_TOLERANCE,
  TIMESTAMP_TOLERANCE_FUTURE,
  EVENT_ITEMS,
  EVENT_TYPE,
  EVENT_STATUS,
  EVENT_STATUS_IS,
  EVENT_UNSIGNED_TYPES,
  EVENT_KEY,
  EVENT_KEY_OF,
  EVENT_RECURRING,
  EVENT_ENTITY,
  EVENT_ENTITY_OF,
  EVENT_OCCURRED_AT,
  EVENT_OCCURRED_AT_OF,
  EVENT_OCCURRED_AT_FORMAT,
  EVENT_OCCURRED_AT_ZONE,
  EVENT_AMOUNT,
  EVENT_AMOUNT_OF,
  EVENT_AMOUNT_UNIT,
  EVENT_AMOUNT_UNIT_OF,
  EVENT_CURRENCY,
  EVENT_CURRENCY_OF,
  EVENT_CURRENCY_DIGITS,
  EVENT_BODY_OF_SEVERAL_TYPES,
  EVENT_ALIASES,
  EVENT_IGNORE,
  HANDSHAKE_METHOD,
  HANDSHAKE_WHEN,
  HANDSHAKE_IS,
  HANDSHAKE_SIGNED,
  HANDSHAKE_TOKEN,
  HANDSHAKE_TOKEN_PATTERN,
  HANDSHAKE_REPLY,
  HANDSHAKE_CONTENT_TYPE,
  HANDSHAKE_STATUS,
  RESPONSE_STATUS,
  RESPONSE_CONTENT_TYPE,
  RESPONSE_BODY,
  RESPONSE_REPLY,
  CONFIRM_SECRET,
  CONFIRM_ENABLED,
  CONFIRM_METHOD,
  CONFIRM_URL,
  CONFIRM_URL_OF,
  CONFIRM_HEADERS,
  CONFIRM_CONTENT_TYPE,
  CONFIRM_BODY,
  CONFIRM_TOKEN_URL,
  CONFIRM_TOKEN_METHOD,
  CONFIRM_TOKEN_HEADERS,
  CONFIRM_TOKEN_CONTENT_TYPE,
  CONFIRM_TOKEN_BODY,
  CONFIRM_TOKEN_POINTER,
  CONFIRM_TYPES,
  CONFIRM_FREE,
  CONFIRM_STATUS,
  CONFIRM_STATUS_IS,
  CONFIRM_STATUS_OF,
  CONFIRM_STATUS_EVENT,
  CONFIRM_STATUS_PENDING,
  CONFIRM_AMOUNT,
  CONFIRM_AMOUNT_OF,
  CONFIRM_AMOUNT_UNIT,
  CONFIRM_AMOUNT_RULE,
  CONFIRM_CURRENCY,
  CONFIRM_REFERENCE,
  CONFIRM_REFERENCE_OF,
  CONFIRM_REFERENCE_IS,
  CONFIRM_REFERENCE_IS_OF,
  CONFIRM_ID,
  CONFIRM_ID_IS,
  CONFIRM_TYPE_IS,
  CONFIRM_TYPE_BY,
  CONFIRM_KEY,
  PARAMS;

  /** The value of a setting for one event type that takes the general one away. */
  static final String NONE = "none";

  private static final String LINE = "\n";
  private static final String COMMA_OR_LINE = "[\n,]";
  private static final String BAR = "\\|";

  private final String key;
  private final boolean map;

  /** Between the items of a value; null where it is one. */
  private final @Nullable String separator;

  private final ValueKind kind;

  @SuppressWarnings("ImmutableEnumChecker") // a list that can't be changed
  private final List<String> words;

  private final String says;

  Setting() {
    key = Table.key(name());
    String row = Table.ROWS.getString(key);
    int bar = row.indexOf(" | ");
    says = row.substring(bar + 3);
    List<String> is = new ArrayList<>(Arrays.asList(row.substring(0, bar).split(" ", -1)));
    map = is.remove("map");
    separator =
        is.remove("lines")
            ? LINE
            : is.remove("list") ? COMMA_OR_LINE : is.remove("alternatives") ? BAR : null;
    kind = ValueKind.valueOf(is.remove(0).toUpperCase(Locale.ROOT).replace('-', '_'));
    words = List.copyOf(is);
  }

  private static final class Table {
    static final ResourceBundle ROWS = ResourceBundle.getBundle("signature.settings", Locale.ROOT);
    private static final Map<String, String> KEYS = new HashMap<>();

    static {
      for (String key : ROWS.keySet()) {
        KEYS.put(key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_'), key);
      }
    }

    /** A dot of a key can't be told from a hyphen by the name of its constant. */
    static String key(String name) {
      String key = KEYS.get(name);
      if (key == null) {
        throw new IllegalStateException("signature/settings.properties has no row for " + name);
      }
      return key;
    }
  }

  /** Its dotted name, such as {@code signature.header}. */
  public String key() {
    return key;
  }

  /** What it says, in a few words. */
  public String says() {
    return says;
  }

  /** The words it may be, or none when it is not one of a few words. */
  public List<String> choices() {
    return words;
  }

  /** Whether names of the writer's own follow its name, as in {@code event.aliases.NAME}. */
  public boolean isMap() {
    return map;
  }

  /** Whether it may hold several values: a list in YAML, lines in an override. */
  public boolean isList() {
    return separator != null && !separator.equals(BAR);
  }

  /** The setting a dotted name belongs to. */
  static Optional<Setting> of(String dotted) {
    return Arrays.stream(values())
        .filter(
            setting ->
                setting.map
                    ? dotted.startsWith(setting.key + ".")
                        && dotted.length() > setting.key.length() + 1
                    : dotted.equals(setting.key))
        .findFirst();
  }

  /** What is wrong with a value, or null. */
  @Nullable String problemWith(String value) {
    if (value.isBlank() && (kind != ValueKind.TEXT || separator != null)) {
      return "is blank; give a value, or leave it out";
    }
    if (map && kind == ValueKind.EVENT && value.equals(NONE)) {
      return null;
    }
    for (String item : separator == null ? List.of(value) : items(value, separator)) {
      if (!words.isEmpty() && !words.contains(item)) {
        return "'%s' is none of %s%s"
            .formatted(item, String.join(", ", words), Nearest.didYouMean(item, words));
      }
      try {
        kind.check(item);
      } catch (IllegalArgumentException e) {
        return e.getMessage();
      }
    }
    return null;
  }

  static Duration duration(String value) {
    return Durations.parse(value)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'" + value + "' is not a time span; write 300s, 5m, 72h or 3d"));
  }

  /** Pointers separated by {@code |}, of which the first that leads to something counts. */
  static List<String> inTurn(String value) {
    return items(value, BAR);
  }

  /** The lines of a value that is a list. */
  static List<String> lines(String value) {
    return items(value, LINE);
  }

  /** The items of a value whose items may also be separated by commas. */
  static List<String> list(String value) {
    return items(value, COMMA_OR_LINE);
  }

  private static List<String> items(String value, String separator) {
    return Arrays.stream(value.split(separator, -1))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }
}

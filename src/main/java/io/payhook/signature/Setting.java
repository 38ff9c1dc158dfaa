package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import io.payhook.kit.Durations;
import io.payhook.kit.Nearest;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Every setting of a provider, by its dotted name: nested in a preset's YAML, dotted as an
 * endpoint's override, the same either way.
 */
public enum Setting {
  TITLE("title", Kind.TEXT, "the platform's name, for people"),
  DOCS("docs", Kind.URL, "the platform's own page about its webhooks"),
  ALSO("also", Kind.LINES, "other names of this preset"),
  CONFIRMED("confirmed", Kind.LINES, "what is known, and from which public text or code"),
  UNCONFIRMED("unconfirmed", Kind.LINES, "what could not be confirmed in public documentation"),
  NOTES("notes", Kind.LINES, "what a person who sets this up should know"),
  RETRY_HORIZON(
      "retry-horizon", Kind.DURATION, "how long the platform keeps trying to deliver an event"),

  BODY_FORMAT(
      "body.format",
      Kind.words("json", "form", "auto", "json-in-form", "xml-in-form", "xml", "text"),
      "how bodies are read; auto: a form when the content type says so, else JSON"),
  BODY_FIELD("body.field", Kind.TEXT, "the form field that holds the JSON or XML"),

  REQUEST_METHODS(
      "request.methods",
      Kind.wordList("GET", "POST"),
      "the methods the platform calls with; POST by default. With GET the facts stand in the query"),

  URL_PUBLIC(
      "url.public",
      Kind.URL,
      "the endpoint's URL as the platform knows it, where the URL is signed"),
  URL_FORWARDED(
      "url.forwarded",
      Kind.BOOLEAN,
      "whether Forwarded and X-Forwarded-Proto, -Host and -Prefix are trusted for the URL"),

  SIGNATURE_ALGORITHM(
      "signature.algorithm",
      Kind.words(
          "hmac-sha256",
          "hmac-sha512",
          "hmac-sha1",
          "hmac-sha3-512",
          "sha256",
          "sha512",
          "md5",
          "ed25519",
          "rsa-sha256",
          "token",
          "basic",
          "none"),
      "how the sender proves itself; sha256, sha512, md5: a plain digest over text that holds"
          + " {secret}; token: the secret itself; basic: user:password; none: not at all"),
  SIGNATURE_HEADER(
      "signature.header", Kind.HEADERS, "the header with the signature; several with commas"),
  SIGNATURE_FORM_FIELD(
      "signature.form-field", Kind.TEXT, "the form field with the signature, instead of a header"),
  SIGNATURE_QUERY(
      "signature.query", Kind.TEXT, "the query parameter with the signature, instead of a header"),
  SIGNATURE_POINTER(
      "signature.pointer",
      Kind.POINTER,
      "the place of the signature in the JSON body, instead of a header; within each item of a"
          + " batch"),
  SIGNATURE_FORMAT(
      "signature.format",
      Kind.words("plain", "key-values", "versions", "pairs"),
      "plain: the signature alone; key-values: t=1,v1=ab; versions: v1,ab v1,cd; pairs:"
          + " id|ab&id|cd"),
  SIGNATURE_SEPARATOR(
      "signature.separator", Kind.words(",", ";"), "between the parts of key-values"),
  SIGNATURE_PART(
      "signature.part", Kind.TEXT, "the key or version whose value is the signature (v1)"),
  SIGNATURE_PREFIX("signature.prefix", Kind.TEXT, "text before the signature (sha256=)"),
  SIGNATURE_PREFIX_OPTIONAL(
      "signature.prefix-optional", Kind.BOOLEAN, "whether the prefix may be missing"),
  SIGNATURE_ENCODING(
      "signature.encoding",
      Kind.words("hex", "base64", "base64url"),
      "hex in any case; base64 with or without padding"),
  SIGNATURE_SIGNED(
      "signature.signed",
      Kind.SIGNED,
      "what is signed; on several lines, each is tried ({timestamp}.{body})"),
  SIGNATURE_SIGNED_CASE(
      "signature.signed-case",
      Kind.words("lower"),
      "lower: the text is put in lower case before it is signed"),
  SIGNATURE_KEY(
      "signature.key",
      Kind.words("text", "base64", "hex", "sha1", "sha256-hex", "pem"),
      "how the key is made of the secret; sha1: its digest; sha256-hex: its digest written in hex;"
          + " pem: a public key or certificate"),
  SIGNATURE_KEY_PREFIX(
      "signature.key-prefix",
      Kind.TEXT,
      "text before the secret that is not part of the key (whsec_); may be missing; several with"
          + " commas"),
  SIGNATURE_CERTIFICATE_URL(
      "signature.certificate-url",
      Kind.WIRE,
      "where the URL of the certificate is that the platform signed with; it is fetched once, and"
          + " counts beside the secrets when it is for a host of signature.certificate-hosts"),
  SIGNATURE_CERTIFICATE_HOSTS(
      "signature.certificate-hosts",
      Kind.HOSTS,
      "the hosts, each with its subdomains, that certificates are fetched from and that they must be"
          + " for"),
  SIGNATURE_ID("signature.id", Kind.WIRE, "where {id} is"),
  SIGNATURE_BODY_SHA256(
      "signature.body-sha256",
      Kind.WIRE,
      "where the body's SHA-256 in hex may be, for bodies that the signature covers only so"),

  TIMESTAMP_FROM("timestamp.from", Kind.WIRE, "where {timestamp} is"),
  TIMESTAMP_UNIT("timestamp.unit", Kind.words("s", "ms", "iso"), "how it is written"),
  TIMESTAMP_TOLERANCE(
      "timestamp.tolerance", Kind.DURATION, "how old a request may be; empty: not checked"),
  TIMESTAMP_TOLERANCE_FUTURE(
      "timestamp.tolerance-future",
      Kind.DURATION,
      "how far ahead of our clock it may be; by default as timestamp.tolerance"),

  EVENT_ITEMS(
      "event.items",
      Kind.POINTER_OR_DOT,
      "the array of a batch; '.' when the body is the array. Pointers then start from an item"),
  EVENT_TYPE("event.type", Kind.TYPE, "where the event type is"),
  EVENT_STATUS(
      "event.status",
      Kind.EVENT,
      "the status word of the event, for types that tell of success and failure alike"),
  EVENT_STATUS_IS(
      "event.status-is",
      Kind.TEXT_BY_NAME,
      "what event.status must be for an event type outside the signed part; several with commas;"
          + " '*' any"),
  EVENT_UNSIGNED_TYPES(
      "event.unsigned-types",
      Kind.LINES,
      "event types of a batch's items that are let in although the platform does not sign them"),
  EVENT_KEY("event.key", Kind.EVENT, "what is the same only for a repeat of an event"),
  EVENT_KEY_OF("event.key-of", Kind.EVENT_BY_TYPE, "the same for one event type"),
  EVENT_RECURRING(
      "event.recurring",
      Kind.LINES,
      "event types that tell of a state that can come back, such as subscription.disable: an equal"
          + " body within the retry horizon is a repeat, anything else a new event"),
  EVENT_ENTITY(
      "event.entity",
      Kind.EVENT,
      "what the event is about: one payment, one entity over all of its events"),
  EVENT_ENTITY_OF("event.entity-of", Kind.EVENT_BY_TYPE, "the same for one event type"),
  EVENT_OCCURRED_AT("event.occurred-at", Kind.EVENT, "when it happened"),
  EVENT_OCCURRED_AT_OF("event.occurred-at-of", Kind.EVENT_BY_TYPE, "the same for one event type"),
  EVENT_OCCURRED_AT_FORMAT(
      "event.occurred-at-format",
      Kind.DATE_FORMATS,
      "the patterns of that time (dd/MM/yyyy h:mm:ss a), tried in order; then ISO 8601, seconds and"
          + " milliseconds"),
  EVENT_OCCURRED_AT_ZONE(
      "event.occurred-at-zone", Kind.ZONE, "the time zone of a time that states none"),
  EVENT_AMOUNT("event.amount", Kind.EVENT, "the amount of this very event"),
  EVENT_AMOUNT_OF(
      "event.amount-of",
      Kind.EVENT_BY_TYPE,
      "the same for one event type, such as the refund's own sum; none: not known"),
  EVENT_AMOUNT_UNIT(
      "event.amount-unit", Kind.words("major", "minor"), "minor: kobo, cents; major: naira, euro"),
  EVENT_AMOUNT_UNIT_OF(
      "event.amount-unit-of", Kind.UNIT_BY_TYPE, "the same for one event type: major or minor"),
  EVENT_CURRENCY("event.currency", Kind.EVENT, "the currency's ISO 4217 code, letters or number"),
  EVENT_CURRENCY_OF("event.currency-of", Kind.EVENT_BY_TYPE, "the same for one event type"),
  EVENT_CURRENCY_DIGITS(
      "event.currency-digits",
      Kind.DIGITS_BY_NAME,
      "minor digits that differ from ISO 4217; '*': of every other currency"),
  EVENT_BODY_OF_SEVERAL_TYPES(
      "event.body-of-several-types",
      Kind.BOOLEAN,
      "whether the platform sends one body under several types that it does not sign, each an event"
          + " of its own"),
  EVENT_ALIASES(
      "event.aliases",
      Kind.TEXT_BY_NAME,
      "the platform's event types by names of our own; TYPE/STATUS for one event.status alone, '*'"
          + " for any"),
  EVENT_IGNORE(
      "event.ignore", Kind.POINTERS, "members that may differ when the platform tries again"),

  HANDSHAKE_METHOD("handshake.method", Kind.words("POST", "GET"), "the method it comes by"),
  HANDSHAKE_WHEN("handshake.when", Kind.TYPE, "what tells a handshake from an event"),
  HANDSHAKE_IS("handshake.is", Kind.TEXT, "its value then; empty: anything"),
  HANDSHAKE_SIGNED(
      "handshake.signed", Kind.BOOLEAN, "whether the platform signs it; true by default"),
  HANDSHAKE_TOKEN("handshake.token", Kind.TYPE, "where the text to answer with is"),
  HANDSHAKE_TOKEN_PATTERN(
      "handshake.token-pattern",
      Kind.REGEX,
      "what that text must be like; a narrow one keeps strangers from having texts signed"),
  HANDSHAKE_REPLY(
      "handshake.reply", Kind.REPLY, "the answer; {token} is the text, {hmac} its signature"),
  HANDSHAKE_CONTENT_TYPE("handshake.content-type", Kind.TEXT, "the answer's content type"),
  HANDSHAKE_STATUS("handshake.status", Kind.STATUS, "the answer's status"),

  RESPONSE_STATUS("response.status", Kind.STATUS, "the status an accepted event is answered with"),
  RESPONSE_CONTENT_TYPE("response.content-type", Kind.TEXT, "the content type of that answer"),
  RESPONSE_BODY("response.body", Kind.TEXT, "the body of that answer, as it is"),
  RESPONSE_REPLY(
      "response.reply",
      Kind.REPLY,
      "the body of that answer with places of the event in braces, escaped where it is JSON"),

  CONFIRM_SECRET(
      "confirm.secret",
      Kind.TEXT,
      "the key of the platform's API, which confirms events once it is set"),
  CONFIRM_ENABLED(
      "confirm.enabled",
      Kind.BOOLEAN,
      "whether an event's effects wait until the platform's own API has confirmed it; true once"
          + " there is a confirm.secret"),
  CONFIRM_METHOD("confirm.method", Kind.words("GET", "POST"), "how the platform's API is asked"),
  CONFIRM_URL("confirm.url", Kind.FILLED_URL, "the URL to ask, with places in braces"),
  CONFIRM_URL_OF("confirm.url-of", Kind.URL_BY_TYPE, "the same for one event type"),
  CONFIRM_HEADERS("confirm.headers", Kind.TEXT_BY_NAME, "headers to ask with"),
  CONFIRM_CONTENT_TYPE("confirm.content-type", Kind.TEXT, "the content type of the question"),
  CONFIRM_BODY("confirm.body", Kind.FILLED, "the question's body, with places in braces"),
  CONFIRM_TOKEN_URL(
      "confirm.token.url",
      Kind.URL,
      "where the API gives out a token, for {token} in the question"),
  CONFIRM_TOKEN_METHOD("confirm.token.method", Kind.words("GET", "POST"), "how it is asked for"),
  CONFIRM_TOKEN_HEADERS(
      "confirm.token.headers", Kind.TEXT_BY_NAME, "headers to ask for the token with"),
  CONFIRM_TOKEN_CONTENT_TYPE(
      "confirm.token.content-type", Kind.TEXT, "the content type of that request"),
  CONFIRM_TOKEN_BODY("confirm.token.body", Kind.FILLED, "the body of that request"),
  CONFIRM_TOKEN_POINTER("confirm.token.pointer", Kind.POINTER, "the token in the answer"),
  CONFIRM_TYPES(
      "confirm.types", Kind.LINES, "the event types that are asked about; all by default"),
  CONFIRM_FREE(
      "confirm.free",
      Kind.LINES,
      "event types that no answer is needed for; others outside confirm.types are not delivered"),
  CONFIRM_STATUS("confirm.status", Kind.POINTERS_IN_TURN, "the status in the answer"),
  CONFIRM_STATUS_IS("confirm.status-is", Kind.LINES, "what it is when the event is true"),
  CONFIRM_STATUS_OF(
      "confirm.status-of",
      Kind.TEXT_BY_NAME,
      "the same for one event type; several with commas; '*': any that is named nowhere else"),
  CONFIRM_STATUS_EVENT(
      "confirm.status-event", Kind.EVENT, "the status in the event, which must be the same"),
  CONFIRM_STATUS_PENDING(
      "confirm.status-pending", Kind.LINES, "what it is while the platform does not know yet"),
  CONFIRM_AMOUNT("confirm.amount", Kind.POINTERS_IN_TURN, "the amount in the answer"),
  CONFIRM_AMOUNT_OF(
      "confirm.amount-of",
      Kind.POINTERS_BY_TYPE,
      "the same for one event type, the one after the confirmation"),
  CONFIRM_AMOUNT_UNIT("confirm.amount-unit", Kind.words("major", "minor"), "its unit"),
  CONFIRM_AMOUNT_RULE(
      "confirm.amount-rule",
      Kind.words("equal", "at-least"),
      "at-least: the platform may have added its fee"),
  CONFIRM_CURRENCY("confirm.currency", Kind.POINTERS_IN_TURN, "the currency in the answer"),
  CONFIRM_REFERENCE("confirm.reference", Kind.POINTERS_IN_TURN, "the reference in the answer"),
  CONFIRM_REFERENCE_OF(
      "confirm.reference-of", Kind.POINTERS_BY_TYPE, "the same for one event type"),
  CONFIRM_REFERENCE_IS("confirm.reference-is", Kind.EVENT, "the same in the event"),
  CONFIRM_REFERENCE_IS_OF(
      "confirm.reference-is-of", Kind.EVENT_BY_TYPE, "the same for one event type"),
  CONFIRM_ID("confirm.id", Kind.POINTERS_IN_TURN, "the id in the answer that was asked about"),
  CONFIRM_ID_IS("confirm.id-is", Kind.EVENT, "the same in the event, as it stands in the question"),
  CONFIRM_TYPE_IS(
      "confirm.type-is",
      Kind.TEXT_BY_NAME,
      "the event's type by the status in the answer, for events that do not tell it themselves"),
  CONFIRM_TYPE_BY(
      "confirm.type-by",
      Kind.ANSWER,
      "what confirm.type-is looks up; by default the status in the answer"),
  CONFIRM_KEY(
      "confirm.key",
      Kind.ANSWER,
      "the event's key once it is confirmed, made of the answer: a second event with it is a repeat"),

  PARAMS("params", Kind.TEXT_BY_NAME, "values an endpoint gives for {params:NAME}");

  private final String key;

  @SuppressWarnings("ImmutableEnumChecker") // a record of values that never change
  private final Kind kind;

  private final String says;

  Setting(String key, Kind kind, String says) {
    this.key = key;
    this.kind = kind;
    this.says = says;
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
    return kind.words;
  }

  /** Whether names of the writer's own follow its name, as in {@code event.aliases.NAME}. */
  public boolean isMap() {
    return switch (kind.shape) {
      case TEXT_BY_NAME,
          DIGITS_BY_NAME,
          TEMPLATE_BY_TYPE,
          POINTERS_BY_TYPE,
          URL_BY_TYPE,
          WORD_BY_TYPE ->
          true;
      default -> false;
    };
  }

  /** Whether it may hold several values: a list in YAML, lines in an override. */
  public boolean isList() {
    return kind.shape == Shape.LINES
        || kind.shape == Shape.TEMPLATE
        || kind.shape == Shape.POINTERS
        || kind.shape == Shape.TEMPLATES
        || kind.shape == Shape.TEMPLATE_BY_TYPE
        || kind.shape == Shape.DATE_FORMATS
        || kind.shape == Shape.WORDS
        || kind.shape == Shape.HOSTS
        || kind.shape == Shape.HEADERS;
  }

  /** The setting a dotted name belongs to. */
  static Optional<Setting> of(String dotted) {
    for (Setting setting : values()) {
      boolean found =
          setting.isMap()
              ? dotted.startsWith(setting.key + ".") && dotted.length() > setting.key.length() + 1
              : dotted.equals(setting.key);
      if (found) {
        return Optional.of(setting);
      }
    }
    return Optional.empty();
  }

  /** What is wrong with a value, or null. */
  @Nullable String problemWith(String value) {
    try {
      kind.check(value);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  private enum Shape {
    TEXT,
    TEXT_BY_NAME,
    LINES,
    WORD,
    WORDS,
    BOOLEAN,
    DURATION,
    STATUS,
    DIGITS_BY_NAME,
    HEADERS,
    HOSTS,
    POINTER,
    POINTER_OR_DOT,
    POINTERS,
    POINTERS_IN_TURN,
    POINTERS_BY_TYPE,
    TEMPLATE,
    TEMPLATES,
    TEMPLATE_BY_TYPE,
    WORD_BY_TYPE,
    URL,
    URL_BY_TYPE,
    REGEX,
    ZONE,
    DATE_FORMATS,
    FILLED,
    FILLED_URL
  }

  /** What values look like. */
  private record Kind(Shape shape, List<String> words, Template.@Nullable Context context) {
    static final Kind TEXT = of(Shape.TEXT);
    static final Kind TEXT_BY_NAME = of(Shape.TEXT_BY_NAME);
    static final Kind DIGITS_BY_NAME = of(Shape.DIGITS_BY_NAME);
    static final Kind LINES = of(Shape.LINES);
    static final Kind BOOLEAN = of(Shape.BOOLEAN);
    static final Kind DURATION = of(Shape.DURATION);
    static final Kind STATUS = of(Shape.STATUS);
    static final Kind HEADERS = of(Shape.HEADERS);
    static final Kind HOSTS = of(Shape.HOSTS);
    static final Kind POINTER = of(Shape.POINTER);
    static final Kind POINTER_OR_DOT = of(Shape.POINTER_OR_DOT);
    static final Kind POINTERS = of(Shape.POINTERS);
    static final Kind URL = of(Shape.URL);
    static final Kind REGEX = of(Shape.REGEX);
    static final Kind ZONE = of(Shape.ZONE);
    static final Kind DATE_FORMATS = of(Shape.DATE_FORMATS);
    static final Kind POINTERS_IN_TURN = of(Shape.POINTERS_IN_TURN);
    static final Kind POINTERS_BY_TYPE = of(Shape.POINTERS_BY_TYPE);
    static final Kind URL_BY_TYPE = of(Shape.URL_BY_TYPE);
    static final Kind UNIT_BY_TYPE = new Kind(Shape.WORD_BY_TYPE, List.of("major", "minor"), null);
    static final Kind FILLED = of(Shape.FILLED);
    static final Kind FILLED_URL = of(Shape.FILLED_URL);
    static final Kind SIGNED = template(Shape.TEMPLATES, Template.Context.SIGNED);
    static final Kind WIRE = template(Shape.TEMPLATE, Template.Context.WIRE);
    static final Kind TYPE = template(Shape.TEMPLATE, Template.Context.TYPE);
    static final Kind EVENT = template(Shape.TEMPLATE, Template.Context.EVENT);
    static final Kind EVENT_BY_TYPE = template(Shape.TEMPLATE_BY_TYPE, Template.Context.EVENT);
    static final Kind ANSWER = template(Shape.TEMPLATE, Template.Context.ANSWER);
    static final Kind REPLY = template(Shape.TEMPLATE, Template.Context.REPLY);

    private static Kind of(Shape shape) {
      return new Kind(shape, List.of(), null);
    }

    private static Kind template(Shape shape, Template.Context context) {
      return new Kind(shape, List.of(), context);
    }

    static Kind wordList(String... words) {
      return new Kind(Shape.WORDS, List.of(words), null);
    }

    static Kind words(String... words) {
      return new Kind(Shape.WORD, List.of(words), null);
    }

    void check(String value) {
      if (shape != Shape.TEXT && shape != Shape.TEXT_BY_NAME && value.isBlank()) {
        throw new IllegalArgumentException("is blank; give a value, or leave it out");
      }
      switch (shape) {
        case TEXT, TEXT_BY_NAME, LINES -> {}
        case WORD, WORD_BY_TYPE -> oneOf(value);
        case WORDS -> list(value).forEach(this::oneOf);
        case BOOLEAN -> {
          if (!value.equals("true") && !value.equals("false")) {
            throw new IllegalArgumentException("'" + value + "' should be true or false");
          }
        }
        case DURATION -> duration(value);
        case STATUS -> {
          if (!value.matches("[2-5][0-9][0-9]")) {
            throw new IllegalArgumentException(
                "'" + value + "' is not a status code; one is 200, for example");
          }
        }
        case DIGITS_BY_NAME -> {
          if (!value.matches("[0-4]")) {
            throw new IllegalArgumentException("'" + value + "' should be a number from 0 to 4");
          }
        }
        case HEADERS -> {
          for (String name : list(value)) {
            if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
              throw new IllegalArgumentException("'" + name + "' can't be the name of a header");
            }
          }
        }
        case HOSTS -> {
          for (String host : list(value)) {
            if (!CertificateUrl.isHost(host)) {
              throw new IllegalArgumentException(
                  "'" + host + "' is not the name of a host; write paypal.com, for example");
            }
          }
        }
        case POINTER -> pointer(value);
        case POINTER_OR_DOT -> {
          if (!value.equals(".")) {
            pointer(value);
          }
        }
        case POINTERS -> list(value).forEach(Kind::pointer);
        case POINTERS_IN_TURN, POINTERS_BY_TYPE -> inTurn(value).forEach(Kind::pointer);
        case TEMPLATE, TEMPLATES -> lines(value).forEach(this::template);
        case TEMPLATE_BY_TYPE -> {
          if (!value.equals(NONE)) {
            lines(value).forEach(this::template);
          }
        }
        case URL -> url(value);
        case FILLED -> Objects.requireNonNull(Template.filled(value));
        case FILLED_URL, URL_BY_TYPE -> {
          Objects.requireNonNull(Template.filled(value));
          if (!value.matches("https?://[^{}/?#\\s@]+([/?].*)?")) {
            throw new IllegalArgumentException(
                "'"
                    + value
                    + "' is not an absolute URL whose host is written out; write"
                    + " https://api.example.com/payments/{/data/id}");
          }
        }
        case REGEX -> {
          try {
            Pattern.compile(value);
          } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("not a pattern: " + e.getDescription(), e);
          }
        }
        case ZONE -> {
          try {
            ZoneId.of(value);
          } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                "'" + value + "' is not a time zone; one is Africa/Lagos, for example", e);
          }
        }
        case DATE_FORMATS -> {
          try {
            for (String pattern : lines(value)) {
              Objects.requireNonNull(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
            }
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not a date pattern: " + e.getMessage(), e);
          }
        }
      }
    }

    private void oneOf(String value) {
      if (!words.contains(value)) {
        throw new IllegalArgumentException(
            "'"
                + value
                + "' is none of "
                + String.join(", ", words)
                + Nearest.didYouMean(value, words));
      }
    }

    private void template(String value) {
      if (context != null) {
        Template.parse(value, context);
      }
    }

    private static void url(String value) {
      try {
        URI uri = new URI(value);
        if (uri.getHost() != null
            && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
          return;
        }
      } catch (URISyntaxException e) {
        // Said below.
      }
      throw new IllegalArgumentException(
          "'" + value + "' is not an absolute URL; write https://shop.example/webhooks/payments");
    }

    private static void pointer(String value) {
      if (!value.startsWith("/")) {
        throw new IllegalArgumentException(
            "'" + value + "' is not a JSON Pointer; one begins with '/', as /data/id");
      }
      JsonPointer.compile(value);
    }
  }

  static Duration duration(String value) {
    return Durations.parse(value)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'" + value + "' is not a time span; write 300s, 5m, 72h or 3d"));
  }

  /** The value of a setting for one event type that takes the general one away. */
  static final String NONE = "none";

  /** Pointers separated by {@code |}, of which the first that leads to something counts. */
  static List<String> inTurn(String value) {
    return items(value, "\\|");
  }

  /** The lines of a value that is a list. */
  static List<String> lines(String value) {
    return items(value, "\n");
  }

  /** The items of a value whose items may also be separated by commas. */
  static List<String> list(String value) {
    return items(value, "[\n,]");
  }

  private static List<String> items(String value, String separator) {
    List<String> items = new ArrayList<>();
    Arrays.stream(value.split(separator, -1))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .forEach(items::add);
    return items;
  }
}

package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a platform's own API is asked about an event before its effects may happen, and what the
 * answer means. It asks nobody itself.
 */
public final class Confirmation {
  private static final String JSON = "application/json";

  private final Plan plan;
  private final SettingTexts settings;
  private final Judgement judgement;
  private final @Nullable Secret secret;
  private final PerType<Template> url;
  private final Map<String, Template> headers;
  private final @Nullable Template body;
  private final Map<String, Template> tokenHeaders;
  private final @Nullable Template tokenBody;
  private final List<String> types;
  private final List<String> free;

  /**
   * What to ask.
   *
   * @param method GET or POST
   * @param url absolute
   * @param headers may hold the secret: never to be printed
   * @param body null for none
   */
  public record Question(
      String method, String url, Map<String, String> headers, byte @Nullable [] body) {
    @Override
    public String toString() {
      return method + " " + url;
    }
  }

  /** What an answer means for the event. */
  public enum Meaning {
    /** It is as the event says: its effects may happen. */
    CONFIRMED,
    /** The platform does not know yet: ask later. */
    PENDING,
    /** The platform says otherwise: no effect may happen. */
    CONTRADICTED,
    /** The answer is not what it should be like: ask later. */
    UNREADABLE
  }

  /**
   * The verdict on an answer.
   *
   * @param reason one line for a person; empty for {@link Meaning#CONFIRMED}
   * @param confirmed what is so, by the API's word; null unless it is {@link Meaning#CONFIRMED}
   */
  public record Finding(Meaning meaning, String reason, @Nullable Confirmed confirmed) {
    Finding(Meaning meaning, String reason) {
      this(meaning, reason, null);
    }
  }

  /**
   * What the platform's API says of an event: it counts, not what the event says. Null is what the
   * API does not tell.
   *
   * @param type the event's type, where only the API tells it
   * @param key the event's key, where the answer makes it
   * @param entity what the event is about, where it does not say so itself
   * @param amount in the currency's major unit
   * @param currency ISO 4217 letters
   */
  public record Confirmed(
      @Nullable String type,
      @Nullable String key,
      @Nullable String entity,
      @Nullable BigDecimal amount,
      @Nullable String currency) {}

  /**
   * An event as the journal keeps it.
   *
   * @param headers those it came with; none where {@link #readsHeaders} is false
   */
  public record Kept(
      String type, @Nullable String contentType, byte[] body, List<RawRequest.Header> headers) {

    /** An event of which the headers are not needed. */
    public Kept(String type, @Nullable String contentType, byte[] body) {
      this(type, contentType, body, List.of());
    }
  }

  private Confirmation(Plan plan) {
    this.plan = plan;
    this.settings = plan.settings;
    this.judgement = new Judgement(plan);
    String key = settings.word(Setting.CONFIRM_SECRET, "");
    this.secret = key.isBlank() ? null : Secret.of(key);
    this.url =
        new PerType<>(
            Template.filled(settings.word(Setting.CONFIRM_URL, "")),
            settings.map(Setting.CONFIRM_URL_OF),
            Template::filled);
    this.headers = headers(Setting.CONFIRM_HEADERS);
    this.body = filled(Setting.CONFIRM_BODY);
    this.tokenHeaders = headers(Setting.CONFIRM_TOKEN_HEADERS);
    this.tokenBody = filled(Setting.CONFIRM_TOKEN_BODY);
    this.types = settings.lines(Setting.CONFIRM_TYPES);
    this.free = settings.lines(Setting.CONFIRM_FREE);
  }

  private @Nullable Template filled(Setting setting) {
    String text = settings.text(setting);
    return text == null ? null : Template.filled(text);
  }

  private Map<String, Template> headers(Setting setting) {
    Map<String, Template> read = new LinkedHashMap<>();
    settings.map(setting).forEach((name, value) -> read.put(name, Template.filled(value)));
    return read;
  }

  /** Null where the platform's API is not asked. */
  static @Nullable Confirmation of(String provider, Plan plan) {
    String keyed = String.valueOf(!plan.settings.word(Setting.CONFIRM_SECRET, "").isBlank());
    if (!plan.settings.word(Setting.CONFIRM_ENABLED, keyed).equals("true")) {
      return null;
    }
    Confirmation own = new Confirmation(plan);
    boolean namesSecret =
        Stream.of(
                own.asking(), own.tokenHeaders.values().stream(), Stream.ofNullable(own.tokenBody))
            .flatMap(each -> each)
            .anyMatch(each -> each.names(Word.SECRET, Word.SECRET_USER, Word.SECRET_BASIC));
    Problems problems = new Problems();
    problems.when(
        own.secret == null && namesSecret,
        Setting.CONFIRM_SECRET,
        "is missing; every event is confirmed with the platform's API, which asks for its key");
    problems.raise(provider);
    return own;
  }

  /** What is wrong with the settings below confirm, each of which is right for itself. */
  static void check(Plan plan, Problems problems) {
    SettingTexts settings = plan.settings;
    if (!settings.hasAny("confirm.")) {
      return;
    }
    int before = problems.count();
    problems.whenMissing(
        settings, Setting.CONFIRM_URL, Setting.CONFIRM_STATUS, Setting.CONFIRM_STATUS_IS);
    pair(settings, Setting.CONFIRM_REFERENCE, Setting.CONFIRM_REFERENCE_IS, problems);
    pair(settings, Setting.CONFIRM_ID, Setting.CONFIRM_ID_IS, problems);
    problems.when(
        settings.has(Setting.CONFIRM_BODY)
            && !settings.word(Setting.CONFIRM_METHOD, "").equals("POST"),
        Setting.CONFIRM_BODY,
        "has no meaning with confirm.method GET");
    checkHeaders(settings, Setting.CONFIRM_HEADERS, problems);
    checkHeaders(settings, Setting.CONFIRM_TOKEN_HEADERS, problems);
    problems.when(
        settings.has(Setting.CONFIRM_TOKEN_URL) && !settings.has(Setting.CONFIRM_TOKEN_POINTER),
        Setting.CONFIRM_TOKEN_POINTER,
        "is missing; it says where the token is");
    if (problems.count() > before) {
      return;
    }
    Confirmation own = new Confirmation(plan);
    problems.when(
        (own.body == null || !readsEvent(own.body))
            && !own.url.all().stream().allMatch(Confirmation::readsEvent),
        Setting.CONFIRM_URL,
        "names nothing of the event, so no answer could be about it; write {/data/id}, for"
            + " example");
    problems.when(
        own.headers.values().stream().anyMatch(each -> each.names(Word.TOKEN))
            && !settings.has(Setting.CONFIRM_TOKEN_URL),
        Setting.CONFIRM_TOKEN_URL,
        "is missing; confirm.headers name {token}");
  }

  private static boolean readsEvent(Template template) {
    return template.names(Word.BODY, Word.POINTER, Word.ROOT, Word.FORM, Word.QUERY);
  }

  private static void pair(
      SettingTexts settings, Setting answer, Setting event, Problems problems) {
    problems.when(
        settings.has(answer) != settings.has(event),
        settings.has(answer) ? event : answer,
        "is missing; " + answer.key() + " and " + event.key() + " are compared");
  }

  private static void checkHeaders(SettingTexts settings, Setting setting, Problems problems) {
    settings
        .map(setting)
        .forEach(
            (name, value) -> {
              try {
                Template unused = Template.filled(value);
              } catch (IllegalArgumentException e) {
                problems.add(setting.key() + "." + name, String.valueOf(e.getMessage()));
              }
            });
  }

  /** Every template of a question. */
  private Stream<Template> asking() {
    return Stream.of(url.all().stream(), Stream.ofNullable(body), headers.values().stream())
        .flatMap(each -> each);
  }

  /**
   * Whether a request is nothing but a reason to ask: nothing of it is signed, and each has a key
   * of its own.
   */
  public boolean isOnlyReasonToAsk() {
    return plan.signature.algorithm == Algorithm.NONE
        && plan.event.key.all().stream().anyMatch(key -> key.names(Word.RECEIVED));
  }

  /** Whether the platform's API is asked about events of a type. */
  public boolean asksAbout(String type) {
    return (types.isEmpty() && !isFree(type))
        || PerType.any(types, type, null)
        || types.stream().anyMatch(own -> type.equals(plan.event.types.own(own, null)));
  }

  /** Whether events of a type are not delivered before the platform's API has confirmed them. */
  public boolean holdsBack(String type) {
    return asksAbout(type) || !isFree(type);
  }

  private boolean isFree(String type) {
    return PerType.any(free, type, null);
  }

  /** The headers of an event that a question would need, whether questions are asked or not. */
  static List<String> headersAskedAbout(Plan plan) {
    return plan.settings.has(Setting.CONFIRM_URL)
        ? new Confirmation(plan).headerNames()
        : List.of();
  }

  /** Whether a question needs the headers that an event came with. */
  public boolean readsHeaders() {
    return !headerNames().isEmpty();
  }

  private List<String> headerNames() {
    return asking().flatMap(template -> template.namesOf(Word.HEADER).stream()).toList();
  }

  private Scope scope(List<RawRequest.Header> headers, byte[] content) {
    Scope scope = new Scope(plan, new RawRequest("POST", "", headers, content), Instant.EPOCH);
    scope.secret = secret;
    return scope;
  }

  private Scope scope(Kept event) {
    List<RawRequest.Header> wire = new ArrayList<>(event.headers());
    wire.removeIf(header -> header.name().equalsIgnoreCase("Content-Type"));
    if (event.contentType() != null) {
      wire.add(new RawRequest.Header("Content-Type", event.contentType()));
    }
    Scope scope = scope(wire, event.body());
    scope.type = event.type();
    scope.rawType = event.type();
    try {
      String raw = plan.event.type.text(scope);
      scope.rawType = raw == null ? event.type() : raw;
    } catch (Refusal e) {
      // The type came beside the body.
    }
    return scope;
  }

  /** How the API gives out a token to ask with; null where it asks for none. */
  public @Nullable Question tokenQuestion() {
    String at = settings.text(Setting.CONFIRM_TOKEN_URL);
    return at == null
        ? null
        : question(
            settings.word(Setting.CONFIRM_TOKEN_METHOD, tokenBody == null ? "GET" : "POST"),
            at,
            tokenHeaders,
            tokenBody,
            settings.word(Setting.CONFIRM_TOKEN_CONTENT_TYPE, JSON),
            scope(List.of(), new byte[0]));
  }

  /**
   * The token in an answer to {@link #tokenQuestion}.
   *
   * @throws IllegalArgumentException when there is none
   */
  public String token(byte[] answer) {
    JsonPointer at = settings.pointer(Setting.CONFIRM_TOKEN_POINTER);
    try {
      String token = at == null ? null : StrictJson.text(StrictJson.parse(answer).at(at));
      if (token != null && !token.isEmpty()) {
        return token;
      }
    } catch (Refusal e) {
      // Said below.
    }
    throw new IllegalArgumentException("the answer has no token at " + (at == null ? "" : at));
  }

  /**
   * The question to ask about an event.
   *
   * @param token from {@link #token}; null where the API asks for none
   * @throws IllegalArgumentException when the event lacks what the question needs
   */
  public Question question(Kept event, @Nullable String token) {
    Scope scope = scope(event);
    scope.token = token;
    Template where = Objects.requireNonNull(url.of(event.type(), scope.rawType));
    return question(
        settings.word(Setting.CONFIRM_METHOD, "GET"),
        fill(where, scope, "url", (word, value) -> segment(value)),
        headers,
        body,
        settings.word(Setting.CONFIRM_CONTENT_TYPE, JSON),
        scope);
  }

  private static Question question(
      String method,
      String url,
      Map<String, Template> headers,
      @Nullable Template body,
      String contentType,
      Scope scope) {
    Map<String, String> filled = new LinkedHashMap<>();
    filled.put("Accept", JSON);
    headers.forEach(
        (name, value) -> filled.put(name, fill(value, scope, name, (word, text) -> line(text))));
    if (body == null) {
      return new Question(method, url, filled, null);
    }
    filled.putIfAbsent("Content-Type", contentType);
    boolean json = contentType.toLowerCase(Locale.ROOT).contains("json");
    String content =
        fill(
            body,
            scope,
            "body",
            (word, value) -> json ? inJson(word, value, scope) : SignedText.percentEncoded(value));
    return new Question(method, url, filled, content.getBytes(StandardCharsets.UTF_8));
  }

  private static String fill(
      Template template, Scope scope, String name, Template.Writing writing) {
    try {
      String text = template.filled(scope, writing, false);
      if (text != null) {
        return text;
      }
    } catch (Refusal e) {
      throw new IllegalArgumentException("the event can't be read: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(
        "the event has not what confirm." + name + " needs: " + template);
  }

  /** A value that would leave its place in a path names another resource. */
  private static String segment(String value) {
    if (value.chars().allMatch(c -> c == '.')) {
      throw new IllegalArgumentException("'" + value + "' can't stand in confirm.url");
    }
    return SignedText.percentEncoded(value);
  }

  /**
   * The body is JSON itself and stays so, byte for byte; another value stands between quotes that
   * the text has.
   */
  private static String inJson(Word word, String value, Scope scope) throws Refusal {
    if (word == Word.BODY) {
      JsonNode unused = StrictJson.parse(scope.request.body());
      return value;
    }
    return Template.quoted(value);
  }

  private static String line(String value) {
    if (value.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("a control character can't stand in a header");
    }
    return value;
  }

  /** What the API's answer to {@link #question} means. */
  public Finding judge(Kept event, byte[] answer) {
    Scope scope = scope(event);
    try {
      JsonNode unused = scope.json();
    } catch (Refusal e) {
      // It was kept before such events were refused; what can't be read can't be confirmed.
      return new Finding(Meaning.CONTRADICTED, "the event: " + e.getMessage());
    }
    try {
      return judgement.of(scope, event.type(), StrictJson.parse(answer));
    } catch (Refusal e) {
      return new Finding(Meaning.UNREADABLE, "the provider's answer: " + e.getMessage());
    }
  }

  /**
   * An answer that confirms an event, as a stand-in of the platform's API gives it.
   *
   * @throws IllegalArgumentException when the event can't be read
   */
  public byte[] agreeing(Kept event) {
    return agreeing(event, Map.of());
  }

  /**
   * The same, but for some of what it says.
   *
   * @param otherwise {@code status}, {@code reference}, {@code currency} and {@code amount}, which
   *     is in major units
   * @throws IllegalArgumentException when the event can't be read, or an amount is no number
   */
  public byte[] agreeing(Kept event, Map<String, String> otherwise) {
    try {
      return StrictJson.MAPPER.writeValueAsBytes(
          judgement.agreeing(scope(event), event.type(), otherwise));
    } catch (Refusal e) {
      throw new IllegalArgumentException("the event can't be read: " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("JSON that was made can't be written", e);
    }
  }

  @Override
  public String toString() {
    return "Confirmation[" + url.of("", null) + "]";
  }
}

package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a platform's own API is asked about an event before its effects may happen, and what the
 * answer means. It asks nobody itself.
 */
public final class Confirmation {
  private static final int LONGEST_SHOWN = 100;

  private final Plan plan;
  private final Map<String, String> settings;
  private final @Nullable Secret secret;
  private final Template url;
  private final Map<String, Template> headers;
  private final @Nullable Template body;
  private final String contentType;
  private final List<String> types;
  private final JsonPointer status;
  private final @Nullable Template statusEvent;

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
   */
  public record Finding(Meaning meaning, String reason) {}

  /** An event as the journal keeps it. */
  public record Kept(String type, @Nullable String contentType, byte[] body) {}

  private Confirmation(Plan plan, Map<String, String> settings) {
    this.plan = plan;
    this.settings = settings;
    String key = settings.get(Setting.CONFIRM_SECRET.key());
    this.secret = key == null || key.isBlank() ? null : Secret.of(key);
    this.url = filled(Setting.CONFIRM_URL);
    this.headers = new LinkedHashMap<>();
    plan.map(Setting.CONFIRM_HEADERS)
        .forEach((name, value) -> headers.put(name, Template.filled(value)));
    this.body =
        settings.containsKey(Setting.CONFIRM_BODY.key()) ? filled(Setting.CONFIRM_BODY) : null;
    this.contentType =
        settings.getOrDefault(Setting.CONFIRM_CONTENT_TYPE.key(), "application/json");
    this.types = Setting.lines(settings.getOrDefault(Setting.CONFIRM_TYPES.key(), ""));
    this.status = JsonPointer.compile(text(Setting.CONFIRM_STATUS));
    this.statusEvent = event(Setting.CONFIRM_STATUS_EVENT);
  }

  /** Null where the platform's API is not asked. */
  static @Nullable Confirmation of(String provider, Plan plan, Map<String, String> settings) {
    String enabled = settings.getOrDefault(Setting.CONFIRM_ENABLED.key(), "");
    boolean keyed = !settings.getOrDefault(Setting.CONFIRM_SECRET.key(), "").isBlank();
    if (enabled.equals("false") || !(enabled.equals("true") || keyed)) {
      return null;
    }
    Confirmation confirmation = new Confirmation(plan, settings);
    if (confirmation.secret == null && confirmation.namesSecret()) {
      throw new ProviderException(
          provider,
          List.of(
              new ProviderException.Problem(
                  Setting.CONFIRM_SECRET.key(),
                  "is missing; every event is confirmed with the platform's API, which asks for its key")));
    }
    return confirmation;
  }

  /** What is wrong with the settings below confirm, each of which is right for itself. */
  static void check(
      Plan plan, Map<String, String> settings, List<ProviderException.Problem> problems) {
    List<String> there =
        settings.keySet().stream().filter(name -> name.startsWith("confirm.")).toList();
    if (there.isEmpty()) {
      return;
    }
    int before = problems.size();
    for (Setting needed :
        List.of(Setting.CONFIRM_URL, Setting.CONFIRM_STATUS, Setting.CONFIRM_STATUS_IS)) {
      if (!settings.containsKey(needed.key())) {
        add(problems, needed, "is missing; it says " + needed.says());
      }
    }
    boolean reference = settings.containsKey(Setting.CONFIRM_REFERENCE.key());
    if (reference != settings.containsKey(Setting.CONFIRM_REFERENCE_IS.key())) {
      add(
          problems,
          reference ? Setting.CONFIRM_REFERENCE_IS : Setting.CONFIRM_REFERENCE,
          "is missing; the reference in the answer is compared with that in the event");
    }
    boolean post = "POST".equals(settings.get(Setting.CONFIRM_METHOD.key()));
    if (!post && settings.containsKey(Setting.CONFIRM_BODY.key())) {
      add(problems, Setting.CONFIRM_BODY, "has no meaning with confirm.method GET");
    }
    plan.map(Setting.CONFIRM_HEADERS)
        .forEach(
            (name, value) -> {
              try {
                Template unused = Template.filled(value);
              } catch (IllegalArgumentException e) {
                problems.add(
                    new ProviderException.Problem(
                        Setting.CONFIRM_HEADERS.key() + "." + name,
                        String.valueOf(e.getMessage())));
              }
            });
    if (problems.size() > before) {
      return;
    }
    Confirmation confirmation = new Confirmation(plan, settings);
    if (!confirmation.url.readsEvent()
        && (confirmation.body == null || !confirmation.body.readsEvent())) {
      add(
          problems,
          Setting.CONFIRM_URL,
          "names nothing of the event, so no answer could be about it; write {/data/id}, for example");
    }
  }

  private static void add(List<ProviderException.Problem> problems, Setting setting, String text) {
    problems.add(new ProviderException.Problem(setting.key(), text));
  }

  private String text(Setting setting) {
    return settings.getOrDefault(setting.key(), "");
  }

  private Template filled(Setting setting) {
    return Template.filled(text(setting));
  }

  private @Nullable Template event(Setting setting) {
    String value = settings.get(setting.key());
    return value == null ? null : Template.firstOf(Setting.lines(value), Template.Context.EVENT);
  }

  private boolean namesSecret() {
    return url.names(Template.Word.SECRET)
        || (body != null && body.names(Template.Word.SECRET))
        || headers.values().stream().anyMatch(value -> value.names(Template.Word.SECRET));
  }

  /** Whether events of a type have to be confirmed. */
  public boolean asksAbout(String type) {
    return types.isEmpty()
        || types.contains(type)
        || types.stream().anyMatch(own -> type.equals(plan.aliases().get(own)));
  }

  private Scope scope(Kept event) {
    List<RawRequest.Header> wire =
        event.contentType() == null
            ? List.of()
            : List.of(new RawRequest.Header("Content-Type", event.contentType()));
    Scope scope = new Scope(plan, new RawRequest("POST", "", wire, event.body()), Instant.EPOCH);
    scope.type = event.type();
    scope.rawType = event.type();
    scope.secret = secret;
    return scope;
  }

  /**
   * The question to ask about an event.
   *
   * @throws IllegalArgumentException when the event lacks what the question needs
   */
  public Question question(Kept event) {
    Scope scope = scope(event);
    Map<String, String> filled = new LinkedHashMap<>();
    filled.put("Accept", "application/json");
    headers.forEach(
        (name, value) -> filled.put(name, fill(value, scope, name, Confirmation::line)));
    byte[] content = null;
    if (body != null) {
      boolean json = contentType.toLowerCase(Locale.ROOT).contains("json");
      content =
          fill(body, scope, "body", json ? Confirmation::quoted : Confirmation::percentEncoded)
              .getBytes(StandardCharsets.UTF_8);
      filled.putIfAbsent("Content-Type", contentType);
    }
    return new Question(
        settings.getOrDefault(Setting.CONFIRM_METHOD.key(), "GET"),
        fill(url, scope, "url", Confirmation::segment),
        filled,
        content);
  }

  private static String fill(
      Template template, Scope scope, String name, UnaryOperator<String> encoding) {
    try {
      String text = template.filled(scope, encoding);
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
    return percentEncoded(value);
  }

  private static String percentEncoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
  }

  private static String quoted(String value) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(value));
  }

  private static String line(String value) {
    if (value.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("a control character can't stand in a header");
    }
    return value;
  }

  /** What the API's answer to {@link #question} means. */
  public Finding judge(Kept event, byte[] answer) {
    try {
      return judged(scope(event), event.type(), StrictJson.parse(answer));
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
    Scope scope = scope(event);
    ObjectNode answer = StrictJson.MAPPER.createObjectNode();
    try {
      String stated = statusEvent == null ? null : statusEvent.text(scope);
      String agreed = stated == null ? accepted(event.type()).get(0) : stated;
      put(answer, status, otherwise.getOrDefault("status", agreed));
      Template reference = event(Setting.CONFIRM_REFERENCE_IS);
      String same = reference == null ? null : reference.text(scope);
      put(answer, Setting.CONFIRM_REFERENCE, otherwise.getOrDefault("reference", same));
      String code = otherwise.getOrDefault("currency", plan.currencyOf(scope));
      put(answer, Setting.CONFIRM_CURRENCY, code);
      String other = otherwise.get("amount");
      BigDecimal amount = other == null ? plan.amountOf(scope, code) : new BigDecimal(other);
      if (amount != null && "minor".equals(settings.get(Setting.CONFIRM_AMOUNT_UNIT.key()))) {
        amount = amount.divide(Objects.requireNonNull(plan.amount("1", true, code)));
      }
      put(answer, Setting.CONFIRM_AMOUNT, amount == null ? null : amount.toPlainString());
      return StrictJson.MAPPER.writeValueAsBytes(answer);
    } catch (Refusal e) {
      throw new IllegalArgumentException("the event can't be read: " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("JSON that was made can't be written", e);
    }
  }

  private void put(ObjectNode answer, Setting pointer, @Nullable String value) {
    String at = settings.get(pointer.key());
    if (at != null && value != null) {
      put(answer, JsonPointer.compile(at), value);
    }
  }

  private static void put(ObjectNode answer, JsonPointer at, String value) {
    answer
        .withObject(at.head(), JsonNode.OverwriteMode.ALL, true)
        .put(at.last().getMatchingProperty(), value);
  }

  private Finding judged(Scope scope, String type, JsonNode answer) throws Refusal {
    String reference = said(answer, Setting.CONFIRM_REFERENCE);
    Template referenceIs = event(Setting.CONFIRM_REFERENCE_IS);
    String expected = referenceIs == null ? null : referenceIs.text(scope);
    if (expected != null) {
      if (reference == null) {
        return missing(Setting.CONFIRM_REFERENCE);
      }
      if (!reference.equals(expected)) {
        return contradicted("reference", reference, expected);
      }
    }
    String now = StrictJson.text(answer.at(status));
    if (now == null || now.isEmpty()) {
      return missing(Setting.CONFIRM_STATUS);
    }
    if (Setting.lines(text(Setting.CONFIRM_STATUS_PENDING)).contains(now)) {
      return new Finding(Meaning.PENDING, "the provider does not know yet: status " + shown(now));
    }
    List<String> right = accepted(type);
    if (!right.contains(now)) {
      return contradicted("status", now, String.join(" or ", right));
    }
    String stated = statusEvent == null ? null : statusEvent.text(scope);
    if (stated != null && !stated.equals(now)) {
      return contradicted("status", now, stated);
    }
    return money(scope, answer);
  }

  private List<String> accepted(String type) {
    String own = plan.map(Setting.CONFIRM_STATUS_OF).get(type);
    return own == null ? Setting.lines(text(Setting.CONFIRM_STATUS_IS)) : Setting.list(own);
  }

  private Finding money(Scope scope, JsonNode answer) throws Refusal {
    String expectedCode = plan.currencyOf(scope);
    String code = said(answer, Setting.CONFIRM_CURRENCY);
    if (expectedCode != null && settings.containsKey(Setting.CONFIRM_CURRENCY.key())) {
      if (code == null) {
        return missing(Setting.CONFIRM_CURRENCY);
      }
      if (!code.equalsIgnoreCase(expectedCode)) {
        return contradicted("currency", code, expectedCode);
      }
    }
    BigDecimal expected = plan.amountOf(scope, expectedCode);
    if (expected != null && settings.containsKey(Setting.CONFIRM_AMOUNT.key())) {
      String text = said(answer, Setting.CONFIRM_AMOUNT);
      boolean minor = "minor".equals(settings.get(Setting.CONFIRM_AMOUNT_UNIT.key()));
      BigDecimal amount =
          text == null ? null : plan.amount(text, minor, code == null ? expectedCode : code);
      if (amount == null) {
        return missing(Setting.CONFIRM_AMOUNT);
      }
      boolean more = "at-least".equals(settings.get(Setting.CONFIRM_AMOUNT_RULE.key()));
      int compared = amount.compareTo(expected);
      if (more ? compared < 0 : compared != 0) {
        return contradicted(
            "amount", amount.toPlainString(), (more ? "at least " : "") + expected.toPlainString());
      }
    }
    return new Finding(Meaning.CONFIRMED, "");
  }

  private @Nullable String said(JsonNode answer, Setting pointer) {
    String at = settings.get(pointer.key());
    String text = at == null ? null : StrictJson.text(answer.at(JsonPointer.compile(at)));
    return text == null || text.isEmpty() ? null : text;
  }

  private Finding missing(Setting setting) {
    return new Finding(
        Meaning.UNREADABLE,
        "the provider's answer has nothing at " + text(setting) + " (" + setting.key() + ")");
  }

  private static Finding contradicted(String what, String said, String expected) {
    return new Finding(
        Meaning.CONTRADICTED,
        "the provider says " + what + " " + shown(said) + ", the event needs " + shown(expected));
  }

  private static String shown(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= LONGEST_SHOWN ? line : line.substring(0, LONGEST_SHOWN) + "…";
  }

  @Override
  public String toString() {
    return "Confirmation[" + url + "]";
  }
}

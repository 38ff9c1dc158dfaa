package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Nearest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one platform signs, and where its event type, key, time and amount are: an immutable preset,
 * data only. The names of its settings are those of {@link Setting}.
 */
public final class Provider {
  /** Where a platform does not say how long it tries: as long as most of those that do. */
  private static final Duration USUAL_HORIZON = Duration.ofDays(3);

  private static final String PARAMS = Setting.PARAMS.key() + ".";

  private final String name;
  private final Map<String, String> settings;
  private final Plan plan;

  /**
   * What an accepted event is answered with, when the platform asks for more than a 200.
   *
   * @param status the status code
   * @param contentType the content type of the body, null when the provider names none
   * @param body the body, null when only the status differs
   */
  public record Response(int status, @Nullable String contentType, @Nullable String body) {}

  private Provider(String name, Map<String, String> settings) {
    this.name = name;
    this.settings = settings;
    this.plan = new Plan(new SettingTexts(settings));
  }

  /**
   * Reads a preset.
   *
   * @param name the preset's name, for messages
   * @param tree settings, nested or by dotted names, with text, numbers, booleans and lists of them
   * @throws ProviderException with every problem found
   */
  public static Provider parse(String name, Map<String, ?> tree) {
    Map<String, String> flat = new LinkedHashMap<>();
    Problems problems = new Problems();
    flatten("", tree, flat, problems);
    return checked(name, flat, problems);
  }

  /**
   * This preset with some settings of its own. An empty value takes a preset's setting away.
   *
   * @param overrides values by dotted names; a setting that takes a list has one value a line
   * @throws ProviderException with every problem found
   */
  public Provider with(Map<String, String> overrides) {
    if (overrides.isEmpty()) {
      return this;
    }
    Map<String, String> merged = new LinkedHashMap<>(settings);
    overrides.forEach(
        (key, value) -> {
          if (value.isEmpty() && !key.startsWith(PARAMS) && Setting.of(key).isPresent()) {
            merged.remove(key);
          } else {
            merged.put(key, value);
          }
        });
    Problems problems = new Problems();
    problems.when(
        "none".equals(overrides.get(Setting.SIGNATURE_ALGORITHM.key())) && !isUnsigned(),
        Setting.SIGNATURE_ALGORITHM,
        "can't be turned to none; an endpoint that checks nothing says so by provider 'none'");
    return checked(name, merged, problems);
  }

  private static Provider checked(String name, Map<String, String> flat, Problems problems) {
    List<String> known = Arrays.stream(Setting.values()).map(Setting::key).toList();
    flat.forEach(
        (key, value) -> {
          String wrong =
              Setting.of(key)
                  .map(setting -> Optional.ofNullable(setting.problemWith(value)).orElse(""))
                  .orElseGet(
                      () ->
                          known.contains(key)
                              ? "needs names of your own below it, as in " + key + ".NAME"
                              : "no such setting" + Nearest.didYouMean(key, known));
          if (!wrong.isEmpty()) {
            problems.add(key, wrong);
          }
        });
    if (problems.count() == 0) {
      Plan.check(new SettingTexts(flat), problems);
    }
    problems.raise(name);
    return new Provider(name, Collections.unmodifiableMap(flat));
  }

  private static void flatten(
      String path, Map<?, ?> tree, Map<String, String> flat, Problems problems) {
    tree.forEach(
        (key, value) -> {
          String at = path.isEmpty() ? String.valueOf(key) : path + "." + key;
          if (value instanceof Map<?, ?> nested) {
            flatten(at, nested, flat, problems);
          } else if (value instanceof Collection<?> list) {
            boolean takes = Setting.of(at).map(Setting::isList).orElse(true);
            if (takes
                && list.stream().noneMatch(e -> e instanceof Map || e instanceof Collection)) {
              put(
                  at,
                  String.join("\n", list.stream().map(String::valueOf).toList()),
                  flat,
                  problems);
            } else {
              problems.add(
                  at, takes ? "should be a list of plain values" : "takes one value, not a list");
            }
          } else if (value != null && (!value.equals("") || at.startsWith(PARAMS))) {
            put(at, String.valueOf(value), flat, problems);
          }
        });
  }

  private static void put(String at, String value, Map<String, String> flat, Problems problems) {
    if (flat.put(at, value) != null) {
      problems.add(at, "is there twice, once nested and once dotted");
    }
  }

  /** The preset's name: {@code paystack}. */
  public String name() {
    return name;
  }

  /** The platform's name, for people. */
  public String title() {
    return settings.getOrDefault(Setting.TITLE.key(), name);
  }

  /** The platform's own page about its webhooks, where there is one. */
  public Optional<String> docs() {
    return setting(Setting.DOCS);
  }

  /** How long the platform keeps trying to deliver an event, where it says so. */
  public Optional<Duration> retryHorizon() {
    return setting(Setting.RETRY_HORIZON).map(Setting::duration);
  }

  /**
   * Every setting by its dotted name, in the order it was written; lists have a value a line. The
   * key of the platform's API is not told.
   */
  public Map<String, String> settings() {
    if (!settings.containsKey(Setting.CONFIRM_SECRET.key())) {
      return settings;
    }
    Map<String, String> told = new LinkedHashMap<>(settings);
    told.put(Setting.CONFIRM_SECRET.key(), "(set)");
    return Collections.unmodifiableMap(told);
  }

  /** One setting's value, where it is set. */
  public Optional<String> setting(Setting setting) {
    return Optional.ofNullable(settings.get(setting.key()));
  }

  /** The lines of a setting that is a list. */
  public List<String> lines(Setting setting) {
    return plan.settings.lines(setting);
  }

  /** What about this preset could not be confirmed in public documentation. */
  public List<String> unconfirmed() {
    return lines(Setting.UNCONFIRMED);
  }

  /** The platform's event types by names of our own. */
  public Map<String, String> aliases() {
    return plan.event.types.aliases();
  }

  /** Members of the body that may differ when the platform tries an event again. */
  public List<JsonPointer> ignored() {
    return plan.settings.list(Setting.EVENT_IGNORE).stream().map(JsonPointer::compile).toList();
  }

  /** How long a repeat of an event in which a state comes back may come after it. */
  public Duration recurrence() {
    return retryHorizon().orElse(USUAL_HORIZON);
  }

  /** Whether anybody can send its events: there is no signature and no credential. */
  public boolean isUnsigned() {
    return plan.signature.algorithm == Algorithm.NONE;
  }

  /**
   * Whether its signature covers the URL and nothing but the sender says which: then what was
   * signed for another server, under the same key, is good for this one.
   *
   * @param known whether this server knows its own address
   */
  public boolean trustsHostOfSender(boolean known) {
    PublicUrl url = plan.publicUrl;
    return !known
        && url.fixed() == null
        && !url.forwarded()
        && plan.signature.signed.stream()
            .anyMatch(
                template ->
                    template.names(
                        Word.URL, Word.URL_WITH_PORT, Word.URL_WITHOUT_PORT, Word.URL_DECODED));
  }

  /** How it finds the URL that a sender signed. */
  public PublicUrl publicUrl() {
    return plan.publicUrl;
  }

  /** What its secrets are made of. */
  public Secret.Kind secretKind() {
    return switch (plan.signature.algorithm) {
      case ED25519 -> Secret.Kind.ED25519;
      case RSA_SHA256 -> Secret.Kind.RSA;
      default -> Secret.Kind.SHARED;
    };
  }

  /**
   * Whether its requests name the certificate that they are signed with, so that an endpoint needs
   * no secret.
   */
  public boolean namesCertificates() {
    return plan.signature.certificateUrl != null;
  }

  /** How much of a request the signature vouches for. */
  public Coverage coverage() {
    return Coverage.of(plan);
  }

  /** Whether a body is JSON itself, and not a form, XML or text. */
  public boolean readsJson() {
    return plan.bodyFormat == BodyFormat.JSON;
  }

  /**
   * A body as JSON, as {@link VerifiedEvent#json} gives it: a form's fields, or XML, as an object
   * of the same names. For the item of a batch, that item.
   *
   * @return null for what can't be read so, and for plain text
   */
  public @Nullable JsonNode read(@Nullable String contentType, byte[] body) {
    List<RawRequest.Header> headers =
        contentType == null
            ? List.of()
            : List.of(new RawRequest.Header("Content-Type", contentType));
    try {
      return new Scope(plan, new RawRequest("POST", "", headers, body), Instant.EPOCH).json();
    } catch (Refusal e) {
      return null;
    }
  }

  /**
   * Names of the headers that hold the secret itself, not a signature made with it: whoever keeps a
   * request's headers leaves these out.
   */
  public List<String> credentialHeaders() {
    return isCredential() ? plan.signature.headers : List.of();
  }

  /** The query parameter that carries the secret itself; empty where none does. */
  public Optional<String> credentialParameter() {
    return isCredential() ? Optional.ofNullable(plan.signature.queryParameter) : Optional.empty();
  }

  private boolean isCredential() {
    return plan.signature.algorithm == Algorithm.TOKEN
        || plan.signature.algorithm == Algorithm.BASIC;
  }

  /** The request methods by which its events come. */
  public Set<String> eventMethods() {
    return Set.copyOf(setting(Setting.REQUEST_METHODS).map(Setting::list).orElse(List.of("POST")));
  }

  /** The request methods its endpoint takes: those of events, and that of a handshake. */
  public Set<String> methods() {
    Set<String> methods = new LinkedHashSet<>(eventMethods());
    if (plan.handshake != null) {
      methods.add(plan.handshake.method());
    }
    return Collections.unmodifiableSet(methods);
  }

  /** What an accepted event is answered with, where that is more than a 200. */
  public Optional<Response> response(VerifiedEvent event) {
    Optional<String> reply = setting(Setting.RESPONSE_REPLY);
    String type =
        plan.settings.word(
            Setting.RESPONSE_CONTENT_TYPE, reply.isPresent() ? "application/json" : "");
    Optional<String> body =
        reply.map(text -> reply(text, type, event)).or(() -> setting(Setting.RESPONSE_BODY));
    return answersItsOwn()
        .map(code -> new Response(code, type.isEmpty() ? null : type, body.orElse(null)));
  }

  /** The status of an answer that is not Payhook's usual one, where the platform asks for one. */
  public Optional<Integer> answersItsOwn() {
    return plan.settings.hasAny("response.")
        ? Optional.of(Integer.parseInt(plan.settings.word(Setting.RESPONSE_STATUS, "200")))
        : Optional.empty();
  }

  /** A place that is not there is empty: the platform asked for an answer, and gets one. */
  private String reply(String text, String contentType, VerifiedEvent event) {
    boolean json = contentType.toLowerCase(Locale.ROOT).contains("json");
    Scope scope = new Scope(plan, event.request(), Instant.EPOCH);
    try {
      String filled =
          Template.parse(text, Template.Context.REPLY)
              .filled(scope, (word, value) -> json ? Template.quoted(value) : value, true);
      return filled == null ? "" : filled;
    } catch (Refusal e) {
      return "";
    }
  }

  /** The types that an event may have once it is confirmed, where only the platform's API tells. */
  public Set<String> confirmedTypes(String type) {
    Map<String, String> byStatus = plan.settings.map(Setting.CONFIRM_TYPE_IS);
    boolean confirms =
        plan.settings.flag(Setting.CONFIRM_ENABLED, false)
            || !plan.settings.word(Setting.CONFIRM_SECRET, "").isBlank();
    return confirms && !byStatus.containsValue(type) ? Set.copyOf(byStatus.values()) : Set.of();
  }

  /**
   * The type that an event has once it is confirmed, where every event has to be and only the
   * platform's API tells its type; else the type itself.
   */
  public String confirmedType(String type) {
    Map<String, String> byStatus = plan.settings.map(Setting.CONFIRM_TYPE_IS);
    if (!plan.settings.flag(Setting.CONFIRM_ENABLED, false) || byStatus.containsValue(type)) {
      return type;
    }
    return lines(Setting.CONFIRM_STATUS_IS).stream()
        .filter(byStatus::containsKey)
        .findFirst()
        .map(byStatus::get)
        .orElse(type);
  }

  /**
   * What the platform's own API is asked about an event, where events have to be confirmed.
   *
   * @throws ProviderException when they have to be but the key of that API is missing
   */
  public Optional<Confirmation> confirmation() {
    return Optional.ofNullable(Confirmation.of(name, plan));
  }

  Plan plan() {
    return plan;
  }

  @Override
  public String toString() {
    return "Provider[" + name + "]";
  }
}

package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says whether a request is an event of a provider. Made once for an endpoint, used by many
 * threads; never throws, and whatever it can't make sense of it refuses.
 */
public final class Verifier {
  private final Plan plan;
  private final Clock clock;
  private final List<Keyed> keys;

  private record Keyed(Secret secret, Check check) {}

  /** A signature that could be read. */
  private record Decoded(@Nullable String id, byte[] bytes) {}

  /**
   * @param provider how the platform signs
   * @param secrets one or several; each of them is enough
   * @param clock for timestamps and for the dates of the secrets
   * @throws ProviderException when there is no secret or one that can't be used, or a parameter of
   *     the provider has no value: fail closed, before the first request
   */
  public Verifier(Provider provider, List<Secret> secrets, Clock clock) {
    this.plan = provider.plan();
    this.clock = Objects.requireNonNull(clock, "clock");
    List<ProviderException.Problem> problems = new ArrayList<>();
    this.keys = keys(provider, secrets, problems);
    plan.params()
        .forEach(
            (name, value) -> {
              if (value.isEmpty()) {
                problems.add(
                    new ProviderException.Problem(
                        "params." + name, "has no value; the endpoint must give one"));
              }
            });
    if (!problems.isEmpty()) {
      throw new ProviderException(provider.name(), problems);
    }
  }

  private static List<Keyed> keys(
      Provider provider, List<Secret> secrets, List<ProviderException.Problem> problems) {
    Plan plan = provider.plan();
    if (plan.algorithm == Algorithm.NONE) {
      return List.of();
    }
    if (secrets.isEmpty()) {
      problems.add(
          new ProviderException.Problem(
              "secrets", "there is none; give the one the platform shows for this webhook"));
    }
    List<Keyed> keys = new ArrayList<>();
    for (Secret secret : secrets) {
      try {
        keys.add(
            new Keyed(secret, Check.of(plan.algorithm, plan.keyForm, plan.keyPrefixes, secret)));
      } catch (IllegalArgumentException e) {
        problems.add(
            new ProviderException.Problem("secrets", "'" + secret.label() + "' " + e.getMessage()));
      }
    }
    return List.copyOf(keys);
  }

  /** The verdict on a request. */
  public Verdict verify(RawRequest request) {
    Instant now = clock.instant();
    Scope scope = new Scope(plan, request, now);
    boolean authentic = false;
    try {
      Handshake early =
          plan.handshake != null && !plan.handshake.signed() ? handshake(scope) : null;
      if (early != null) {
        return early;
      }
      String label = authenticate(scope);
      authentic = true;
      Handshake answer =
          plan.handshake != null && plan.handshake.signed() ? handshake(scope) : null;
      return answer != null ? answer : event(scope, label);
    } catch (Refusal e) {
      return e.as(authentic ? Refused.Category.MALFORMED : Refused.Category.SIGNATURE);
    } catch (RuntimeException | StackOverflowError e) {
      return new Refused(
          authentic ? Refused.Category.MALFORMED : Refused.Category.SIGNATURE,
          "unreadable",
          "the request could not be read: " + e.getClass().getSimpleName());
    }
  }

  // Who sent it.

  private String authenticate(Scope scope) throws Refusal {
    if (plan.algorithm == Algorithm.NONE) {
      return "none";
    }
    String label;
    if (plan.pointer != null && plan.items != null) {
      Set<String> labels = new LinkedHashSet<>();
      for (JsonNode item : items(scope)) {
        scope.item = item;
        labels.add(signedBy(scope));
      }
      scope.item = null;
      label = String.join("+", labels);
    } else {
      label = signedBy(scope);
    }
    plan.checkTime(scope);
    return label;
  }

  private String signedBy(Scope scope) throws Refusal {
    List<Decoded> signatures = decoded(plan.candidates(scope));
    boolean anyActive = false;
    Refusal unbuilt = null;
    for (Template template : plan.signed) {
      byte[] content = null;
      for (Keyed key : keys) {
        if (!key.secret().activeAt(scope.now)) {
          continue;
        }
        anyActive = true;
        if (content == null || plan.signedHoldsSecret) {
          scope.secret = key.secret();
          try {
            content = plan.algorithm.signs() ? template.bytes(scope) : new byte[0];
          } catch (Refusal e) {
            unbuilt = e;
            break;
          }
        }
        List<byte[]> those = madeWith(key.secret(), signatures);
        if (!those.isEmpty() && key.check().holds(content, those)) {
          return key.secret().label();
        }
      }
    }
    if (!anyActive) {
      throw new Refusal("no-active-secret", "no secret counts today; look at their dates");
    }
    if (unbuilt != null) {
      throw unbuilt;
    }
    throw wrong(signatures);
  }

  private Refusal wrong(List<Decoded> signatures) {
    int expected = plan.algorithm.length;
    boolean noneFits =
        expected > 0
            && signatures.stream().noneMatch(signature -> signature.bytes().length == expected);
    if (noneFits) {
      return new Refusal(
          "wrong-signature",
          "the signature has "
              + signatures.get(0).bytes().length
              + " bytes; "
              + plan.algorithm.word()
              + " has "
              + expected);
    }
    return new Refusal(
        "wrong-signature",
        (plan.algorithm.signs()
                ? "the signature was made with another secret or over other text"
                : "it is not the secret")
            + (keys.size() > 1 ? " (" + keys.size() + " secrets tried)" : ""));
  }

  private List<Decoded> decoded(List<Plan.Candidate> candidates) throws Refusal {
    List<Decoded> decoded = new ArrayList<>(candidates.size());
    for (Plan.Candidate candidate : candidates) {
      byte[] bytes =
          plan.algorithm == Algorithm.TOKEN
              ? candidate.text().getBytes(StandardCharsets.UTF_8)
              : plan.encoding.decode(candidate.text());
      if (bytes != null) {
        decoded.add(new Decoded(candidate.id(), bytes));
      }
    }
    if (decoded.isEmpty()) {
      throw new Refusal("bad-encoding", "the signature is not " + plan.encoding.word());
    }
    return decoded;
  }

  private static List<byte[]> madeWith(Secret secret, List<Decoded> signatures) {
    List<byte[]> those = new ArrayList<>(signatures.size());
    for (int i = 0; i < signatures.size(); i++) {
      Decoded signature = signatures.get(i);
      if (secret.id() == null || signature.id() == null || secret.id().equals(signature.id())) {
        those.add(signature.bytes());
      }
    }
    return those;
  }

  // What the platform asks of us.

  private @Nullable Handshake handshake(Scope scope) throws Refusal {
    Plan.HandshakePlan handshake = plan.handshake;
    if (handshake == null || !scope.request.method().equals(handshake.method())) {
      return null;
    }
    String when;
    try {
      when = handshake.when().text(scope);
    } catch (Refusal e) {
      return null;
    }
    if (when == null || !(handshake.is().isEmpty() || handshake.is().equals(when))) {
      return null;
    }
    String token = handshake.token() == null ? "" : handshake.token().text(scope);
    if (token == null
        || (handshake.token() != null && !handshake.tokenPattern().matcher(token).matches())) {
      throw new Refusal("bad-handshake", "the handshake's text is not like one of this platform");
    }
    scope.token = token;
    for (Keyed key : keys) {
      if (key.secret().activeAt(scope.now)) {
        scope.secret = key.secret();
        if (handshake.reply().names(Template.Word.HMAC)) {
          scope.hmac =
              plan.encoding.encode(key.check().sign(token.getBytes(StandardCharsets.UTF_8)));
        }
        break;
      }
    }
    return new Handshake(
        handshake.status(), handshake.contentType(), handshake.reply().bytes(scope));
  }

  // What it says.

  private VerifiedEvent event(Scope scope, String label) throws Refusal {
    JsonNode json = scope.json();
    if (plan.items == null) {
      return new VerifiedEvent(scope.request, plan.facts(scope), label, json, List.of());
    }
    List<JsonNode> nodes = items(scope);
    List<VerifiedEvent> items = new ArrayList<>(nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      scope.item = nodes.get(i);
      byte[] slice =
          StrictJson.slice(
              scope.request.body(),
              plan.items.append(com.fasterxml.jackson.core.JsonPointer.compile("/" + i)));
      scope.itemBytes = slice;
      RawRequest alone = slice == null ? scope.request : scope.request.withBody(slice);
      items.add(new VerifiedEvent(alone, plan.facts(scope), label, nodes.get(i), List.of()));
    }
    return whole(scope.request, label, json, items);
  }

  private static VerifiedEvent whole(
      RawRequest request, String label, @Nullable JsonNode json, List<VerifiedEvent> items) {
    VerifiedEvent first = items.get(0);
    if (items.size() == 1) {
      return new VerifiedEvent(
          request,
          new VerifiedEvent.Facts(
              first.type(),
              first.rawType(),
              first.key(),
              first.entity(),
              first.occurredAt(),
              first.amount(),
              first.currency()),
          label,
          json,
          items);
    }
    boolean oneType = items.stream().allMatch(item -> item.type().equals(first.type()));
    boolean oneEntity = items.stream().allMatch(item -> item.entity().equals(first.entity()));
    String key = Plan.shortened(String.join("+", items.stream().map(VerifiedEvent::key).toList()));
    return new VerifiedEvent(
        request,
        new VerifiedEvent.Facts(
            oneType ? first.type() : "batch",
            oneType ? first.rawType() : "batch",
            key,
            oneEntity ? first.entity() : key,
            first.occurredAt(),
            null,
            null),
        label,
        json,
        List.copyOf(items));
  }

  private List<JsonNode> items(Scope scope) throws Refusal {
    JsonNode json = scope.json();
    JsonNode array = json == null || plan.items == null ? null : json.at(plan.items);
    if (array == null || !array.isArray() || array.isEmpty()) {
      throw new Refusal(
          "no-items",
          plan.items == null || plan.items.matches()
              ? "the body is not an array of events"
              : "the body has no events at " + plan.items);
    }
    List<JsonNode> items = new ArrayList<>(array.size());
    array.forEach(items::add);
    return items;
  }
}

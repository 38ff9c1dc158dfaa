package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says whether a request is an event of a provider. Made once for an endpoint, used by many
 * threads; never throws, and whatever it can't make sense of it refuses.
 */
public final class Verifier {
  private final Provider provider;
  private final Plan plan;
  private final Clock clock;
  private final List<Keyed> keys;
  private final @Nullable Signers signers;

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
    this(provider, secrets, clock, Certificates.NONE);
  }

  /**
   * @param provider how the platform signs
   * @param secrets one or several; each of them is enough. None where the platform's requests name
   *     a certificate
   * @param clock for timestamps and for the dates of the secrets
   * @param certificates those that requests name, for platforms whose requests do
   * @throws ProviderException as above
   */
  public Verifier(Provider provider, List<Secret> secrets, Clock clock, Certificates certificates) {
    this.provider = provider;
    this.plan = provider.plan();
    this.clock = Objects.requireNonNull(clock, "clock");
    List<ProviderException.Problem> problems = new ArrayList<>();
    this.keys = keys(provider, secrets, problems);
    this.signers = Signers.of(plan, certificates);
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
    if (secrets.isEmpty() && plan.certificateUrl == null) {
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

  /** Whether a request brings what this provider signs with, whether it is right or not. */
  boolean isFor(RawRequest request) {
    return plan.isCarriedBy(new Scope(plan, asRead(request), clock.instant()));
  }

  /** Why a request is not authentic, where its headers alone say so. */
  Optional<Refused> refusedByHead(RawRequest head) {
    return plan.lacksHeader(new Scope(plan, head, clock.instant()))
        .map(refusal -> refusal.as(Refused.Category.SIGNATURE));
  }

  Provider provider() {
    return provider;
  }

  private RawRequest asRead(RawRequest request) {
    boolean get = request.method().equals("GET");
    return get && provider.eventMethods().contains("GET") ? request.asForm() : request;
  }

  /** The verdict on a request. */
  public Verdict verify(RawRequest request) {
    Instant now = clock.instant();
    Scope scope = new Scope(plan, asRead(request), now);
    boolean authentic = false;
    try {
      Handshake early =
          plan.handshake != null && !plan.handshake.signed() ? handshake(scope) : null;
      if (early != null) {
        return early;
      }
      Signed signed = authenticate(scope);
      authentic = true;
      Handshake answer =
          plan.handshake != null && plan.handshake.signed() ? handshake(scope) : null;
      return answer != null ? answer : event(scope, signed);
    } catch (Signers.NotHereYet e) {
      return e.verdict();
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

  /**
   * Who signed.
   *
   * @param labels of the secrets: one, or one for each item of a batch, null for an item that is
   *     left out
   * @param leftOut why
   */
  private record Signed(List<@Nullable String> labels, List<Refused> leftOut) {}

  private Signed authenticate(Scope scope) throws Refusal, Signers.NotHereYet {
    if (plan.algorithm == Algorithm.NONE) {
      return new Signed(List.of("none"), List.of());
    }
    Signed signed =
        plan.pointer != null && plan.event.items != null
            ? itemsSigned(scope)
            : new Signed(List.of(signedBy(scope)), List.of());
    plan.checkTime(scope);
    return signed;
  }

  /**
   * What is signed is kept whatever stands beside it. An item with a wrong signature refuses the
   * request, since the platform may send it again with a right one; one without any never will be.
   */
  private Signed itemsSigned(Scope scope) throws Refusal, Signers.NotHereYet {
    List<@Nullable String> labels = new ArrayList<>();
    List<Refused> leftOut = new ArrayList<>();
    Refusal unsigned = null;
    for (JsonNode item : items(scope)) {
      scope.item = item;
      if (plan.isSigned(scope)) {
        labels.add(signedBy(scope));
      } else if (isFree(scope)) {
        labels.add("unsigned");
      } else {
        unsigned = new Refusal("missing-signature", "the body has no signature at " + plan.pointer);
        leftOut.add(unsigned.as(Refused.Category.SIGNATURE));
        labels.add(null);
      }
    }
    scope.item = null;
    if (unsigned != null && leftOut.size() == labels.size()) {
      throw unsigned;
    }
    return new Signed(labels, leftOut);
  }

  private boolean isFree(Scope scope) throws Refusal {
    if (plan.event.unsignedTypes.isEmpty()) {
      return false;
    }
    plan.event.name(scope);
    String type = Objects.requireNonNull(scope.type);
    return PerType.any(plan.event.unsignedTypes, type, scope.rawType);
  }

  private String signedBy(Scope scope) throws Refusal, Signers.NotHereYet {
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
            content = plan.content(template, scope);
          } catch (Refusal e) {
            unbuilt = e;
            break;
          }
        }
        List<byte[]> those = madeWith(key.secret(), signatures);
        if (!those.isEmpty() && key.check().holds(content, those)) {
          scope.signedContent = content;
          return key.secret().label();
        }
      }
    }
    String certificate = signers == null ? null : certified(signers, scope, signatures);
    if (certificate != null) {
      return certificate;
    }
    if (!anyActive && !keys.isEmpty()) {
      throw new Refusal("no-active-secret", "no secret counts today; look at their dates");
    }
    if (unbuilt != null) {
      throw unbuilt;
    }
    throw wrong(signatures);
  }

  /**
   * The label of the certificate that the request names, when it was signed with it. It is asked
   * for last, and only where all that is signed is there.
   */
  private @Nullable String certified(Signers from, Scope scope, List<Decoded> signatures)
      throws Refusal, Signers.NotHereYet {
    List<byte[]> contents = contents(scope);
    Certificates.Trusted certificate = from.named(scope);
    if (certificate == null) {
      if (keys.isEmpty()) {
        throw new Refusal(
            "missing-certificate-url", "the request names no certificate, and no secret is given");
      }
      return null;
    }
    Check check = Check.of(certificate.key());
    List<byte[]> bytes = signatures.stream().map(Decoded::bytes).toList();
    for (byte[] content : contents) {
      if (check.holds(content, bytes)) {
        scope.signedContent = content;
        return certificate.label();
      }
    }
    return null;
  }

  /** All that may be what is signed; at least one. */
  private List<byte[]> contents(Scope scope) throws Refusal {
    List<byte[]> contents = new ArrayList<>(plan.signed.size());
    Refusal unbuilt = null;
    for (Template template : plan.signed) {
      try {
        contents.add(plan.content(template, scope));
      } catch (Refusal e) {
        unbuilt = e;
      }
    }
    if (contents.isEmpty() && unbuilt != null) {
      throw unbuilt;
    }
    return contents;
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

  private VerifiedEvent event(Scope scope, Signed signed) throws Refusal {
    JsonNode json = scope.json();
    if (plan.event.items == null) {
      String label = Objects.requireNonNull(signed.labels().get(0));
      return new VerifiedEvent(
          provider,
          scope.request,
          plan.event.facts(scope),
          label,
          json,
          List.of(),
          List.of(),
          digest(scope, 0));
    }
    List<JsonNode> nodes = items(scope);
    List<VerifiedEvent> items = new ArrayList<>(nodes.size());
    Set<String> labels = new LinkedHashSet<>();
    for (int i = 0; i < nodes.size(); i++) {
      String label = signed.labels().get(signed.labels().size() == 1 ? 0 : i);
      if (label == null) {
        continue;
      }
      labels.add(label);
      scope.item = nodes.get(i);
      byte[] slice =
          StrictJson.slice(
              scope.request.body(), plan.event.items.append(JsonPointer.compile("/" + i)));
      scope.itemBytes = slice;
      RawRequest alone = slice == null ? scope.request : scope.request.withBody(slice);
      items.add(
          new VerifiedEvent(
              provider,
              alone,
              plan.event.facts(scope),
              label,
              nodes.get(i),
              List.of(),
              List.of(),
              digest(scope, i)));
    }
    return whole(scope.request, String.join("+", labels), json, items, signed.leftOut());
  }

  private byte @Nullable [] digest(Scope scope, int item) {
    byte[] content = scope.signedContent;
    if (!plan.namesUnsigned || content == null) {
      return null;
    }
    MessageDigest digest = Digests.sha256();
    digest.update(content);
    digest.update((byte) (item >> 8));
    digest.update((byte) item);
    if (plan.event.bodyOfSeveralTypes && scope.rawType != null) {
      digest.update(scope.rawType.getBytes(StandardCharsets.UTF_8));
    }
    return digest.digest();
  }

  private VerifiedEvent whole(
      RawRequest request,
      String label,
      @Nullable JsonNode json,
      List<VerifiedEvent> items,
      List<Refused> leftOut) {
    VerifiedEvent first = items.get(0);
    VerifiedEvent.Facts facts = first.facts();
    if (items.size() > 1) {
      boolean oneType = items.stream().allMatch(item -> item.type().equals(first.type()));
      boolean oneEntity = items.stream().allMatch(item -> item.entity().equals(first.entity()));
      String key =
          EventPlan.shortened(String.join("+", items.stream().map(VerifiedEvent::key).toList()));
      facts =
          new VerifiedEvent.Facts(
              oneType ? first.type() : "batch",
              oneType ? first.rawType() : "batch",
              key,
              oneEntity ? first.entity() : key,
              first.occurredAt(),
              null,
              null);
    }
    return new VerifiedEvent(
        provider, request, facts, label, json, List.copyOf(items), leftOut, first.signedDigest());
  }

  private List<JsonNode> items(Scope scope) throws Refusal {
    JsonNode json = scope.json();
    JsonNode array = json == null || plan.event.items == null ? null : json.at(plan.event.items);
    if (array == null || !array.isArray() || array.isEmpty()) {
      throw new Refusal(
          "no-items",
          plan.event.items == null || plan.event.items.matches()
              ? "the body is not an array of events"
              : "the body has no events at " + plan.event.items);
    }
    List<JsonNode> items = new ArrayList<>(array.size());
    array.forEach(items::add);
    return items;
  }
}

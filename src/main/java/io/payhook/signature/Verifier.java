package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
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
  private final SignatureSection signature;
  private final Clock clock;
  private final List<Keyed> keys;
  private final Certificates certificates;

  /** A secret with the key made of it. */
  record Keyed(Secret secret, SigningKey key) {}

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
    this.signature = plan.signature;
    this.clock = Objects.requireNonNull(clock, "clock");
    this.certificates = certificates;
    Problems problems = new Problems();
    this.keys = signature.algorithm == Algorithm.NONE ? List.of() : keys(secrets, problems);
    plan.params.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            problems.add("params." + name, "has no value; the endpoint must give one");
          }
        });
    problems.raise(provider.name());
  }

  private List<Keyed> keys(List<Secret> secrets, Problems problems) {
    if (secrets.isEmpty() && signature.certificateUrl == null) {
      problems.add("secrets", "there is none; give the one the platform shows for this webhook");
    }
    List<Keyed> read = new ArrayList<>();
    for (Secret secret : secrets) {
      try {
        read.add(new Keyed(secret, signature.key(secret)));
      } catch (IllegalArgumentException e) {
        problems.add("secrets", "'" + secret.label() + "' " + e.getMessage());
      }
    }
    return List.copyOf(read);
  }

  /** Whether a request brings what this provider signs with, whether it is right or not. */
  boolean isFor(RawRequest request) {
    return signature.algorithm == Algorithm.NONE
        || isBatch() // Every item has a signature of its own, or has not.
        || signature.missing(new Scope(plan, asRead(request), clock.instant())) == null;
  }

  /** Why a request is not authentic, where its headers alone say so. */
  Optional<Refused> refusedByHead(RawRequest head) {
    return signature
        .lacksHeader(new Scope(plan, head, clock.instant()))
        .map(refusal -> refusal.as(Refused.Category.SIGNATURE));
  }

  private RawRequest asRead(RawRequest request) {
    boolean get = request.method().equals("GET");
    return get && provider.eventMethods().contains("GET") ? request.asForm() : request;
  }

  /** The verdict on a request. */
  public Verdict verify(RawRequest request) {
    Scope scope = new Scope(plan, asRead(request), clock.instant());
    HandshakeSection handshake = plan.handshake;
    Refused.Category category = Refused.Category.SIGNATURE;
    try {
      Handshake early =
          handshake != null && !handshake.signed() ? handshake.answer(scope, keys) : null;
      if (early != null) {
        return early;
      }
      Signed signed = authenticate(scope);
      category = Refused.Category.MALFORMED;
      Handshake answer =
          handshake != null && handshake.signed() ? handshake.answer(scope, keys) : null;
      return answer != null ? answer : event(scope, signed);
    } catch (Refusal e) {
      return e.verdict(category);
    } catch (RuntimeException | StackOverflowError e) {
      return new Refused(
          category, "unreadable", "the request could not be read: " + e.getClass().getSimpleName());
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

  private Signed authenticate(Scope scope) throws Refusal {
    if (signature.algorithm == Algorithm.NONE) {
      return new Signed(List.of("none"), List.of());
    }
    Signed signed =
        isBatch() ? itemsSigned(scope) : new Signed(List.of(signedBy(scope)), List.of());
    plan.timestamp.check(scope);
    return signed;
  }

  /** Whether each item of a batch has a signature of its own. */
  private boolean isBatch() {
    return signature.pointer != null && plan.event.items != null;
  }

  /**
   * What is signed is kept whatever stands beside it. An item with a wrong signature refuses the
   * request, since the platform may send it again with a right one; one without any never will be.
   */
  private Signed itemsSigned(Scope scope) throws Refusal {
    List<@Nullable String> labels = new ArrayList<>();
    List<Refused> leftOut = new ArrayList<>();
    for (JsonNode item : items(scope)) {
      scope.item = item;
      if (signature.isIn(scope)) {
        labels.add(signedBy(scope));
      } else if (isFree(scope)) {
        labels.add("unsigned");
      } else {
        leftOut.add(signature.absent(scope).as(Refused.Category.SIGNATURE));
        labels.add(null);
      }
    }
    scope.item = null;
    if (leftOut.size() == labels.size()) {
      throw signature.absent(scope);
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

  private String signedBy(Scope scope) throws Refusal {
    List<Decoded> signatures = decoded(signature.candidates(scope));
    boolean anyActive = false;
    Refusal unbuilt = null;
    for (Template template : signature.signed) {
      byte[] content = null;
      for (Keyed key : keys) {
        if (!key.secret().activeAt(scope.now)) {
          continue;
        }
        anyActive = true;
        if (content == null || signature.signedHoldsSecret) {
          scope.secret = key.secret();
          try {
            content = signature.content(template, scope);
          } catch (Refusal e) {
            unbuilt = e;
            break;
          }
        }
        List<byte[]> those = madeWith(key.secret(), signatures);
        if (!those.isEmpty() && key.key().holds(content, those)) {
          scope.signedContent = content;
          return key.secret().label();
        }
      }
    }
    Template url = signature.certificateUrl;
    String certificate = url == null ? null : certified(url, scope, signatures);
    if (certificate != null) {
      return certificate;
    }
    if (!anyActive && !keys.isEmpty()) {
      throw new Refusal("no-active-secret", "no secret counts today; look at their dates");
    }
    throw unbuilt != null ? unbuilt : wrong(signatures);
  }

  /**
   * The label of the certificate that the request names, when it was signed with it. It is asked
   * for last, and only where all that is signed is there.
   */
  private @Nullable String certified(Template url, Scope scope, List<Decoded> signatures)
      throws Refusal {
    List<byte[]> contents = contents(scope);
    String named = url.text(scope);
    if (named == null) {
      if (keys.isEmpty()) {
        throw new Refusal(
            "missing-certificate-url", "the request names no certificate, and no secret is given");
      }
      return null;
    }
    Certificates.Trusted certificate = certificate(named);
    SigningKey key = SigningKey.of(certificate.key());
    List<byte[]> bytes = signatures.stream().map(Decoded::bytes).toList();
    for (byte[] content : contents) {
      if (key.holds(content, bytes)) {
        scope.signedContent = content;
        return certificate.label();
      }
    }
    return null;
  }

  private Certificates.Trusted certificate(String named) throws Refusal {
    CertificateUrl url;
    try {
      url = CertificateUrl.of(named, signature.certificateHosts);
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          "untrusted-certificate-url",
          "the URL of the certificate that the request names " + e.getMessage());
    }
    Certificates.Answer answer = certificates.at(url);
    if (answer instanceof Certificates.Awaited awaited) {
      throw new Refusal.NotHereYet(awaited.why());
    }
    if (answer instanceof Certificates.NotTrusted not) {
      throw new Refusal(
          "untrusted-certificate", "the certificate that the request names: " + not.why());
    }
    return (Certificates.Trusted) answer;
  }

  /** All that may be what is signed; at least one. */
  private List<byte[]> contents(Scope scope) throws Refusal {
    List<byte[]> contents = new ArrayList<>(signature.signed.size());
    Refusal unbuilt = null;
    for (Template template : signature.signed) {
      try {
        contents.add(signature.content(template, scope));
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
    Algorithm algorithm = signature.algorithm;
    boolean noneFits =
        algorithm.length > 0
            && signatures.stream().noneMatch(each -> each.bytes().length == algorithm.length);
    return new Refusal(
        "wrong-signature",
        noneFits
            ? "the signature has %d bytes; %s has %d"
                .formatted(signatures.get(0).bytes().length, algorithm.word(), algorithm.length)
            : (algorithm.signs()
                    ? "the signature was made with another secret or over other text"
                    : "it is not the secret")
                + (keys.size() > 1 ? " (" + keys.size() + " secrets tried)" : ""));
  }

  private List<Decoded> decoded(List<SignatureSection.Candidate> candidates) throws Refusal {
    List<Decoded> decoded = new ArrayList<>(candidates.size());
    for (SignatureSection.Candidate candidate : candidates) {
      byte[] bytes =
          signature.algorithm == Algorithm.TOKEN
              ? candidate.text().getBytes(StandardCharsets.UTF_8)
              : signature.encoding.decode(candidate.text());
      if (bytes != null) {
        decoded.add(new Decoded(candidate.id(), bytes));
      }
    }
    if (decoded.isEmpty()) {
      throw new Refusal("bad-encoding", "the signature is not " + signature.encoding.word());
    }
    return decoded;
  }

  private static List<byte[]> madeWith(Secret secret, List<Decoded> signatures) {
    List<byte[]> those = new ArrayList<>(signatures.size());
    for (int i = 0; i < signatures.size(); i++) {
      Decoded each = signatures.get(i);
      if (secret.id() == null || each.id() == null || secret.id().equals(each.id())) {
        those.add(each.bytes());
      }
    }
    return those;
  }

  // What it says.

  private VerifiedEvent event(Scope scope, Signed signed) throws Refusal {
    JsonNode json = scope.json();
    if (plan.event.items == null) {
      String label = Objects.requireNonNull(signed.labels().get(0));
      return single(scope, scope.request, label, json, 0);
    }
    List<JsonNode> nodes = items(scope);
    List<byte[]> slices = StrictJson.items(scope.request.body(), plan.event.items);
    List<VerifiedEvent> items = new ArrayList<>(nodes.size());
    Set<String> labels = new LinkedHashSet<>();
    for (int i = 0; i < nodes.size(); i++) {
      String label = signed.labels().get(signed.labels().size() == 1 ? 0 : i);
      if (label != null) {
        labels.add(label);
        scope.item = nodes.get(i);
        scope.itemBytes = slices.get(i);
        items.add(single(scope, scope.request.withBody(slices.get(i)), label, nodes.get(i), i));
      }
    }
    VerifiedEvent first = items.get(0);
    return new VerifiedEvent(
        provider,
        scope.request,
        whole(items),
        String.join("+", labels),
        json,
        List.copyOf(items),
        signed.leftOut(),
        first.signedDigest());
  }

  private VerifiedEvent single(
      Scope scope, RawRequest request, String label, @Nullable JsonNode json, int item)
      throws Refusal {
    VerifiedEvent.Facts facts = plan.event.facts(scope);
    return new VerifiedEvent(
        provider, request, facts, label, json, List.of(), List.of(), digest(scope, item));
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

  /** What a batch says as a whole. */
  private static VerifiedEvent.Facts whole(List<VerifiedEvent> items) {
    VerifiedEvent first = items.get(0);
    if (items.size() == 1) {
      return first.facts();
    }
    boolean oneType = items.stream().allMatch(item -> item.type().equals(first.type()));
    boolean oneEntity = items.stream().allMatch(item -> item.entity().equals(first.entity()));
    String key =
        EventSection.shortened(String.join("+", items.stream().map(VerifiedEvent::key).toList()));
    return new VerifiedEvent.Facts(
        oneType ? first.type() : "batch",
        oneType ? first.rawType() : "batch",
        key,
        oneEntity ? first.entity() : key,
        first.occurredAt(),
        null,
        null);
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

package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Signs requests as a platform does: for samples, tests and {@code payhook send}. */
public final class Signer {
  private final Plan plan;
  private final SignatureSection signature;
  private final boolean byGet;
  private final Secret secret;
  private final SigningKey key;
  private final Clock clock;
  private final String provider;

  /** Headers that the platform's own API is told of, besides those that are signed. */
  private final List<String> asked;

  /**
   * @param provider how the platform signs
   * @param secret the shared secret, or the private key where the platform has one
   * @param clock for the timestamps it writes
   * @throws ProviderException when the secret can't be used
   */
  public Signer(Provider provider, Secret secret, Clock clock) {
    this.plan = provider.plan();
    this.signature = plan.signature;
    this.provider = provider.name();
    this.asked = Confirmation.headersAskedAbout(plan);
    this.byGet = !provider.eventMethods().contains("POST");
    this.secret = secret;
    this.clock = Objects.requireNonNull(clock, "clock");
    try {
      this.key =
          signature.algorithm == Algorithm.NONE
              ? SigningKey.of(Algorithm.TOKEN, "text", List.of(), Secret.of("none"))
              : signature.key(secret);
    } catch (IllegalArgumentException e) {
      throw problem("secrets", "'" + secret.label() + "' " + e.getMessage());
    }
  }

  private ProviderException problem(String setting, String text) {
    return new ProviderException(provider, List.of(new ProviderException.Problem(setting, text)));
  }

  /**
   * The request as the platform would send it: with its type, id and timestamp headers where they
   * are missing, and with its signature. A signature that is there is replaced.
   *
   * @param unsigned the request with its body
   * @param type the event type, by the platform's name or by ours, for platforms that send it in a
   *     header
   * @throws ProviderException when the secret is only a public key, or the body has no place for
   *     the signature
   */
  public RawRequest sign(RawRequest unsigned, String type) {
    try {
      RawRequest request = named(byGet ? get(unsigned) : unsigned, type);
      if (signature.algorithm == Algorithm.NONE) {
        return request;
      }
      if (signature.pointer != null) {
        return signedInBody(request, signature.pointer);
      }
      Scope scope = scope(request);
      scope.secret = secret;
      String now = plan.timestamp.written(clock.instant());
      scope.parts = Map.of(timestampPart(), List.of(now));
      byte[] content = signature.content(signature.signed.get(0), scope);
      String value = value(key.sign(content), now);
      if (signature.formField != null) {
        return signedInForm(request, signature.formField, value);
      }
      if (signature.queryParameter != null) {
        return new RawRequest(
            request.method(),
            withParameter(request.url(), signature.queryParameter, value),
            request.headers(),
            request.body());
      }
      return request.withHeader(signature.headers.get(0), value);
    } catch (Refusal e) {
      throw problem("", "the request can't be signed: " + e.getMessage());
    } catch (IllegalStateException e) {
      throw problem("secrets", "'" + secret.label() + "' " + e.getMessage());
    }
  }

  /** A sample's body as the query of a GET. */
  private static RawRequest get(RawRequest post) {
    String query = new String(post.body(), StandardCharsets.UTF_8).strip();
    String url = post.url() + (query.isEmpty() ? "" : mark(post.url()) + query);
    return new RawRequest(
        "GET",
        url,
        post.headers().stream()
            .filter(header -> !header.name().equalsIgnoreCase("Content-Type"))
            .toList(),
        new byte[0]);
  }

  private static String mark(String url) {
    return url.indexOf('?') < 0 ? "?" : "&";
  }

  private static String withParameter(String url, String name, String value) {
    String without = url.replaceAll("([?&])" + Pattern.quote(name) + "=[^&]*&?", "$1");
    String trimmed = without.replaceAll("[?&]$", "");
    return trimmed + mark(trimmed) + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  /** With the headers that say what and when, where they are missing. */
  private RawRequest named(RawRequest unsigned, String type) {
    RawRequest request =
        with(unsigned, plan.event.type, plan.event.types.platformName(type), false);
    request = with(request, signature.id, "msg_" + UUID.randomUUID(), false);
    List<String> keys =
        plan.event.key.all().stream().flatMap(key -> key.namesOf(Word.HEADER).stream()).toList();
    if (!keys.isEmpty()
        && keys.stream().allMatch(name -> unsigned.header(name) == null)
        && request.header(keys.get(0)) == null) {
      request = request.withHeader(keys.get(0), UUID.randomUUID().toString());
    }
    request = with(request, plan.timestamp.from, plan.timestamp.written(clock.instant()), true);
    for (String header : asked) {
      if (request.header(header) == null) {
        request = request.withHeader(header, "sample");
      }
    }
    return request;
  }

  /** With a value in the first header that a place reads. */
  private RawRequest with(
      RawRequest request, @Nullable Template place, String value, boolean always) {
    List<String> headers = place == null ? List.of() : place.namesOf(Word.HEADER);
    return place == null || headers.isEmpty() || !(always || isMissing(place, request))
        ? request
        : request.withHeader(headers.get(0), value);
  }

  private boolean isMissing(Template template, RawRequest request) {
    try {
      return template.text(scope(request)) == null;
    } catch (Refusal e) {
      return true; // A body that can't be read may still be signed.
    }
  }

  private Scope scope(RawRequest request) {
    return new Scope(plan, request, clock.instant());
  }

  private String timestampPart() {
    return plan.timestamp.from == null
        ? ""
        : plan.timestamp.from.namesOf(Word.PART).stream().findFirst().orElse("");
  }

  private String value(byte[] made, String now) {
    String text =
        signature.prefix
            + (signature.algorithm == Algorithm.TOKEN
                ? new String(made, StandardCharsets.UTF_8)
                : signature.encoding.encode(made));
    return switch (signature.format) {
      case "key-values" -> {
        String part = timestampPart();
        yield (part.isEmpty() ? "" : part + "=" + now + signature.separator)
            + signature.part
            + "="
            + text;
      }
      case "versions" -> signature.part + "," + text;
      case "pairs" -> Objects.requireNonNullElse(secret.id(), "key") + "|" + text;
      default -> text;
    };
  }

  private static RawRequest signedInForm(RawRequest request, String field, String value) {
    String body = new String(request.body(), StandardCharsets.UTF_8);
    String start = field + "=";
    StringBuilder others = new StringBuilder();
    for (String pair : body.split("&", -1)) {
      if (!pair.isEmpty() && !pair.startsWith(start)) {
        others.append('&').append(pair);
      }
    }
    return request.withBody(
        (start + URLEncoder.encode(value, StandardCharsets.UTF_8) + others)
            .getBytes(StandardCharsets.UTF_8));
  }

  private RawRequest signedInBody(RawRequest request, JsonPointer pointer) throws Refusal {
    JsonNode json = StrictJson.parse(request.body());
    Scope scope = scope(request);
    scope.secret = secret;
    Iterable<JsonNode> items = plan.event.items == null ? List.of(json) : json.at(plan.event.items);
    for (JsonNode item : items) {
      scope.item = item;
      byte[] content = signature.content(signature.signed.get(0), scope);
      if (!(item.at(pointer.head()) instanceof ObjectNode holder)) {
        throw new Refusal("missing-field", "the body has no object at " + pointer.head());
      }
      holder.put(pointer.last().getMatchingProperty(), value(key.sign(content), ""));
    }
    try {
      return request.withBody(StrictJson.MAPPER.writeValueAsBytes(json));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("JSON that was read can't be written", e);
    }
  }
}

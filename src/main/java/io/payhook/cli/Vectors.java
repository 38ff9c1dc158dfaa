package io.payhook.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.routes.Providers;
import io.payhook.signature.Handshake;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.RawRequest.Header;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Undecided;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A file of requests with what is known of their signatures, and whether Payhook agrees. */
final class Vectors {
  private static final String DEFAULT_HEADER = "X-Signature";
  private static final Pattern SIGNATURE_LIKE =
      Pattern.compile(".*(signature|hmac|hash|digest|sign|sig).*", Pattern.CASE_INSENSITIVE);

  private Vectors() {}

  /**
   * What came of one.
   *
   * @param name the vector's name
   * @param passed whether Payhook says what the file says
   * @param told what Payhook says, in words
   */
  record Outcome(String name, boolean passed, String told) {}

  /**
   * Runs every vector of a file.
   *
   * @throws IOException when the file can't be read or is not an array of vectors
   */
  static List<Outcome> run(Path file, Providers providers) throws IOException {
    JsonNode vectors;
    try {
      vectors = Json.MAPPER.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!vectors.isArray()) {
      throw new IOException(file + " should be a JSON array of vectors");
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (JsonNode vector : vectors) {
      outcomes.add(run(vector, providers));
    }
    return outcomes;
  }

  private static Outcome run(JsonNode vector, Providers providers) {
    String name = vector.path("name").asText("(no name)");
    boolean valid = vector.path("valid").asBoolean();
    try {
      RawRequest request = request(vector);
      Provider provider = provider(vector, providers, request);
      Verdict verdict = new Verifier(provider, secrets(vector), clock(vector)).verify(request);
      String told = told(verdict);
      JsonNode expected = vector.get("expected_response");
      if (expected != null && !expected.isNull()) {
        boolean same = verdict instanceof Handshake answer && same(expected, answer.text());
        return new Outcome(name, same == valid, told);
      }
      return new Outcome(name, isAuthentic(verdict) == valid, told);
    } catch (ProviderException e) {
      // A setting or a secret that can't be used is refused before the first request.
      return new Outcome(name, !valid, "refused: " + e.problems().get(0));
    }
  }

  static boolean isAuthentic(Verdict verdict) {
    return verdict instanceof Refused refused
        ? refused.category() == Refused.Category.MALFORMED
        : !(verdict instanceof Undecided);
  }

  private static String told(Verdict verdict) {
    if (verdict instanceof VerifiedEvent event) {
      return "authentic: " + event.type() + ", key " + event.key();
    }
    if (verdict instanceof Refused refused) {
      boolean authentic = refused.category() == Refused.Category.MALFORMED;
      return (authentic ? "authentic, but " : "refused: ")
          + refused.reason()
          + ", "
          + refused.detail();
    }
    return verdict instanceof Undecided undecided
        ? "undecided: " + undecided.why()
        : "answered with a handshake";
  }

  private static boolean same(JsonNode expected, String answer) {
    if (expected.isTextual() && expected.asText().equals(answer)) {
      return true;
    }
    try {
      return expected.equals(Json.MAPPER.readTree(answer));
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  private static RawRequest request(JsonNode vector) {
    List<Header> headers = new ArrayList<>();
    vector
        .path("headers")
        .properties()
        .forEach(
            header -> {
              if (header.getValue().isArray()) {
                header
                    .getValue()
                    .forEach(value -> headers.add(new Header(header.getKey(), value.asText())));
              } else {
                headers.add(new Header(header.getKey(), header.getValue().asText()));
              }
            });
    return new RawRequest(
        vector.path("method").asText("POST"),
        vector.path("url").asText("http://localhost/"),
        headers,
        body(vector));
  }

  private static byte[] body(JsonNode vector) {
    if (vector.hasNonNull("body_base64")) {
      return Base64.getDecoder().decode(vector.get("body_base64").asText());
    }
    if (vector.hasNonNull("body") || !vector.has("params")) {
      return vector.path("body").asText("").getBytes(StandardCharsets.UTF_8);
    }
    List<String> pairs = new ArrayList<>();
    vector
        .get("params")
        .properties()
        .forEach(
            field -> {
              Iterable<JsonNode> values =
                  field.getValue().isArray() ? field.getValue() : List.of(field.getValue());
              for (JsonNode value : values) {
                pairs.add(
                    URLEncoder.encode(field.getKey(), StandardCharsets.UTF_8)
                        + "="
                        + URLEncoder.encode(value.asText(), StandardCharsets.UTF_8));
              }
            });
    return String.join("&", pairs).getBytes(StandardCharsets.UTF_8);
  }

  private static Provider provider(JsonNode vector, Providers providers, RawRequest request) {
    String scheme = vector.path("scheme").asText();
    Provider provider =
        providers
            .find(scheme)
            .or(() -> providers.find(scheme.replaceFirst("-(challenge|handshake)$", "")))
            .orElseGet(() -> providers.get(scheme));
    Map<String, String> overrides = new LinkedHashMap<>();
    if (vector.hasNonNull("tolerance")) {
      overrides.put("timestamp.tolerance", vector.get("tolerance").asLong() + "s");
    }
    if (vector.hasNonNull("tolerance_ms")) {
      overrides.put("timestamp.tolerance", vector.get("tolerance_ms").asLong() + "ms");
    }
    boolean generic = DEFAULT_HEADER.equals(provider.settings().get("signature.header"));
    if (generic && request.header(DEFAULT_HEADER) == null) {
      String found = signatureHeader(request);
      if (found != null) {
        overrides.put("signature.header", found);
      }
    }
    return provider.with(overrides);
  }

  /** The one header that looks like a signature; null when there is none or more than one. */
  private static @Nullable String signatureHeader(RawRequest request) {
    List<String> names =
        request.headers().stream()
            .map(Header::name)
            .filter(name -> SIGNATURE_LIKE.matcher(name).matches())
            .distinct()
            .toList();
    return names.size() == 1 ? names.get(0) : null;
  }

  private static List<Secret> secrets(JsonNode vector) {
    JsonNode key = vector.get("public_key");
    String id = key == null || key.isNull() ? null : key.asText();
    List<Secret> secrets = new ArrayList<>();
    Iterable<JsonNode> values =
        vector.path("secret").isArray() ? vector.get("secret") : List.of(vector.path("secret"));
    for (JsonNode value : values) {
      Secret plain = Secret.of(value.asText());
      secrets.add(new Secret(plain.value(), plain.label(), id, null, null));
    }
    return secrets;
  }

  private static Clock clock(JsonNode vector) {
    Instant now =
        vector.hasNonNull("now_ms")
            ? Instant.ofEpochMilli(vector.get("now_ms").asLong())
            : vector.hasNonNull("now")
                ? Instant.ofEpochSecond(vector.get("now").asLong())
                : Instant.now();
    return Clock.fixed(now, ZoneOffset.UTC);
  }
}

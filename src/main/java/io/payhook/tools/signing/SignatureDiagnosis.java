package io.payhook.tools.signing;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import io.payhook.kit.Json;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.PublicUrl;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Verdict;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Why a request was refused, for a person: it tries what people and proxies get wrong, one thing
 * and then two at a time, and tells which would have made the signature hold. Slow and thorough, so
 * never on the way of a request, and its words never go to the sender.
 */
public final class SignatureDiagnosis {
  private static final Pattern SIGNATURE_LIKE =
      Pattern.compile(".*(sig|hmac|hash|digest|authorization|token).*", Pattern.CASE_INSENSITIVE);
  private static final Pattern SIGNS_URL =
      Pattern.compile("(?<![\\w:/-])url(-decoded|-with-port)?(?![\\w-])");

  /**
   * What people and proxies get wrong about settings: what it is about, the settings that would be
   * right, the last with values to try in turn, and what is told of one that fits; a minus takes
   * away what must be there. Settings that are so already change nothing, and those that don't go
   * with a provider are passed over.
   */
  private static final String MISTAKES =
      """
      PREFIX signature.prefix-optional=true
        The signature comes without '{prefix}'; set signature.prefix-optional to true.
      PREFIX signature.prefix=sha256=|sha512=|sha1=|hmac |Bearer |v0=|v1=
        The signature begins with '{value}'; set signature.prefix to it.
      ENCODING signature.encoding=hex|base64|base64url
        The signature is {value} where {was} was expected; set signature.encoding to {value}.
      KEY signature.key=text
        The key is the secret taken as it is; set signature.key to text.
      KEY signature.key=base64|hex
        The key is the secret taken as {value}; set signature.key to {value}.
      KEY signature.key-prefix=whsec_; signature.key=base64|hex
        The key is what follows whsec_ in the secret, taken as {value}; set signature.key to \
      {value} and signature.key-prefix to whsec_.
      KEY -signature.key-prefix; signature.key=text
        The secret is used whole, its prefix included; set signature.key to text and take \
      signature.key-prefix away.
      URL url.public=; url.forwarded=true
        The URL was signed as the forwarding headers tell it; set url.forwarded to true, if a \
      proxy of yours sets those headers.
      ALGORITHM signature.algorithm=hmac-sha256|hmac-sha512|hmac-sha1
        It was signed with {value}, not with {was}; set signature.algorithm to {value}.
      ALGORITHM signature.prefix=; signature.algorithm=token
        The header holds the secret itself, not a signature; set signature.algorithm to token. \
      It then proves the sender, not what it sent.
      ALGORITHM signature.algorithm=sha256; signature.signed={secret}{body}|{body}{secret}
        It is a plain SHA-256 over {value}; set signature.algorithm to sha256 and \
      signature.signed to that.
      CONTENT signature.signed={body}|{timestamp}.{body}|{timestamp}{body}|{timestamp}:{body}\
      |{body}{timestamp}|{url}{body}|{method}{url}{body}|{json:/data}
        What was signed is {value}; set signature.signed to that.
      """;

  private static final Map<String, String> USUAL = Map.of("signature.encoding", "hex");
  private static final Map<String, String> OF_BASIC =
      Map.of(
          "signature.header", "Authorization",
          "signature.prefix", "Basic ",
          "signature.encoding", "base64");

  private final Clock clock;
  private final Attempt given;
  private final List<Change> changes = new ArrayList<>();

  /** A case to look at: what would be checked, with which secrets, how. */
  private record Attempt(Provider provider, List<Secret> secrets, RawRequest request) {

    Attempt with(RawRequest changed) {
      return new Attempt(provider, secrets, changed);
    }

    /** The same where these settings don't go with the provider. */
    Attempt with(Map<String, String> settings) {
      try {
        return new Attempt(provider.with(settings), secrets, request);
      } catch (ProviderException e) {
        return this;
      }
    }
  }

  /** What kind of thing a change is about; two of one kind can't both be the cause. */
  private enum About {
    HEADER,
    PREFIX,
    BODY,
    ENCODING,
    SECRET,
    KEY,
    URL,
    ALGORITHM,
    CONTENT
  }

  /** Something a person may have got wrong, and how it would be right. */
  private record Change(About about, String says, UnaryOperator<Attempt> apply) {}

  private SignatureDiagnosis(Attempt given, Clock clock) {
    this.given = given;
    this.clock = clock;
  }

  /**
   * Sentences a person can act on, the likeliest first.
   *
   * @param provider what the request was checked by
   * @param secrets what it was checked with
   * @param request the request
   * @param refused the verdict on it
   * @param clock the clock of that verdict
   */
  public static List<String> of(
      Provider provider, List<Secret> secrets, RawRequest request, Refused refused, Clock clock) {
    String only = "The signature itself is right, only the time is not: " + refused.detail();
    if (refused.reason().equals("timestamp-too-old")) {
      return List.of(
          only
              + ". Either this machine's clock is ahead, or the request is a late or repeated one."
              + " Set the clock by NTP; widen timestamp.tolerance if the sender is known to be"
              + " slow.");
    }
    if (refused.reason().equals("timestamp-in-future")) {
      return List.of(only + ". This machine's clock is behind; set it by NTP.");
    }
    if (refused.category() == Refused.Category.MALFORMED) {
      return List.of(
          "The signature is right. The endpoint would still answer 400, since "
              + refused.detail()
              + ". Look at the event.* and body.* settings.");
    }
    // The time is another matter: a late request can still tell what is wrong with its signature.
    Attempt given = new Attempt(provider, secrets, request).with(Map.of("timestamp.tolerance", ""));
    return new SignatureDiagnosis(given, clock).search(refused);
  }

  private List<String> search(Refused refused) {
    List<String> told = new ArrayList<>();
    // Where only the time could not be read, no change of the signature explains anything.
    if (!holds(given)) {
      table();
      headers();
      bodies();
      secrets();
      urls();
      changes.sort(Comparator.comparing(Change::about));
      changes.stream()
          .filter(change -> holds(change.apply().apply(given)))
          .forEach(change -> told.add(change.says()));
    }
    if (told.isEmpty()) {
      pairs(told);
    }
    if (told.isEmpty()) {
      told.add(hint(refused));
    }
    testOrLive(told);
    return told;
  }

  private void pairs(List<String> told) {
    for (int i = 0; i < changes.size(); i++) {
      Attempt first = changes.get(i).apply().apply(given);
      for (int j = i + 1; j < changes.size(); j++) {
        boolean another = changes.get(j).about() != changes.get(i).about();
        if (another && holds(changes.get(j).apply().apply(first))) {
          told.add(changes.get(i).says());
          told.add("And: " + changes.get(j).says());
          return;
        }
      }
    }
  }

  private boolean holds(Attempt attempt) {
    try {
      Verdict verdict =
          new Verifier(attempt.provider(), attempt.secrets(), clock).verify(attempt.request());
      return !(verdict instanceof Refused refused)
          || refused.category() == Refused.Category.MALFORMED;
    } catch (ProviderException e) {
      return false;
    }
  }

  // What people and proxies get wrong.

  private void table() {
    String[] lines = MISTAKES.split("\n", -1);
    for (int i = 0; i + 1 < lines.length; i += 2) {
      int space = lines[i].indexOf(' ');
      About about = About.valueOf(lines[i].substring(0, space));
      Map<String, String> right = new LinkedHashMap<>();
      boolean may = true;
      String last = "";
      for (String setting : lines[i].substring(space + 1).split("; ", -1)) {
        int equals = setting.indexOf('=');
        boolean away = equals < 0;
        last = away ? setting.substring(1) : setting.substring(0, equals);
        may &= !(away && was(last).isEmpty());
        right.put(last, away ? "" : setting.substring(equals + 1));
      }
      for (String value : may ? right.getOrDefault(last, "").split("\\|", -1) : new String[0]) {
        Map<String, String> own = new LinkedHashMap<>(right);
        own.put(last, value);
        String says =
            lines[i + 1]
                .replace("{value}", value.strip())
                .replace("{was}", was(last))
                .replace("{prefix}", was("signature.prefix").strip());
        settings(about, says.strip(), own);
      }
    }
  }

  private void settings(About about, String says, Map<String, String> right) {
    changes.add(new Change(about, says, attempt -> attempt.with(right)));
  }

  /** What a setting is, where it is not given too. */
  private String was(String key) {
    Map<String, String> settings = given.provider().settings();
    boolean basic = "basic".equals(settings.get("signature.algorithm"));
    return settings.getOrDefault(key, (basic ? OF_BASIC : USUAL).getOrDefault(key, ""));
  }

  private void headers() {
    List<String> expected = List.of(was("signature.header").split("\\s*[,\n]\\s*"));
    for (RawRequest.Header header : given.request().headers()) {
      String name = header.name();
      if (expected.stream().noneMatch(name::equalsIgnoreCase)
          && SIGNATURE_LIKE.matcher(name).matches()) {
        settings(
            About.HEADER,
            "The signature is in the header %s, not in %s; set signature.header to it."
                .formatted(name, String.join(" or ", expected)),
            Map.of("signature.header", name));
      }
    }
  }

  private void secrets() {
    secret("The secret has spaces or line ends around it; take them away.", String::strip);
    secret(
        "The secret stands in quotes; take them away.",
        value -> value.replaceAll("^[\"']|[\"']$", ""));
  }

  private void secret(String says, UnaryOperator<String> change) {
    changes.add(
        new Change(
            About.SECRET,
            says,
            attempt ->
                new Attempt(
                    attempt.provider(),
                    attempt.secrets().stream()
                        .map(
                            secret ->
                                new Secret(
                                    change.apply(secret.value()),
                                    secret.label(),
                                    secret.id(),
                                    secret.notBefore(),
                                    secret.notAfter()))
                        .toList(),
                    attempt.request())));
  }

  private void urls() {
    if (!SIGNS_URL.matcher(was("signature.signed")).find()) {
      return;
    }
    String url = given.provider().publicUrl().of(given.request());
    Set<String> others = new LinkedHashSet<>();
    for (String one : List.of(url, swappedScheme(url))) {
      int query = one.indexOf('?');
      String path = query < 0 ? one : one.substring(0, query);
      others.add(one);
      others.add(PublicUrl.port(one, false));
      others.add(PublicUrl.port(one, true));
      others.add(path);
      others.add(path.endsWith("/") ? path.substring(0, path.length() - 1) : path + "/");
    }
    others.remove(url);
    for (String other : others) {
      changes.add(
          new Change(
              About.URL,
              "The URL that was signed is " + other + ", not " + url + "; set url.public to it.",
              attempt ->
                  attempt
                      .with(Map.of("url.public", ""))
                      .with(
                          new RawRequest(
                              attempt.request().method(),
                              other,
                              attempt.request().headers(),
                              attempt.request().body()))));
    }
  }

  private static String swappedScheme(String url) {
    return url.startsWith("https://")
        ? "http://" + url.substring(8)
        : url.startsWith("http://") ? "https://" + url.substring(7) : url;
  }

  private void bodies() {
    byte[] own = given.request().body();
    BodyVariants.of(new String(own, StandardCharsets.UTF_8))
        .forEach(
            (body, how) -> {
              byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
              if (!Arrays.equals(bytes, own)) {
                changes.add(
                    new Change(
                        About.BODY,
                        "The body was changed after it was signed: the signature fits the body "
                            + how
                            + ". Pass on the raw bytes, and look for a proxy, framework or editor"
                            + " in between.",
                        attempt -> attempt.with(attempt.request().withBody(bytes))));
              }
            });
  }

  // Where nothing fits.

  private String hint(Refused refused) {
    byte[] body = given.request().body();
    String detail = refused.detail();
    String said =
        detail.isEmpty() ? "" : Character.toUpperCase(detail.charAt(0)) + detail.substring(1);
    return switch (refused.reason()) {
      case "missing-header", "missing-signature" -> {
        List<String> like =
            given.request().headers().stream()
                .map(RawRequest.Header::name)
                .filter(name -> SIGNATURE_LIKE.matcher(name).matches())
                .toList();
        yield said
            + (like.isEmpty()
                ? ", nor any other that looks like a signature. Is signing turned on at the"
                    + " platform? Does a proxy take headers away?"
                : ". These look like one, but don't fit with this secret: "
                    + String.join(", ", like)
                    + ".");
      }
      case "no-active-secret" ->
          "No secret counts at this time: "
              + given.secrets()
              + ". Change not-before and not-after, or add the current one.";
      case "wrong-signature" ->
          said
              + ". No usual mistake explains it, so the likeliest are: the secret is another"
              + " endpoint's or an old one, or the body is not the one that was sent (it has "
              + body.length
              + " bytes here, SHA-256 "
              + Digests.sha256Hex(body, 8)
              + "…). Copy the secret anew from the platform, and compare the body with its log.";
      default -> said + ".";
    };
  }

  /** A test secret never fits a live event, and the other way round. */
  private void testOrLive(List<String> told) {
    Optional<Boolean> live = live(given.request());
    if (live.isEmpty()) {
      return;
    }
    for (Secret secret : given.secrets()) {
      String value = secret.value().toLowerCase(Locale.ROOT);
      boolean test =
          value.contains("_test") || value.contains("test_") || value.contains("sandbox");
      boolean real = value.contains("_live") || value.contains("live_");
      if (live.get() ? test : real && !test) {
        told.add(
            live.get()
                ? "The secret '%s' is one for tests, and the body says it is live."
                    .formatted(secret.label())
                : "The secret '%s' is a live one, and the body says it is a test."
                    .formatted(secret.label()));
      }
    }
  }

  /** Empty: the body does not say. */
  private static Optional<Boolean> live(RawRequest request) {
    JsonNode json;
    try {
      json = Json.STRICT.readTree(request.body());
    } catch (IOException e) {
      return Optional.empty();
    }
    for (String at : List.of("/livemode", "/live", "/data/livemode")) {
      if (json.at(at).isValueNode() && !json.at(at).isNull()) {
        return Optional.of(json.at(at).asText().equals("true"));
      }
    }
    for (String at : List.of("/data/domain", "/domain", "/mode", "/environment")) {
      switch (json.at(at).asText()) {
        case "live" -> {
          return Optional.of(true);
        }
        case "test", "sandbox" -> {
          return Optional.of(false);
        }
        default -> {}
      }
    }
    return Optional.empty();
  }
}

package io.payhook.signature;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Why a request was refused, for a person: it tries what people and proxies get wrong, one thing
 * and then two at a time, and tells which would have made the signature hold. Slow and thorough, so
 * never on the way of a request, and its words never go to the sender.
 */
public final class Explanation {
  private static final Pattern SIGNATURE_LIKE =
      Pattern.compile(".*(sig|hmac|hash|digest|authorization|token).*", Pattern.CASE_INSENSITIVE);

  private final Clock clock;

  private Explanation(Clock clock) {
    this.clock = clock;
  }

  /** A case to look at: what would be checked, with which secrets, how. */
  private record Attempt(Provider provider, List<Secret> secrets, RawRequest request) {}

  /** What kind of thing a change is about; two of one kind can't both be the cause. */
  private enum Kind {
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
  private record Change(Kind kind, String says, UnaryOperator<Attempt> apply) {}

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
    return new Explanation(clock).explain(provider, secrets, request, refused);
  }

  private List<String> explain(
      Provider provider, List<Secret> secrets, RawRequest request, Refused refused) {
    List<String> told = new ArrayList<>();
    switch (refused.reason()) {
      case "timestamp-too-old" ->
          told.add(
              "The signature itself is right, only the time is not: "
                  + refused.detail()
                  + ". Either this machine's clock is ahead, or the request is a late or repeated"
                  + " one. Set the clock by NTP; widen timestamp.tolerance if the sender is known"
                  + " to be slow.");
      case "timestamp-in-future" ->
          told.add(
              "The signature itself is right, only the time is not: "
                  + refused.detail()
                  + ". This machine's clock is behind; set it by NTP.");
      default -> search(provider, secrets, request, refused, told);
    }
    return told;
  }

  private void search(
      Provider provider,
      List<Secret> secrets,
      RawRequest request,
      Refused refused,
      List<String> told) {
    if (refused.category() == Refused.Category.MALFORMED) {
      told.add(
          "The signature is right. The endpoint would still answer 400, since "
              + refused.detail()
              + ". Look at the event.* and body.* settings.");
      return;
    }
    // The time is another matter: a late request can still tell what is wrong with its signature.
    Attempt given = new Attempt(with(provider, "timestamp.tolerance", ""), secrets, request);
    List<Change> changes = changes(given);
    for (Change change : changes) {
      if (holds(change.apply().apply(given))) {
        told.add(change.says());
      }
    }
    if (told.isEmpty()) {
      pairs(given, changes, told);
    }
    if (told.isEmpty()) {
      hints(given, refused, told);
    }
    testOrLive(given, told);
  }

  private void pairs(Attempt given, List<Change> changes, List<String> told) {
    for (int i = 0; i < changes.size(); i++) {
      Attempt first = changes.get(i).apply().apply(given);
      for (int j = i + 1; j < changes.size(); j++) {
        boolean another = changes.get(j).kind() != changes.get(i).kind();
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

  private static List<Change> changes(Attempt given) {
    List<Change> changes = new ArrayList<>();
    headers(given, changes);
    bodies(given, changes);
    encodings(given, changes);
    secrets(given, changes);
    urls(given, changes);
    algorithms(given, changes);
    contents(given, changes);
    return changes;
  }

  private static void headers(Attempt given, List<Change> changes) {
    Plan plan = given.provider().plan();
    for (RawRequest.Header header : given.request().headers()) {
      boolean known = plan.signature.headers.stream().anyMatch(header.name()::equalsIgnoreCase);
      if (!known && SIGNATURE_LIKE.matcher(header.name()).matches()) {
        changes.add(
            set(
                Kind.HEADER,
                "The signature is in the header "
                    + header.name()
                    + ", not in "
                    + String.join(" or ", plan.signature.headers)
                    + "; set signature.header to it.",
                Map.of("signature.header", header.name())));
      }
    }
    if (!plan.signature.prefix.isEmpty()) {
      changes.add(
          set(
              Kind.PREFIX,
              "The signature comes without '"
                  + plan.signature.prefix.strip()
                  + "'; set signature.prefix-optional to true.",
              Map.of("signature.prefix-optional", "true")));
    }
    for (String prefix : List.of("sha256=", "sha512=", "sha1=", "v0=", "v1=", "hmac ", "Bearer ")) {
      if (!prefix.equals(plan.signature.prefix)) {
        changes.add(
            set(
                Kind.PREFIX,
                "The signature begins with '" + prefix.strip() + "'; set signature.prefix to it.",
                Map.of("signature.prefix", prefix)));
      }
    }
  }

  private static void encodings(Attempt given, List<Change> changes) {
    Encoding expected = given.provider().plan().signature.encoding;
    for (Encoding encoding : Encoding.values()) {
      if (encoding != expected) {
        changes.add(
            set(
                Kind.ENCODING,
                "The signature is "
                    + encoding.word()
                    + " where "
                    + expected.word()
                    + " was expected; set signature.encoding to "
                    + encoding.word()
                    + ".",
                Map.of("signature.encoding", encoding.word())));
      }
    }
  }

  private static void algorithms(Attempt given, List<Change> changes) {
    Algorithm expected = given.provider().plan().signature.algorithm;
    for (Algorithm algorithm :
        List.of(Algorithm.HMAC_SHA256, Algorithm.HMAC_SHA512, Algorithm.HMAC_SHA1)) {
      if (algorithm != expected) {
        changes.add(
            set(
                Kind.ALGORITHM,
                "It was signed with "
                    + algorithm.word()
                    + ", not with "
                    + expected.word()
                    + "; set signature.algorithm to "
                    + algorithm.word()
                    + ".",
                Map.of("signature.algorithm", algorithm.word())));
      }
    }
    if (expected != Algorithm.TOKEN) {
      changes.add(
          set(
              Kind.ALGORITHM,
              "The header holds the secret itself, not a signature; set signature.algorithm to"
                  + " token. It then proves the sender, not what it sent.",
              Map.of("signature.algorithm", "token", "signature.prefix", "")));
    }
    if (expected != Algorithm.SHA256) {
      for (String signed : List.of("{secret}{body}", "{body}{secret}")) {
        changes.add(
            set(
                Kind.ALGORITHM,
                "It is a plain SHA-256 over "
                    + signed
                    + "; set signature.algorithm to sha256 and signature.signed to that.",
                Map.of("signature.algorithm", "sha256", "signature.signed", signed)));
      }
    }
  }

  private static void contents(Attempt given, List<Change> changes) {
    Plan plan = given.provider().plan();
    Set<String> contents = new LinkedHashSet<>(List.of("{body}"));
    if (plan.timestamp.from != null) {
      contents.addAll(
          List.of(
              "{timestamp}.{body}",
              "{timestamp}{body}",
              "{timestamp}:{body}",
              "{body}{timestamp}"));
    }
    contents.addAll(List.of("{url}{body}", "{method}{url}{body}", "{json:/data}"));
    contents.remove(
        plan.signature.signed.size() == 1 ? plan.signature.signed.get(0).toString() : "");
    for (String content : contents) {
      changes.add(
          set(
              Kind.CONTENT,
              "What was signed is " + content + "; set signature.signed to that.",
              Map.of("signature.signed", content)));
    }
  }

  private static void secrets(Attempt given, List<Change> changes) {
    Plan plan = given.provider().plan();
    changes.add(
        secret("The secret has spaces or line ends around it; take them away.", String::strip));
    changes.add(
        secret(
            "The secret stands in quotes; take them away.",
            value -> value.replaceAll("^[\"']|[\"']$", "")));
    Map<String, String> forms =
        Map.of(
            "text", "as it is",
            "base64", "as base64",
            "hex", "as hex");
    forms.forEach(
        (form, words) -> {
          if (!form.equals(plan.settings.word(Setting.SIGNATURE_KEY, "text"))) {
            changes.add(
                set(
                    Kind.KEY,
                    "The key is the secret taken " + words + "; set signature.key to " + form + ".",
                    Map.of("signature.key", form)));
            if (!form.equals("text")) {
              changes.add(
                  set(
                      Kind.KEY,
                      "The key is what follows whsec_ in the secret, taken "
                          + words
                          + "; set signature.key to "
                          + form
                          + " and signature.key-prefix to whsec_.",
                      Map.of("signature.key", form, "signature.key-prefix", "whsec_")));
            }
          }
        });
    if (!plan.settings.list(Setting.SIGNATURE_KEY_PREFIX).isEmpty()) {
      changes.add(
          set(
              Kind.KEY,
              "The secret is used whole, its prefix included; set signature.key to text and take"
                  + " signature.key-prefix away.",
              Map.of("signature.key", "text", "signature.key-prefix", "")));
    }
  }

  private static void urls(Attempt given, List<Change> changes) {
    Plan plan = given.provider().plan();
    boolean signed =
        plan.signature.signed.stream()
            .anyMatch(
                template ->
                    template.names(Word.URL)
                        || template.names(Word.URL_DECODED)
                        || template.names(Word.URL_WITH_PORT));
    if (!signed) {
      return;
    }
    changes.add(
        set(
            Kind.URL,
            "The URL was signed as the forwarding headers tell it; set url.forwarded to true, if a"
                + " proxy of yours sets those headers.",
            Map.of("url.forwarded", "true", "url.public", "")));
    String url = plan.publicUrl.of(given.request());
    Set<String> others = new LinkedHashSet<>();
    for (String one : List.of(url, swappedScheme(url))) {
      others.add(one);
      others.add(PublicUrl.port(one, false));
      others.add(PublicUrl.port(one, true));
      int query = one.indexOf('?');
      String path = query < 0 ? one : one.substring(0, query);
      others.add(path);
      others.add(path.endsWith("/") ? path.substring(0, path.length() - 1) : path + "/");
    }
    others.remove(url);
    for (String other : others) {
      changes.add(
          new Change(
              Kind.URL,
              "The URL that was signed is " + other + ", not " + url + "; set url.public to it.",
              attempt ->
                  new Attempt(
                      with(attempt.provider(), "url.public", ""),
                      attempt.secrets(),
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

  private static void bodies(Attempt given, List<Change> changes) {
    Map<String, byte[]> bodies = new LinkedHashMap<>();
    String text = new String(given.request().body(), StandardCharsets.UTF_8);
    put(bodies, "without the line end at its end", text.replaceAll("[\r\n]+$", ""));
    put(bodies, "without the space around it", text.strip());
    put(bodies, "with a line end (\\n) at its end", text + "\n");
    put(bodies, "with a line end (\\r\\n) at its end", text + "\r\n");
    put(bodies, "with \\n where it has \\r\\n", text.replace("\r\n", "\n"));
    put(bodies, "with \\r\\n where it has \\n", text.replace("\n", "\r\n"));
    put(
        bodies,
        "without its byte order mark",
        text.startsWith("\uFEFF") ? text.substring(1) : text);
    serialised(text, bodies);
    bodies.forEach(
        (how, body) -> {
          if (!Arrays.equals(body, given.request().body())) {
            changes.add(
                new Change(
                    Kind.BODY,
                    "The body was changed after it was signed: the signature fits the body "
                        + how
                        + ". Pass on the raw bytes, and look for a proxy, framework or editor in"
                        + " between.",
                    attempt ->
                        new Attempt(
                            attempt.provider(),
                            attempt.secrets(),
                            attempt.request().withBody(body))));
          }
        });
  }

  private static void serialised(String text, Map<String, byte[]> bodies) {
    JsonNode json;
    try {
      json = StrictJson.MAPPER.readTree(text);
      String minimal = StrictJson.MAPPER.writeValueAsString(json);
      put(bodies, "written without spaces (re-serialised)", minimal);
      put(bodies, "written with \\u escapes (re-serialised)", escaped(minimal));
      put(bodies, "written with escaped slashes (re-serialised)", minimal.replace("/", "\\/"));
      put(
          bodies,
          "written with escaped slashes and \\u escapes (re-serialised)",
          escaped(minimal.replace("/", "\\/")));
      String spaced = spaced(minimal);
      put(bodies, "written with a space after ',' and ':' (re-serialised)", spaced);
      put(bodies, "written with those spaces and \\u escapes (re-serialised)", escaped(spaced));
      for (int indent : new int[] {2, 4}) {
        put(bodies, "indented by " + indent + " (re-serialised)", indented(json, indent));
        put(
            bodies,
            "indented by " + indent + " and with a line end (re-serialised)",
            indented(json, indent) + "\n");
      }
    } catch (JsonProcessingException e) {
      // Not JSON: nothing that could have been written another way.
    }
  }

  private static void put(Map<String, byte[]> bodies, String how, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bodies.values().stream().noneMatch(known -> Arrays.equals(known, bytes))) {
      bodies.put(how, bytes);
    }
  }

  private static String escaped(String json) {
    StringBuilder text = new StringBuilder(json.length());
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c < 128) {
        text.append(c);
      } else {
        text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      }
    }
    return text.toString();
  }

  private static String spaced(String minimal) {
    StringBuilder text = new StringBuilder(minimal.length() * 2);
    boolean quoted = false;
    for (int i = 0; i < minimal.length(); i++) {
      char c = minimal.charAt(i);
      text.append(c);
      if (quoted && c == '\\') {
        text.append(minimal.charAt(++i));
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ',' || c == ':')) {
        text.append(' ');
      }
    }
    return text.toString();
  }

  private static String indented(JsonNode json, int spaces) throws JsonProcessingException {
    DefaultIndenter indenter = new DefaultIndenter(" ".repeat(spaces), "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter()
            .withSeparators(
                Separators.createDefaultInstance()
                    .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                    .withObjectEmptySeparator("")
                    .withArrayEmptySeparator(""));
    printer.indentArraysWith(indenter);
    printer.indentObjectsWith(indenter);
    return StrictJson.MAPPER.writer(printer).writeValueAsString(json);
  }

  private static Change set(Kind kind, String says, Map<String, String> overrides) {
    return new Change(
        kind,
        says,
        attempt -> {
          try {
            return new Attempt(
                attempt.provider().with(overrides), attempt.secrets(), attempt.request());
          } catch (ProviderException e) {
            return attempt; // This change does not go with this provider.
          }
        });
  }

  private static Change secret(String says, UnaryOperator<String> change) {
    return new Change(
        Kind.SECRET,
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
                attempt.request()));
  }

  private static Provider with(Provider provider, String setting, String value) {
    try {
      return provider.with(Map.of(setting, value));
    } catch (ProviderException e) {
      return provider;
    }
  }

  // Where nothing fits.

  private static void hints(Attempt given, Refused refused, List<String> told) {
    RawRequest request = given.request();
    switch (refused.reason()) {
      case "missing-header", "missing-signature" -> {
        List<String> like =
            request.headers().stream()
                .map(RawRequest.Header::name)
                .filter(name -> SIGNATURE_LIKE.matcher(name).matches())
                .toList();
        told.add(
            capital(refused.detail())
                + (like.isEmpty()
                    ? ", nor any other that looks like a signature. Is signing turned on at the"
                        + " platform? Does a proxy take headers away?"
                    : ". These look like one, but don't fit with this secret: "
                        + String.join(", ", like)
                        + "."));
      }
      case "no-active-secret" ->
          told.add(
              "No secret counts at this time: "
                  + given.secrets()
                  + ". Change not-before and not-after, or add the current one.");
      case "wrong-signature" ->
          told.add(
              capital(refused.detail())
                  + ". No usual mistake explains it, so the likeliest are: the secret is another"
                  + " endpoint's or an old one, or the body is not the one that was sent (it has "
                  + request.body().length
                  + " bytes here, SHA-256 "
                  + Digests.sha256Hex(request.body()).substring(0, 16)
                  + "…). Copy the secret anew from the platform, and compare the body with its"
                  + " log.");
      default -> told.add(capital(refused.detail()) + ".");
    }
  }

  private static String capital(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  /** A test secret never fits a live event, and the other way round. */
  private static void testOrLive(Attempt given, List<String> told) {
    Boolean live = live(given.request());
    if (live == null) {
      return;
    }
    for (Secret secret : given.secrets()) {
      String value = secret.value().toLowerCase(Locale.ROOT);
      boolean test =
          value.contains("_test") || value.contains("test_") || value.contains("sandbox");
      boolean real = value.contains("_live") || value.contains("live_");
      if (test && live) {
        told.add(
            "The secret '" + secret.label() + "' is one for tests, and the body says it is live.");
      } else if (real && !live) {
        told.add(
            "The secret '" + secret.label() + "' is a live one, and the body says it is a test.");
      }
    }
  }

  @SuppressWarnings("NullAway") // null: the body does not say
  private static Boolean live(RawRequest request) {
    try {
      JsonNode json = StrictJson.parse(request.body());
      for (String at : List.of("/livemode", "/live", "/data/livemode")) {
        String value = StrictJson.text(json.at(at));
        if (value != null) {
          return value.equals("true");
        }
      }
      for (String at : List.of("/data/domain", "/domain", "/mode", "/environment")) {
        String value = StrictJson.text(json.at(at));
        if ("live".equals(value)) {
          return true;
        }
        if ("test".equals(value) || "sandbox".equals(value)) {
          return false;
        }
      }
      return null;
    } catch (Refusal e) {
      return null;
    }
  }
}

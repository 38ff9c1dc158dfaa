package io.payhook.tools.scaffold;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Nearest;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.Sample;
import io.payhook.routes.Shipped;
import io.payhook.signature.Provider;
import io.payhook.signature.Setting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes the first files of an integration: a folder that checks and tests well, to be changed from
 * there. What is there already is never touched.
 */
public final class Scaffold {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
  private static final Pattern WORD = Pattern.compile("@([a-z]+)@");
  private static final Pattern EMAIL = Pattern.compile("[^@\\s<>,]+@[^@\\s<>,]+\\.[^@\\s<>,]+");
  private static final Pattern MEMBER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** What an effect does. */
  public enum Kind {
    EMAIL("email.camel.yaml", "Sends an e-mail about"),
    CRM("crm.camel.yaml", "Tells the CRM of"),
    DATABASE("database.camel.yaml", "Records");

    private final String file;
    private final String verb;

    Kind(String file, String verb) {
      this.file = file;
      this.verb = verb;
    }
  }

  /** What can't be written, and what would be right. */
  public static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    public Refused(String message) {
      super(message);
    }
  }

  private final Path root;
  private final Providers providers;
  private final Map<String, DeclaredEndpoint> endpoints;
  private final Map<Path, byte[]> files = new LinkedHashMap<>();
  private final Map<String, String> words = new HashMap<>();

  /**
   * Prepares writing; nothing is written yet.
   *
   * @param root the routes folder, which may be missing
   * @param placeholders resolves {@code {{…}}} in endpoints that are there
   * @throws RouteFileException when what is there is no YAML
   */
  public Scaffold(Path root, UnaryOperator<String> placeholders) throws RouteFileException {
    this.root = root;
    this.providers = Providers.load(root.resolve("providers"));
    this.endpoints = Files.isDirectory(root) ? DeclaredEndpoint.in(root, placeholders) : Map.of();
  }

  /**
   * An endpoint with the provider's samples, its first event recorded in a table, and a test.
   *
   * @return the files written
   * @throws Refused when the name is taken or no name, or there is no such provider
   */
  public List<Path> endpoint(String name, String providerName) throws Refused, IOException {
    Path folder = folder(name);
    DeclaredEndpoint other = endpoints.get(name);
    if (other != null) {
      throw new Refused(
          "there is an endpoint '%s' already, in %s; take another name"
              .formatted(name, other.file()));
    }
    Provider provider =
        providers
            .find(providerName)
            .orElseThrow(
                () ->
                    new Refused(
                        "no such provider '%s'; %s"
                            .formatted(
                                providerName,
                                Nearest.meant(
                                    providerName,
                                    providers.names(),
                                    "'payhook providers' lists them"))));
    List<Sample> samples = providers.samples(providerName);
    if (samples.isEmpty()) {
      throw new Refused(
          "the preset '%s' has no samples to begin with; put one into %s/TYPE.json"
              .formatted(providerName, root.resolve("providers").resolve(providerName)));
    }
    Told main = Told.main(provider, samples);
    words("record-" + name, name, main, provider);
    words.put("title", provider.title());
    words.put("provider", provider.name());
    words.put("settings", settings(name, provider));
    words.put("description", "Records each " + main.type() + " event.");
    for (Sample sample : samples) {
      files.put(folder.resolve("samples").resolve(sample.fileName()), sample.body());
    }
    String route = filled("database.camel.yaml").replaceFirst("^#[^\n]*\n", "");
    put(folder.resolve(name + ".camel.yaml"), filled("endpoint.camel.yaml") + route);
    table(folder, name, main);
    return write(folder);
  }

  /** What the texts of the files have in place of {@code @word@}. */
  private void words(String route, String endpoint, Told told, Provider provider) {
    words.put("route", route);
    words.put("endpoint", endpoint);
    words.put("type", told.type());
    words.put("sample", told.sample().name());
    words.put("facts", told.facts());
    words.put("answer", provider.answersItsOwn().map(String::valueOf).orElse("accepted"));
    List<String> done = told.wanted().map(item -> "done").toList();
    words.put("done", done.size() > 1 ? "[" + String.join(", ", done) + "]" : "done");
  }

  /**
   * An effect of an endpoint's events in a folder of its own, with a test.
   *
   * @return the files written
   * @throws Refused when the name is taken or no name, or there is no such endpoint or sample
   */
  public List<Path> effect(String name, String endpointName, String type, Kind kind)
      throws Refused, IOException {
    Path folder = folder(name);
    DeclaredEndpoint endpoint = endpoints.get(endpointName);
    if (endpoint == null) {
      throw new Refused(
          "no such endpoint '"
              + endpointName
              + "'; "
              + Nearest.meant(
                  endpointName,
                  endpoints.keySet(),
                  endpoints.isEmpty()
                      ? "make one with: payhook new endpoint NAME --provider P"
                      : "there are " + String.join(", ", endpoints.keySet())));
    }
    Sample sample;
    try {
      sample = endpoint.sample(type);
    } catch (IllegalArgumentException e) {
      throw new Refused(String.valueOf(e.getMessage()));
    }
    Provider provider = endpoint.resolve(providers).get(0);
    Told told = Told.of(provider, sample, type);
    words(name, endpointName, told, provider);
    words.put("description", "%s each %s event of %s.".formatted(kind.verb, type, endpointName));
    words.put("to", recipient(provider.read(sample.contentType(), sample.body())));
    put(folder.resolve(name + ".camel.yaml"), filled(kind.file));
    switch (kind) {
      case EMAIL -> email(folder);
      case CRM -> crm(folder);
      case DATABASE -> table(folder, name, told);
    }
    return write(folder);
  }

  // The parts

  private static String settings(String name, Provider provider) {
    StringBuilder settings = new StringBuilder();
    if (!provider.isUnsigned()) {
      String end = provider.namesCertificates() ? ":" : "";
      setting(settings, "secrets", Variables.secret(name, provider) + end);
    }
    if (provider.setting(Setting.CONFIRM_ENABLED).orElse("").equals("true")) {
      comment(settings, "Every event is confirmed with the platform's API; this is its key.");
      setting(settings, "confirm.secret", Variables.confirm(name));
    }
    if (provider.setting(Setting.SIGNATURE_SIGNED).orElse("").contains("{url")) {
      comment(
          settings,
          "The platform signs the URL it knows: payhook.public-url is to say its beginning.");
    }
    provider
        .settings()
        .forEach(
            (key, value) -> {
              if (key.startsWith("params.") && value.isEmpty()) {
                String parameter = key.substring("params.".length());
                setting(settings, key, Variables.parameter(name, parameter));
              }
            });
    return settings.toString();
  }

  private static void setting(StringBuilder settings, String key, String variable) {
    settings.append("        %s: \"{{env:%s}}\"\n".formatted(key, variable));
  }

  private static void comment(StringBuilder settings, String text) {
    settings.append("        # %s\n".formatted(text));
  }

  private void table(Path folder, String name, Told told) {
    String table = name.replace('-', '_') + "_event";
    words.put("table", table);
    put(folder.resolve("sql/schema/V001__" + table + ".sql"), filled("table.sql"));
    put(folder.resolve("sql/record-event.sql"), filled("record-event.sql"));
    tests(folder, told.rows(table));
  }

  /** Whoever the event names, else somebody of the team. */
  private static String recipient(@Nullable JsonNode event) {
    Optional<List<String>> path = event == null ? Optional.empty() : emailIn(event, List.of());
    return path.map(members -> "${variable.event[%s]}".formatted(String.join("][", members)))
        .orElse("team@example.com");
  }

  private void email(Path folder) {
    put(folder.resolve("email/message.html"), filled("message.html"));
    put(folder.resolve("email/message.txt"), filled("message.txt"));
    tests(
        folder,
        filledIn(
            """
            emails:
              - subject: News of @type@
                contains: An event of type @type@ came in
        """));
  }

  private void crm(Path folder) {
    put(folder.resolve("crm/event.json"), filled("event.json"));
    tests(
        folder,
        filledIn(
            """
            calls:
              - method: PUT
                json:
                  type: @type@
        """));
  }

  private void tests(Path folder, String outcome) {
    words.put("outcome", outcome);
    put(folder.resolve("tests.yaml"), filled("tests.yaml"));
  }

  /** The text that ships for a file, with its words. */
  private String filled(String name) {
    return filledIn(Shipped.text("scaffold/" + name));
  }

  private String filledIn(String text) {
    return WORD.matcher(text)
        .replaceAll(word -> Matcher.quoteReplacement(words.getOrDefault(word.group(1), "")));
  }

  /** The way to the first e-mail address of a sample. */
  private static Optional<List<String>> emailIn(JsonNode node, List<String> path) {
    if (node.isTextual() && EMAIL.matcher(node.textValue()).matches()) {
      return path.isEmpty() ? Optional.empty() : Optional.of(path);
    }
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (MEMBER.matcher(member.getKey()).matches()) {
        List<String> deeper = new ArrayList<>(path);
        deeper.add(member.getKey());
        Optional<List<String>> found = emailIn(member.getValue(), deeper);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /** What tells an editor how to complete the file, where the schemas lie beside the routes. */
  private String editorLine(Path file) {
    String schema =
        file.endsWith("tests.yaml")
            ? "tests.schema.json"
            : file.toString().endsWith(".camel.yaml") ? "route.schema.json" : "";
    Path installed = root.resolveSibling("src/main/resources/schema").resolve(schema);
    return Files.isRegularFile(installed)
        ? "# yaml-language-server: $schema="
            + file.resolveSibling("").relativize(installed).toString().replace('\\', '/')
            + "\n"
        : "";
  }

  // Names

  private Path folder(String name) throws Refused {
    if (!NAME.matcher(name).matches()) {
      throw new Refused(
          "'" + name + "' is no name; small letters, digits and - make one, as in shop-eu");
    }
    Path folder = root.resolve(name);
    if (Set.of("providers", "kamelets").contains(name) || Files.exists(folder)) {
      throw new Refused(folder + " is there already; take another name");
    }
    return folder;
  }

  private void put(Path file, String text) {
    files.put(file, (editorLine(file) + text).getBytes(StandardCharsets.UTF_8));
  }

  private List<Path> write(Path folder) throws Refused, IOException {
    List<Path> written = new ArrayList<>();
    try {
      Files.createDirectories(Objects.requireNonNull(folder.getParent()));
      Files.createDirectory(folder);
      for (Map.Entry<Path, byte[]> file : files.entrySet()) {
        Files.createDirectories(Objects.requireNonNull(file.getKey().getParent()));
        Files.write(file.getKey(), file.getValue(), StandardOpenOption.CREATE_NEW);
        written.add(file.getKey());
      }
    } catch (FileAlreadyExistsException e) {
      throw new Refused(e.getFile() + " is there already; take another name");
    }
    return List.copyOf(written);
  }
}

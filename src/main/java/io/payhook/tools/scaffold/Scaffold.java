package io.payhook.tools.scaffold;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Nearest;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.Setting;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes the first files of an integration: a folder that checks and tests well, to be changed from
 * there. What is there already is never touched.
 */
public final class Scaffold {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
  private static final Pattern EMAIL = Pattern.compile("[^@\\s<>,]+@[^@\\s<>,]+\\.[^@\\s<>,]+");
  private static final Pattern MEMBER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** What an effect does. */
  public enum Kind {
    EMAIL,
    CRM,
    DATABASE
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

  /** What an accepted event is answered with, as a test says it. */
  private String answer = "accepted";

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
          "there is an endpoint '"
              + name
              + "' already, in "
              + other.file()
              + "; take another name");
    }
    Provider provider =
        providers
            .find(providerName)
            .orElseThrow(
                () ->
                    new Refused(
                        "no such provider '"
                            + providerName
                            + "'; "
                            + Nearest.meant(
                                providerName,
                                providers.names(),
                                "'payhook providers' lists them")));
    List<Sample> samples = providers.samples(providerName);
    if (samples.isEmpty()) {
      throw new Refused(
          "the preset '"
              + providerName
              + "' has no samples to begin with; put one into "
              + root.resolve("providers").resolve(providerName)
              + "/TYPE.json");
    }
    Told main = Told.main(provider, samples);
    String type = main.type();
    provider.answersItsOwn().ifPresent(status -> answer = String.valueOf(status));
    for (Sample sample : samples) {
      files.put(folder.resolve("samples").resolve(sample.fileName()), sample.body());
    }
    String routeId = "record-" + name;
    put(folder.resolve(name + ".camel.yaml"), endpointFile(name, provider, type, routeId));
    table(folder, name, routeId);
    tests(folder, name, routeId, main, main.rows(table(name)));
    return write(folder);
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
    provider.answersItsOwn().ifPresent(status -> answer = String.valueOf(status));
    JsonNode event = provider.read(sample.contentType(), sample.body());
    Told told = Told.of(provider, sample, type);
    switch (kind) {
      case EMAIL -> email(folder, name, endpointName, told, event);
      case CRM -> crm(folder, name, endpointName, told);
      case DATABASE -> {
        put(
            folder.resolve(name + ".camel.yaml"),
            database(
                name,
                "Records each " + type + " event of " + endpointName + ".",
                endpointName,
                type));
        table(folder, name, name);
        tests(folder, endpointName, name, told, told.rows(table(name)));
      }
    }
    return write(folder);
  }

  // The parts

  private static String endpointFile(String name, Provider provider, String type, String routeId) {
    StringBuilder settings = new StringBuilder();
    if (!provider.isUnsigned()) {
      settings
          .append("        secrets: \"{{env:")
          .append(Variables.secret(name, provider))
          .append(provider.namesCertificates() ? ":}}\"\n" : "}}\"\n");
    }
    if (provider.setting(Setting.CONFIRM_ENABLED).orElse("").equals("true")) {
      settings
          .append("        # Every event is confirmed with the platform's API; this is its key.\n")
          .append("        confirm.secret: \"{{env:")
          .append(Variables.confirm(name))
          .append("}}\"\n");
    }
    if (provider.setting(Setting.SIGNATURE_SIGNED).orElse("").contains("{url")) {
      settings.append(
          "        # The platform signs the URL it knows: payhook.public-url is to say its"
              + " beginning.\n");
    }
    provider
        .settings()
        .forEach(
            (key, value) -> {
              if (key.startsWith("params.") && value.isEmpty()) {
                settings
                    .append("        ")
                    .append(key)
                    .append(": \"{{env:")
                    .append(Variables.parameter(name, key.substring("params.".length())))
                    .append("}}\"\n");
              }
            });
    return "# The endpoint /webhooks/"
        + name
        + " for "
        + provider.title()
        + ", and what its events lead to.\n"
        + "- beans:\n"
        + "    - name: "
        + name
        + "\n      type: io.payhook.Endpoint\n      properties:\n        provider: "
        + provider.name()
        + "\n"
        + settings
        + database(routeId, "Records each " + type + " event.", name, type)
            .replaceFirst("^#[^\n]*\n", "");
  }

  private static String database(String id, String description, String endpoint, String type) {
    return route(id, description, endpoint, type, true)
        + """
                - to:
                    id: save-event
                    uri: kamelet:database-sink
                    parameters:
                      statement: sql/record-event.sql
        """;
  }

  private static String route(
      String id, String description, String endpoint, String type, boolean transacted) {
    return "# "
        + description
        + "\n- route:\n    id: "
        + id
        + "\n    description: "
        + description
        + "\n    from:\n      uri: event:"
        + endpoint
        + "/"
        + type
        + "\n"
        + (transacted ? "      parameters:\n        transacted: true\n" : "")
        + "      steps:\n";
  }

  private void table(Path folder, String name, String routeId) {
    String table = table(name);
    put(
        folder.resolve("sql/schema/V001__" + table + ".sql"),
        "-- The events that the route "
            + routeId
            + " has recorded.\ncreate table "
            + table
            + """
             (
              event_key    text primary key,
              type         text not null,
              entity       text,
              amount       numeric,
              currency     text,
              occurred_at  timestamptz,
              received_at  timestamptz not null,
              event        jsonb
            );
            """);
    put(
        folder.resolve("sql/record-event.sql"),
        "-- Records what is known of an event, and all of its JSON. :amount is in major units"
            + " (naira, not kobo),\n"
            + "-- :event.some.member is one value of the JSON.\n"
            + "insert into "
            + table
            + """
             (event_key, type, entity, amount, currency, occurred_at, received_at, event)
            values (:eventKey, :eventType, :entity, :amount, :currency, :occurredAt, :receivedAt, :event)
            on conflict (event_key) do nothing;
            """);
  }

  private void email(
      Path folder, String name, String endpoint, Told told, @Nullable JsonNode event) {
    String type = told.type();
    Optional<List<String>> path = event == null ? Optional.empty() : emailIn(event, List.of());
    String to =
        path.map(members -> "${variable.event[" + String.join("][", members) + "]}")
            .orElse("team@example.com");
    put(
        folder.resolve(name + ".camel.yaml"),
        route(
                name,
                "Sends an e-mail about each " + type + " event of " + endpoint + ".",
                endpoint,
                type,
                false)
            + """
                    - to:
                        id: send-email
                        uri: kamelet:email-sink
                        parameters:
                          template: email/message.html
            """
            + "              to: \""
            + to
            + "\"\n");
    put(
        folder.resolve("email/message.html"),
        """
        <!DOCTYPE html>
        <html>
          <head><title>News of {{ eventType }}</title></head>
          <body>
            <p>An event of type {{ eventType }} came in on {{ receivedAt | date }}.</p>
            <p>It is about {{ entity }}.</p>
            {% if amount is not null %}<p>Amount: {{ amount | money }}</p>{% endif %}
            {% if occurredAt is not null %}<p>It happened on {{ occurredAt | date }}.</p>{% endif %}
          </body>
        </html>
        """);
    put(
        folder.resolve("email/message.txt"),
        """
        An event of type {{ eventType }} came in on {{ receivedAt | date }}.

        It is about {{ entity }}.
        {% if amount is not null %}Amount: {{ amount | money }}{% endif %}
        {% if occurredAt is not null %}It happened on {{ occurredAt | date }}.{% endif %}
        """);
    tests(
        folder,
        endpoint,
        name,
        told,
        "    emails:\n      - subject: News of "
            + type
            + "\n        contains: An event of type "
            + type
            + " came in\n");
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

  private void crm(Path folder, String name, String endpoint, Told told) {
    String type = told.type();
    put(
        folder.resolve(name + ".camel.yaml"),
        route(
                name,
                "Tells the CRM of each " + type + " event of " + endpoint + ".",
                endpoint,
                type,
                false)
            + """
                    - to:
                        id: call-crm
                        uri: kamelet:crm-sink
                        parameters:
                          path: "/events/${variable.eventId}"
                          method: PUT
                          body: crm/event.json
            """);
    put(
        folder.resolve("crm/event.json"),
        """
        {
          "type": {{ eventType | json }},
          "key": {{ eventKey | json }},
          "entity": {{ entity | json }},
          "amount": {{ amount | json }},
          "currency": {{ currency | json }},
          "occurred_at": {{ occurredAt | json }},
          "received_at": {{ receivedAt | json }},
          "event": {{ event | json }}
        }
        """);
    tests(
        folder,
        endpoint,
        name,
        told,
        "    calls:\n      - method: PUT\n        json:\n          type: " + type + "\n");
  }

  private void tests(Path folder, String endpoint, String routeId, Told told, String outcome) {
    String type = told.type();
    put(
        folder.resolve("tests.yaml"),
        "# What must be true of the routes in this folder; run by: payhook test\ntests:\n"
            + "  - name: an event of type "
            + type
            + " is handled once\n    send: "
            + told.sample().name()
            + "\n    endpoint: "
            + endpoint
            + "\n    answer: "
            + answer
            + "\n"
            + told.facts()
            + outcome
            + "    deliveries:\n      "
            + routeId
            + (told.wanted().count() > 1
                ? ": [" + String.join(", ", told.wanted().map(item -> "done").toList()) + "]\n"
                : ": done\n"));
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

  private static String table(String name) {
    return name.replace('-', '_') + "_event";
  }

  private void put(Path file, String text) {
    files.put(file, (editorLine(file) + text).getBytes(java.nio.charset.StandardCharsets.UTF_8));
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

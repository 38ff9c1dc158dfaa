package io.payhook.tools.kaoto;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.kit.Json;
import io.payhook.kit.Located;
import io.payhook.routes.Integrations;
import io.payhook.routes.Shipped;
import io.payhook.tools.check.Components;
import io.payhook.tools.check.Kamelets;
import io.payhook.tools.scaffold.Scaffold.Refused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Makes a catalog for Kaoto, the visual editor of Camel's routes, out of one that Kaoto brings: the
 * steps and languages are the same, the components and kamelets those that a route has here.
 */
public final class KaotoCatalog {
  private static final String INDEX = "index.json";
  private static final String DRAFT = "http://json-schema.org/draft-07/schema#";
  private static final String WHOLE = "unpack @kaoto/camel-catalog as a whole";

  /** What a catalog offers, by its name in Kaoto. */
  public record Written(String name, List<String> components, List<String> kamelets) {}

  private final Path from;
  private final Path routes;
  private final Components components = new Components();

  /**
   * Prepares writing; nothing is read yet.
   *
   * @param from the folder of Kaoto's own catalog
   * @param routes the routes folder, which may be missing
   */
  public KaotoCatalog(Path from, Path routes) {
    this.from = from.toAbsolutePath().normalize();
    this.routes = routes;
  }

  /**
   * Writes the catalog into a folder. What is there under the same names is replaced.
   *
   * @param first is run once all can be read, before anything is written
   * @throws Refused when nothing was written since it can't be made
   */
  public Written write(Path folder, Runnable first) throws Refused, IOException {
    Path to = folder.toAbsolutePath().normalize();
    if (to.equals(from)) {
      throw new Refused(to + " is Kaoto's own catalog; name another folder to write to");
    }
    Path list = from.resolve(INDEX);
    if (!Files.isRegularFile(list)) {
      throw new Refused(
          list
              + ": there is no such file; name the folder of an unpacked @kaoto/camel-catalog that"
              + " has it, which is dist/camel-catalog");
    }
    JsonNode library = read(list);
    ObjectNode definition = newest(list, library.path("definitions")).deepCopy();
    Path about = named(list, "catalog", definition.path("fileName"));
    JsonNode index = read(about);
    String name = "Payhook (Camel " + definition.path("version").asText() + ")";

    Map<Path, byte[]> files = new LinkedHashMap<>();
    for (String part : List.of("catalogs", "schemas")) {
      for (Map.Entry<String, JsonNode> each : index.path(part).properties()) {
        Path file = named(about, each.getKey(), each.getValue().path("file"));
        files.put(file, Files.readAllBytes(file));
      }
    }
    ObjectNode known = components();
    files.put(named(about, index, "components"), bytes(known));
    ObjectNode kamelets = kamelets();
    files.put(named(about, index, "kamelets"), bytes(kamelets));
    files.put(about, bytes(((ObjectNode) index.deepCopy()).put("name", name)));
    ObjectNode own = Json.MAPPER.createObjectNode().put("name", "Payhook");
    own.set("version", library.path("version"));
    own.putArray("definitions").add(definition.put("name", name));
    files.put(list, bytes(own));

    first.run();
    for (Map.Entry<Path, byte[]> file : files.entrySet()) {
      Path target = to.resolve(from.relativize(file.getKey()));
      Files.createDirectories(target.resolveSibling(""));
      Files.write(target, file.getValue());
    }
    return new Written(name, names(known), names(kamelets));
  }

  private static List<String> names(ObjectNode all) {
    return List.copyOf(new TreeSet<>(all.properties().stream().map(Map.Entry::getKey).toList()));
  }

  // What Kaoto brings

  /** The newest catalog for our line of Camel; a vendor's build only where there is no other. */
  private JsonNode newest(Path list, JsonNode definitions) throws Refused {
    String camel =
        components.metadata("kamelet").orElseThrow().path("component").path("version").asText();
    String line = camel.replaceFirst("\\.\\d+$", "");
    List<JsonNode> all =
        definitions
            .valueStream()
            .filter(each -> each.path("runtime").asText().equals("Main"))
            .toList();
    return all.stream()
        .filter(each -> version(each).matches("\\Q" + line + "\\E\\.\\d+(\\..*)?"))
        .max(
            Comparator.comparing((JsonNode each) -> version(each).matches("[\\d.]+"))
                .thenComparing(each -> Integer.valueOf(version(each).split("\\.", 4)[2]))
                .thenComparing(KaotoCatalog::version))
        .orElseThrow(
            () ->
                new Refused(
                    ("%s: has no catalog of Camel Main %s, only %s; take a version of"
                            + " @kaoto/camel-catalog that has one of %s")
                        .formatted(
                            list, line, all.stream().map(KaotoCatalog::version).toList(), line)));
  }

  private static String version(JsonNode definition) {
    return definition.path("version").asText();
  }

  private Path named(Path file, JsonNode index, String catalog) throws Refused {
    return named(file, catalog, index.path("catalogs").path(catalog).path("file"));
  }

  /** A file that another names, below the same folder. */
  private Path named(Path file, String what, JsonNode name) throws Refused {
    Path named = file.resolveSibling(name.asText()).normalize();
    if (!named.startsWith(from) || !Files.isRegularFile(named)) {
      throw new Refused(
          file + ": '" + what + "' is to be in " + named + ", which is no file there; " + WHOLE);
    }
    return named;
  }

  private JsonNode read(Path file) throws Refused {
    try {
      return Json.MAPPER.readTree(file.toFile());
    } catch (IOException e) {
      throw new Refused(file + ": not JSON; " + WHOLE);
    }
  }

  private byte[] bytes(JsonNode tree) throws IOException {
    return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree);
  }

  // What Payhook has

  private ObjectNode components() {
    ObjectNode all = Json.MAPPER.createObjectNode();
    for (String scheme : components.schemes()) {
      components
          .metadata(scheme)
          .ifPresent(
              metadata -> {
                ObjectNode component = metadata.deepCopy();
                component.set("propertiesSchema", form(metadata.path("properties")));
                all.set(scheme, component);
              });
    }
    return all;
  }

  /** A component's options as the JSON Schema that Kaoto draws its form from. */
  private ObjectNode form(JsonNode options) {
    ObjectNode form = Json.MAPPER.createObjectNode().put("$schema", DRAFT).put("type", "object");
    ObjectNode properties = form.putObject("properties");
    ArrayNode required = form.putArray("required");
    options
        .properties()
        .forEach(
            option -> {
              properties.set(option.getKey(), field(option.getValue()));
              if (option.getValue().path("required").asBoolean()) {
                required.add(option.getKey());
              }
            });
    return form;
  }

  private ObjectNode field(JsonNode option) {
    String type = option.path("type").asText();
    String java = option.path("javaType").asText();
    boolean bean = type.equals("object") && !java.startsWith("java.util.Map");
    boolean text = bean || type.equals("enum") || type.equals("duration");
    ObjectNode field =
        Json.MAPPER
            .createObjectNode()
            .put("title", option.path("displayName").asText())
            .put("description", option.path("description").asText())
            .put("type", text ? "string" : type)
            .put("$comment", "group:" + option.path("group").asText());
    if (option.path("secret").asBoolean()) {
      field.put("format", "password");
    } else if (bean) {
      field.put("format", "bean:" + java);
    } else if (type.equals("duration")) {
      field.put("format", type);
    }
    option.path("enum").forEach(word -> field.withArray("enum").add(word.asText()));
    JsonNode preset = option.path("defaultValue");
    if (!preset.isMissingNode()) {
      field.set("default", text ? field.textNode(preset.asText()) : preset);
    }
    if (option.path("deprecated").asBoolean()) {
      field.put("deprecated", true);
    }
    return field;
  }

  /** Those that ship, and a team's own, which hide them. */
  private ObjectNode kamelets() throws Refused, IOException {
    ObjectNode all = Json.MAPPER.createObjectNode();
    for (String name : Kamelets.SHIPPED) {
      String file = "kamelets/" + name + Integrations.KAMELET;
      all.set(name, kamelet(Path.of(file), Shipped.text(file)));
    }
    for (Path file : Tree.files(routes.resolve("kamelets"), Integrations.KAMELET)) {
      all.set(Integrations.kamelet(file), kamelet(file, TextFile.read(file)));
    }
    return all;
  }

  private ObjectNode kamelet(Path file, String text) throws Refused {
    JsonNode read;
    try {
      read = Json.MAPPER.valueToTree(Located.parse(file, text).map(Located::typed).orElse(null));
    } catch (Located.Broken e) {
      throw new Refused(file + ": not YAML; 'payhook check' tells where");
    }
    if (read instanceof ObjectNode kamelet
        && kamelet.path("spec").path("definition") instanceof ObjectNode definition) {
      kamelet.set("propertiesSchema", definition.deepCopy().put("$schema", DRAFT));
      return kamelet;
    }
    throw new Refused(
        file + ": has no form; write a 'definition:' below 'spec:', with its title and properties");
  }
}

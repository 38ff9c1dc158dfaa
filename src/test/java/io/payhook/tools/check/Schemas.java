package io.payhook.tools.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.routes.Providers;
import io.payhook.signature.Setting;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * The JSON Schemas that let an editor complete Payhook's own files, made of the tables that the
 * program itself reads them by. They ship under {@code schema/}, where {@link SchemasTest} puts
 * them.
 */
final class Schemas {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String DRAFT = "http://json-schema.org/draft-07/schema#";

  /** Where Apache Camel publishes the schema that is in the jar of its YAML DSL. */
  static final String CAMEL =
      "https://raw.githubusercontent.com/apache/camel/camel-"
          + new DefaultCamelContext().getVersion()
          + "/dsl/camel-yaml-dsl/camel-yaml-dsl/src/generated/resources/schema/camelYamlDsl.json";

  private Schemas() {}

  /** Every schema by the name of its file. */
  static Map<String, String> all() {
    return new TreeMap<>(Map.of("provider.schema.json", provider(), "route.schema.json", route()));
  }

  /** A preset: settings nested, or by their dotted names. */
  static String provider() {
    ObjectNode schema =
        head(
            "A provider's preset",
            "How one platform signs, and where its event type, key and amount are.");
    settings(schema, true);
    return text(schema);
  }

  /** Camel's own YAML, and what its schema can't know: the properties of an endpoint. */
  static String route() {
    ObjectNode schema =
        head(
            "A route file",
            "Camel's routes and beans, and what a bean of type io.payhook.Endpoint may hold.");
    ArrayNode parts = schema.putArray("allOf");
    parts.addObject().put("$ref", CAMEL);
    ObjectNode bean =
        parts
            .addObject()
            .put("type", "array")
            .putObject("items")
            .put("type", "object")
            .putObject("properties")
            .putObject("beans")
            .put("type", "array")
            .putObject("items")
            .put("type", "object");
    bean.putObject("if")
        .putObject("properties")
        .putObject("type")
        .put("const", io.payhook.Endpoint.class.getName());
    ObjectNode then = bean.putObject("then");
    then.putArray("required").add("name").add("type").add("properties");
    ObjectNode properties = then.putObject("properties").putObject("properties");
    settings(properties, false);
    ObjectNode own = (ObjectNode) properties.path("properties");
    ObjectNode provider =
        own.putObject("provider")
            .put("type", "string")
            .put("description", "The preset: one that ships, or one of your own in providers/.");
    ArrayNode examples = provider.putArray("examples");
    Providers.shipped().names().forEach(examples::add);
    own.putObject("secrets")
        .put("type", "string")
        .put(
            "description",
            "One or several secrets, separated by commas: \"{{env:NAME_WEBHOOK_SECRET}}\".");
    properties.putArray("required").add("provider");
    return text(schema);
  }

  private static ObjectNode head(String title, String description) {
    ObjectNode schema = JSON.createObjectNode();
    schema.put("$schema", DRAFT);
    schema.put("title", title);
    schema.put("description", description);
    return schema;
  }

  /** Each setting by its dotted name and, one block in another, by the parts of it. */
  private static void settings(ObjectNode schema, boolean lists) {
    schema.put("type", "object");
    schema.put("additionalProperties", false);
    schema.putObject("properties");
    for (Setting setting : Setting.values()) {
      nested(schema, List.of(setting.key().split("\\.")), setting, lists);
      ObjectNode flat = (ObjectNode) schema.path("properties");
      if (setting.key().contains(".") && !flat.has(setting.key())) {
        flat.set(setting.key(), value(setting, lists));
      }
      if (setting.isMap()) {
        ObjectNode patterns =
            schema.has("patternProperties")
                ? (ObjectNode) schema.path("patternProperties")
                : schema.putObject("patternProperties");
        patterns.set("^" + setting.key().replace(".", "\\.") + "\\..+$", scalar(setting));
      }
    }
  }

  private static void nested(ObjectNode schema, List<String> path, Setting setting, boolean lists) {
    ObjectNode properties = (ObjectNode) schema.path("properties");
    String name = path.get(0);
    if (path.size() == 1) {
      properties.set(name, value(setting, lists));
      return;
    }
    ObjectNode block =
        properties.has(name) ? (ObjectNode) properties.path(name) : properties.putObject(name);
    if (!block.has("properties")) {
      block.put("type", "object");
      block.put("additionalProperties", false);
      block.putObject("properties");
    }
    nested(block, path.subList(1, path.size()), setting, lists);
  }

  private static ObjectNode value(Setting setting, boolean lists) {
    ObjectNode one = scalar(setting);
    if (setting.isMap()) {
      ObjectNode map =
          JSON.createObjectNode().put("type", "object").put("description", setting.says());
      map.set("additionalProperties", one);
      return map;
    }
    if (setting.isList() && lists) {
      ObjectNode either = JSON.createObjectNode().put("description", setting.says());
      ArrayNode forms = either.putArray("anyOf");
      forms.add(one);
      forms.addObject().put("type", "array").set("items", one.deepCopy());
      return either;
    }
    return one;
  }

  private static ObjectNode scalar(Setting setting) {
    ObjectNode value = JSON.createObjectNode().put("description", setting.says());
    if (setting.choices().isEmpty()) {
      value.putArray("type").add("string").add("number").add("boolean");
    } else {
      ArrayNode words = value.putArray("enum");
      setting.choices().forEach(words::add);
    }
    return value;
  }

  private static String text(ObjectNode schema) {
    try {
      return JSON.writeValueAsString(schema) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of JSON can't be written", e);
    }
  }
}

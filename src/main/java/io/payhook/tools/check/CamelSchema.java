package io.payhook.tools.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Camel's own schema of its YAML, walked beside a file. A general schema validator takes seconds to
 * load it and tells a person little; this one knows that there is one canonical notation, says
 * which name was perhaps meant, and takes a placeholder where a number or a word is expected.
 */
final class CamelSchema {
  private static final String RESOURCE = "/schema/camelYamlDsl.json";
  private static final String EXPRESSION = "ExpressionDefinition";
  private static final Set<String> EXPRESSION_OPTIONAL =
      Set.of("SortDefinition", "TransformDefinition", "ResequenceDefinition");

  /** Told of what a file holds, outermost first. */
  interface Visitor {
    /**
     * A part of the file that is a definition of Camel's.
     *
     * @param path the names of the definitions around it, outermost first, its own last
     * @param key the name it stands under, null at the top of a document or in a list
     */
    void found(List<String> path, @Nullable Text key, Located node);

    /** A mistake. */
    void wrong(Location place, String what, String right);
  }

  /** What may stand at one place. */
  private record Form(
      @Nullable String definition,
      boolean text,
      boolean object,
      Map<String, JsonNode> properties,
      boolean closed,
      Set<String> required,
      Set<String> inline,
      @Nullable JsonNode items,
      JsonNode schema) {}

  private final JsonNode root;
  private final JsonNode definitions;
  private final IdentityHashMap<JsonNode, Form> forms = new IdentityHashMap<>();

  CamelSchema() {
    try (InputStream in = CamelSchema.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("camel-yaml-dsl brings no " + RESOURCE);
      }
      JsonNode whole = Json.MAPPER.readTree(in);
      this.root = whole.path("items");
      this.definitions = root.path("definitions");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A route file: a list of routes, beans and the like. */
  void document(Located document, Visitor visitor) {
    if (!(document instanceof Located.Items items)) {
      visitor.wrong(
          document.location(),
          "a route file is a list",
          "begin each route with '- route:' and each list of beans with '- beans:'");
      return;
    }
    for (Located item : items.items()) {
      if (item instanceof Located.Map map && map.entry("from") != null) {
        visitor.wrong(
            map.entries().get(0).key().location(),
            "compact notation: a 'from' without a 'route'",
            "write '- route:' with 'id', 'description' and 'from' below it");
      } else {
        walk(root, item, null, List.of("document"), visitor);
      }
    }
  }

  /** Whether all of a route file's entries are such as there are, so that none of it is lost. */
  boolean isWhole(Located document) {
    return document instanceof Located.Items items
        && items.items().stream()
            .allMatch(
                item ->
                    item instanceof Located.Map map
                        && map.entries().stream()
                            .allMatch(e -> root.path("properties").has(e.key().value())));
  }

  /** A part of a file that is a definition by its simple name, such as {@code RouteDefinition}. */
  void part(String definition, Located node, @Nullable Text key, Visitor visitor) {
    JsonNode schema = definitions.path("org.apache.camel.model." + definition);
    if (schema.isMissingNode()) {
      schema = definitions.path("org.apache.camel.dsl.yaml.deserializers." + definition);
    }
    walk(schema, node, key, List.of(definition), visitor);
  }

  private void walk(
      JsonNode schema, Located node, @Nullable Text key, List<String> around, Visitor visitor) {
    Form form = form(schema);
    List<String> path = around;
    if (form.definition != null) {
      path = new ArrayList<>(around);
      path.add(form.definition);
      visitor.found(path, key, node);
    }
    Location at = at(key, node);
    String name = called(key);
    if (node instanceof Located.Map map) {
      if (form.items != null) {
        visitor.wrong(at, name + " is a block", "a list is right: begin each item with '- '");
      } else if (form.object) {
        object(form, map, key, path, visitor);
      } else if (isTyped(form.schema)) {
        visitor.wrong(at, name + " is a block", "a single value is right");
      }
    } else if (node instanceof Located.Items items) {
      if (form.items != null) {
        for (Located item : items.items()) {
          walk(form.items, item, null, path, visitor);
        }
      } else if (isTyped(form.schema)) {
        visitor.wrong(
            at, name + " is a list", form.object ? "a block is right" : "a single value is right");
      }
    } else {
      text(form, (Text) node, at, name, visitor);
    }
  }

  private void object(
      Form form, Located.Map map, @Nullable Text key, List<String> path, Visitor visitor) {
    boolean step = "ProcessorDefinition".equals(form.definition);
    boolean top = form.schema.has("definitions");
    if ((step || top) && map.entries().size() > 1) {
      Entry second = map.entries().get(1);
      visitor.wrong(
          second.key().location(),
          "'%s' stands in the %s of '%s'"
              .formatted(
                  second.key().value(),
                  step ? "step" : "entry",
                  map.entries().get(0).key().value()),
          step && form.properties.containsKey(second.key().value())
              ? "begin it with '- ' as a step of its own"
              : "indent it deeper, or begin it with '- '");
    }
    boolean expressionSeen = false;
    for (Entry entry : map.entries()) {
      String name = entry.key().value();
      JsonNode schema = form.properties.get(name);
      if (form.inline.contains(name)) {
        expressionSeen = true;
        visitor.wrong(
            entry.key().location(),
            "compact notation: '" + name + "' without 'expression'",
            "write 'expression:' with '" + name + ":' and its 'expression:' below it");
        continue;
      } else if (schema == null) {
        if (form.closed) {
          unknown(form, entry.key(), key, step, top, visitor);
        }
        continue;
      }
      expressionSeen |= name.equals("expression");
      if (schema != null) {
        walk(schema, entry.value(), entry.key(), path, visitor);
      }
    }
    Location at = at(key, map);
    for (String required : form.required) {
      if (map.entry(required) == null && !misspelt(required, map, form)) {
        visitor.wrong(at, called(key) + " has no '" + required + "'", "add '" + required + ":'");
      }
    }
    if (!form.inline.isEmpty()
        && !expressionSeen
        && !EXPRESSION_OPTIONAL.contains(form.definition)) {
      visitor.wrong(
          at,
          called(key) + " has no 'expression'",
          "add 'expression:' with a language such as 'simple:' below it");
    }
    if (EXPRESSION.equals(form.definition) && map.entries().isEmpty()) {
      visitor.wrong(at, "the expression is empty", "add a language such as 'simple:' below it");
    }
  }

  /** Whether one of the names that nobody knows was meant to be this one: that is said already. */
  private static boolean misspelt(String required, Located.Map map, Form form) {
    return map.entries().stream()
        .map(entry -> entry.key().value())
        .filter(name -> !form.properties.containsKey(name))
        .anyMatch(name -> Nearest.to(name, form.properties.keySet()).orElse("").equals(required));
  }

  private static void unknown(
      Form form, Text name, @Nullable Text of, boolean step, boolean top, Visitor visitor) {
    Collection<String> known = new TreeSet<>(form.properties.keySet());
    String wrong = name.value();
    String what;
    String otherwise;
    if (EXPRESSION.equals(form.definition)
        || "ExpressionSubElementDefinition".equals(form.definition)) {
      what = "no such language";
      otherwise = "simple, constant, variable and jsonpath are some";
    } else if (step) {
      what = "no such step";
      otherwise = "to, setVariable, choice, filter and split are some";
    } else if (top) {
      what = "no such entry";
      otherwise = "route and beans are the usual ones";
    } else {
      what = of == null ? "no such option" : called(of) + " has no option";
      otherwise = "it has " + String.join(", ", known);
    }
    visitor.wrong(
        name.location(), "%s '%s'".formatted(what, wrong), Nearest.meant(wrong, known, otherwise));
  }

  /** Where a problem of a value is shown: at its name, where it has one. */
  private static Location at(@Nullable Text key, Located node) {
    return key == null ? node.location() : key.location();
  }

  private static String called(@Nullable Text key) {
    return key == null ? "this" : "'" + key.value() + "'";
  }

  private void text(Form form, Text text, Location at, String name, Visitor visitor) {
    String value = text.value();
    if (form.items != null) {
      if (!text.isNull()) {
        visitor.wrong(
            at, name + " is a single value", "a list is right: begin each item with '- '");
      }
      return;
    }
    if (form.object) {
      if (text.isNull()) {
        if (!form.required.isEmpty()) {
          visitor.wrong(
              at,
              name + " is empty",
              "put '" + String.join(":', '", form.required) + ":' below it, indented deeper");
        }
      } else if (form.text) {
        String member = form.required.isEmpty() ? "expression" : form.required.iterator().next();
        visitor.wrong(
            at,
            "compact notation: " + name + " with its value in one line",
            "write '" + member + ":' with the value below it");
      } else if (isTyped(form.schema)) {
        visitor.wrong(at, name + " is a single value", "a block is right");
      }
      return;
    }
    if (value.contains("{{")) {
      return;
    }
    JsonNode schema = form.schema;
    List<String> words = schema.path("enum").valueStream().map(JsonNode::asText).toList();
    String right =
        !words.isEmpty()
            ? words.stream().anyMatch(value::equalsIgnoreCase)
                ? ""
                : Nearest.meant(value, words, String.join(", ", words) + " would be right")
            : switch (schema.path("type").asText()) {
              case "boolean" ->
                  value.matches("(?i)true|false") ? "" : "true or false would be right";
              case "number", "integer" ->
                  value.matches("[-+]?[0-9]+(\\.[0-9]+)?") ? "" : "a number would be right";
              default -> "";
            };
    if (!right.isEmpty()) {
      visitor.wrong(text.location(), name + " can't be '" + value + "'", right);
    }
  }

  private static boolean isTyped(JsonNode schema) {
    return schema.has("type") || schema.has("oneOf") || schema.has("$ref") || schema.has("anyOf");
  }

  // The schema as forms.

  private Form form(JsonNode schema) {
    Form known = forms.get(schema);
    if (known == null) {
      known = new Reading().form(schema);
      forms.put(schema, known);
    }
    return known;
  }

  /** Collects what a schema and those it refers to allow at one place. */
  private final class Reading {
    private @Nullable String definition;
    private boolean text;
    private boolean object;
    private boolean closed;
    private final Map<String, JsonNode> properties = new LinkedHashMap<>();
    private final Set<String> required = new TreeSet<>();
    private final Set<String> inline = new TreeSet<>();
    private @Nullable JsonNode items;

    Form form(JsonNode schema) {
      read(schema, true);
      if (inline.size() < 2) {
        inline.clear();
      }
      return new Form(
          definition,
          text,
          object,
          properties,
          closed || EXPRESSION.equals(definition),
          Set.copyOf(required),
          Set.copyOf(inline),
          items,
          schema);
    }

    private void read(JsonNode schema, boolean outer) {
      String reference = schema.path("$ref").asText();
      if (!reference.isEmpty()) {
        String full = reference.substring(reference.lastIndexOf('/') + 1);
        if (outer && definition == null) {
          definition = full.substring(full.lastIndexOf('.') + 1);
        }
        read(definitions.path(full), outer);
      }
      String type = schema.path("type").asText();
      object |= type.equals("object") || schema.has("properties");
      text |= type.equals("string");
      closed |=
          schema.has("additionalProperties")
              && !schema.path("additionalProperties").asBoolean(true);
      if (schema.has("items")) {
        items = schema.get("items");
      }
      schema.path("required").forEach(name -> required.add(name.asText()));
      schema.path("properties").properties().forEach(this::property);
      schema.path("oneOf").forEach(each -> alternative(each));
      schema.path("anyOf").forEach(any -> any.path("oneOf").forEach(each -> alternative(each)));
    }

    private void property(Map.Entry<String, JsonNode> property) {
      JsonNode there = properties.get(property.getKey());
      if (there == null || there.isEmpty()) {
        properties.put(property.getKey(), property.getValue());
      }
    }

    /** One of several forms: text, an object, an expression in place, or one named member. */
    private void alternative(JsonNode alternative) {
      if (alternative.has("not")) {
        return;
      }
      String reference = alternative.path("$ref").asText();
      if (reference.endsWith("." + EXPRESSION)) {
        Form expression = CamelSchema.this.form(alternative);
        expression.properties.forEach((name, schema) -> property(Map.entry(name, schema)));
        inline.addAll(expression.properties.keySet());
        return;
      }
      boolean wasClosed = closed;
      Set<String> requiredBefore = Set.copyOf(required);
      read(alternative, false);
      boolean oneMember = alternative.path("properties").size() == 1;
      if (oneMember) {
        closed = wasClosed;
        required.clear();
        required.addAll(requiredBefore);
      }
    }
  }
}

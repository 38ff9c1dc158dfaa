package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.routes.Integrations;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The kamelets that ship, and a team's own, by what they ask for. */
public final class Kamelets {
  /** The kamelets that ship; a test compares this list with the folder. */
  public static final List<String> SHIPPED = List.of("crm-sink", "database-sink", "email-sink");

  /** One parameter. */
  record Parameter(String name, String type, List<String> words, boolean secret) {}

  /**
   * One kamelet.
   *
   * @param required the names of the parameters that have no default
   */
  record Kamelet(
      String name, boolean shipped, Map<String, Parameter> parameters, Set<String> required) {}

  private final Map<String, Kamelet> kamelets = new TreeMap<>();

  Kamelets() {
    for (String name : SHIPPED) {
      try (InputStream in =
          Kamelets.class.getResourceAsStream("/kamelets/" + name + Integrations.KAMELET)) {
        if (in != null) {
          String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
          Located.parse(name, text).ifPresent(document -> add(name, document, true));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (Located.Broken e) {
        throw new IllegalStateException("the kamelet " + name + " that ships is broken", e);
      }
    }
  }

  /** Adds a team's own; it hides one that ships under the same name. */
  void add(String name, Located document, boolean shipped) {
    Located.Map definition = at(document, "spec", "definition");
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    Set<String> required = new TreeSet<>();
    if (definition != null) {
      Located.Map properties = definition.map("properties");
      if (properties != null) {
        for (Entry entry : properties.entries()) {
          if (entry.value() instanceof Located.Map about) {
            parameters.put(entry.key().value(), parameter(entry.key().value(), about));
          }
        }
      }
      Located.Items names = definition.items("required");
      if (names != null) {
        names.items().forEach(each -> required.add(each.toString()));
      }
    }
    Located.Map abouts = definition == null ? null : definition.map("properties");
    if (abouts != null) {
      // A default makes it optional, whatever the list says.
      required.removeIf(
          each -> {
            Located.Map about = abouts.map(each);
            return about != null && about.get("default") != null;
          });
    }
    kamelets.put(name, new Kamelet(name, shipped, parameters, Set.copyOf(required)));
  }

  private static Parameter parameter(String name, Located.Map about) {
    List<String> words = new ArrayList<>();
    Located.Items choice = about.items("enum");
    if (choice != null) {
      choice.items().forEach(word -> words.add(word.toString()));
    }
    Located.Text type = about.text("type");
    Located.Text format = about.text("format");
    return new Parameter(
        name,
        type == null ? "string" : type.value(),
        words,
        format != null && format.value().equals("password"));
  }

  /** A block inside of blocks, or null. */
  static Located.@Nullable Map at(Located document, String... names) {
    Located at = document;
    for (String name : names) {
      at = at instanceof Located.Map map ? map.get(name) : null;
    }
    return at instanceof Located.Map map ? map : null;
  }

  @Nullable Kamelet get(String name) {
    return kamelets.get(name);
  }

  Set<String> names() {
    return kamelets.keySet();
  }
}

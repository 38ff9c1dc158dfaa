package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.routes.Integrations;
import io.payhook.routes.Shipped;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The kamelets that ship, and a team's own, by what they ask for. */
public final class Kamelets {
  /** The kamelets that ship; a test compares this list with the folder. */
  public static final List<String> SHIPPED = List.of("crm-sink", "database-sink", "email-sink");

  /** One kamelet; an option is required where it has no default. */
  record Kamelet(String name, boolean shipped, Map<String, Option> options) {}

  private final Map<String, Kamelet> kamelets = new TreeMap<>();

  Kamelets() {
    for (String name : SHIPPED) {
      String file = "kamelets/" + name + Integrations.KAMELET;
      Located.parse(Path.of(file), Shipped.text(file)).ifPresent(each -> add(name, each, true));
    }
  }

  /** Adds a team's own; it hides one that ships under the same name. */
  void add(String name, Located document, boolean shipped) {
    Map<String, Option> options = new LinkedHashMap<>();
    Located.Map definition =
        document instanceof Located.Map map ? map.map("spec", "definition") : null;
    Located.Map properties = definition == null ? null : definition.map("properties");
    if (definition != null && properties != null) {
      Set<String> required =
          definition.items("required").stream().map(Object::toString).collect(Collectors.toSet());
      for (Entry entry : properties.entries()) {
        if (entry.value() instanceof Located.Map about) {
          String each = entry.key().value();
          options.put(each, option(each, about, required.contains(each)));
        }
      }
    }
    kamelets.put(name, new Kamelet(name, shipped, options));
  }

  private static Option option(String name, Located.Map about, boolean required) {
    Text type = about.text("type");
    Text format = about.text("format");
    return new Option(
        name,
        type == null ? "string" : type.value(),
        false,
        // A default makes it optional, whatever the list says.
        required && about.get("default") == null,
        format != null && format.value().equals("password"),
        about.items("enum").stream().map(Object::toString).toList(),
        null);
  }

  @Nullable Kamelet get(String name) {
    return kamelets.get(name);
  }

  Set<String> names() {
    return kamelets.keySet();
  }
}

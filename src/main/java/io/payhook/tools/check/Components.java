package io.payhook.tools.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The Camel components on the class path, as their own metadata describes them. */
public final class Components {
  private static final String SERVICES = "META-INF/services/org/apache/camel/";

  /** Options that HttpComponent 4.18.0 takes from an address though its metadata lacks them. */
  private static final List<String> ALSO_OF_HTTP =
      List.of("connectTimeout", "connectionRequestTimeout", "responseTimeout", "soTimeout");

  /** What is known of one scheme. */
  record Component(
      String scheme,
      boolean lenient,
      boolean consumerOnly,
      boolean producerOnly,
      Map<String, Option> options) {

    /** The option a parameter of that name sets. */
    Optional<Option> option(String name) {
      Option exact = options.get(name);
      if (exact != null && !exact.path()) {
        return Optional.of(exact);
      }
      return options.values().stream()
          .filter(option -> option.prefix() != null && name.startsWith(option.prefix()))
          .findFirst();
    }

    /** The names of the parameters, in the order of the metadata. */
    List<String> parameters() {
      return options.values().stream().filter(o -> !o.path()).map(Option::name).toList();
    }
  }

  private final Map<String, Optional<Component>> known = new LinkedHashMap<>();
  private @Nullable Set<String> schemes;

  /** Every scheme there is. */
  public Set<String> schemes() {
    if (schemes == null) {
      Set<String> all = new TreeSet<>();
      try {
        for (URL list :
            Collections.list(loader().getResources(SERVICES + "component.properties"))) {
          Properties properties = new Properties();
          try (InputStream in = list.openStream()) {
            properties.load(in);
          }
          all.addAll(List.of(properties.getProperty("components", "").strip().split("\\s+")));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      all.remove("");
      schemes = Collections.unmodifiableSet(all);
    }
    return schemes;
  }

  /** One component, where there is one. */
  Optional<Component> find(String scheme) {
    return known.computeIfAbsent(
        scheme, name -> metadata(name).map(metadata -> component(name, metadata)));
  }

  /** What Camel says of one component, where there is one. */
  public Optional<JsonNode> metadata(String scheme) {
    try (InputStream in = loader().getResourceAsStream(SERVICES + "component/" + scheme)) {
      if (in == null) {
        return Optional.empty();
      }
      Properties service = new Properties();
      service.load(in);
      String type = service.getProperty("class", "");
      String folder = type.substring(0, Math.max(0, type.lastIndexOf('.'))).replace('.', '/');
      String file = "META-INF/" + folder + "/" + scheme + ".json";
      try (InputStream json = loader().getResourceAsStream(file)) {
        return json == null ? Optional.empty() : Optional.of(Json.MAPPER.readTree(json));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Component component(String scheme, JsonNode metadata) {
    Map<String, Option> options = new LinkedHashMap<>();
    metadata
        .path("properties")
        .properties()
        .forEach(each -> options.put(each.getKey(), option(each.getKey(), each.getValue())));
    if (scheme.equals("http") || scheme.equals("https")) {
      for (String name : ALSO_OF_HTTP) {
        options.put(name, new Option(name, "string", false, false, false, List.of(), null));
      }
    }
    JsonNode about = metadata.path("component");
    return new Component(
        scheme,
        about.path("lenientProperties").asBoolean(),
        about.path("consumerOnly").asBoolean(),
        about.path("producerOnly").asBoolean(),
        options);
  }

  private static Option option(String name, JsonNode option) {
    boolean several = option.path("multiValue").asBoolean() && option.has("prefix");
    return new Option(
        name,
        option.path("type").asText(),
        option.path("kind").asText().equals("path"),
        option.path("required").asBoolean(),
        option.path("secret").asBoolean(),
        option.path("enum").valueStream().map(JsonNode::asText).toList(),
        several ? option.path("prefix").asText() : null);
  }

  private static ClassLoader loader() {
    ClassLoader loader = Components.class.getClassLoader();
    return loader == null ? ClassLoader.getSystemClassLoader() : loader;
  }
}

package io.payhook.tools.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.ArrayList;
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

  /**
   * One option of a component's endpoints.
   *
   * @param path whether it is a part of the address, not a parameter
   * @param words what it may be, where that is one of a few words
   * @param prefix what the names of its values begin with, where it takes several
   */
  record Option(
      String name,
      String type,
      boolean path,
      boolean required,
      boolean secret,
      List<String> words,
      @Nullable String prefix) {}

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
      if (exact != null && !exact.path) {
        return Optional.of(exact);
      }
      return options.values().stream()
          .filter(option -> option.prefix != null && name.startsWith(option.prefix))
          .findFirst();
    }

    /** The names of the parameters, in the order of the metadata. */
    List<String> parameters() {
      return options.values().stream().filter(o -> !o.path).map(Option::name).toList();
    }
  }

  private final Map<String, Optional<Component>> known = new LinkedHashMap<>();
  private @Nullable Set<String> schemes;

  /** Every scheme there is. */
  public Set<String> schemes() {
    if (schemes == null) {
      Set<String> all = new TreeSet<>();
      for (URL list : resources(SERVICES + "component.properties")) {
        Properties properties = new Properties();
        try (InputStream in = list.openStream()) {
          properties.load(in);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        all.addAll(List.of(properties.getProperty("components", "").strip().split("\\s+")));
      }
      all.remove("");
      schemes = Collections.unmodifiableSet(all);
    }
    return schemes;
  }

  /** One component, where there is one. */
  Optional<Component> find(String scheme) {
    return known.computeIfAbsent(scheme, this::read);
  }

  private Optional<Component> read(String scheme) {
    return metadata(scheme).map(metadata -> component(scheme, metadata));
  }

  /** What Camel says of one component, where there is one. */
  public Optional<JsonNode> metadata(String scheme) {
    Properties service = new Properties();
    try (InputStream in = loader().getResourceAsStream(SERVICES + "component/" + scheme)) {
      if (in == null) {
        return Optional.empty();
      }
      service.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String type = service.getProperty("class", "");
    String folder = type.substring(0, Math.max(0, type.lastIndexOf('.'))).replace('.', '/');
    try (InputStream in =
        loader().getResourceAsStream("META-INF/" + folder + "/" + scheme + ".json")) {
      return in == null ? Optional.empty() : Optional.of(Json.MAPPER.readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Component component(String scheme, JsonNode metadata) {
    JsonNode about = metadata.path("component");
    Map<String, Option> options = new LinkedHashMap<>();
    metadata
        .path("properties")
        .properties()
        .forEach(
            property -> {
              JsonNode option = property.getValue();
              List<String> words = new ArrayList<>();
              option.path("enum").forEach(word -> words.add(word.asText()));
              options.put(
                  property.getKey(),
                  new Option(
                      property.getKey(),
                      option.path("type").asText(),
                      option.path("kind").asText().equals("path"),
                      option.path("required").asBoolean(),
                      option.path("secret").asBoolean(),
                      List.copyOf(words),
                      option.path("multiValue").asBoolean() && option.has("prefix")
                          ? option.path("prefix").asText()
                          : null));
            });
    if (scheme.equals("http") || scheme.equals("https")) {
      for (String name : ALSO_OF_HTTP) {
        options.put(name, new Option(name, "string", false, false, false, List.of(), null));
      }
    }
    return new Component(
        scheme,
        about.path("lenientProperties").asBoolean(),
        about.path("consumerOnly").asBoolean(),
        about.path("producerOnly").asBoolean(),
        options);
  }

  private static List<URL> resources(String name) {
    try {
      return Collections.list(loader().getResources(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ClassLoader loader() {
    ClassLoader loader = Components.class.getClassLoader();
    return loader == null ? ClassLoader.getSystemClassLoader() : loader;
  }
}

package io.payhook.routes;

import io.payhook.Endpoint;
import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.kit.Located;
import io.payhook.kit.Nearest;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint as its file declares it, read without starting anything.
 *
 * @param name the last part of its URL
 * @param file the route file
 * @param provider name of the preset, or of several with commas between; placeholders resolved
 * @param secrets placeholders resolved; never printed
 * @param settings overrides of the preset by dotted name
 */
public record DeclaredEndpoint(
    String name,
    Path file,
    @Nullable String provider,
    String secrets,
    Map<String, String> settings) {

  /**
   * Every endpoint below a routes folder, by name.
   *
   * @param placeholders resolves {@code {{…}}} in a value
   * @throws RouteFileException for a file that is no YAML
   */
  public static Map<String, DeclaredEndpoint> in(Path root, UnaryOperator<String> placeholders)
      throws RouteFileException {
    Map<String, DeclaredEndpoint> endpoints = new TreeMap<>();
    List<String> problems = new ArrayList<>();
    for (Path file : Integrations.in(root).routeFiles()) {
      try {
        endpoints.putAll(of(file, TextFile.read(file), placeholders));
      } catch (IOException e) {
        problems.add(Trouble.of(file, e).toString());
      } catch (Located.Broken e) {
        problems.add(e.location() + ": " + e.getMessage());
      }
    }
    if (!problems.isEmpty()) {
      throw new RouteFileException(problems);
    }
    return endpoints;
  }

  /**
   * The endpoints of one file, by name. Camel's own reading of a bean would write {@code
   * timestamp.tolerance-future} as toleranceFuture and take the dashes out of headers' names.
   *
   * @throws Located.Broken for a file that is no YAML
   */
  static Map<String, DeclaredEndpoint> of(
      Path file, String text, UnaryOperator<String> placeholders) {
    Map<String, DeclaredEndpoint> endpoints = new TreeMap<>();
    for (Located.Map bean : beans(Located.parse(file, text).orElse(null))) {
      Located.Text name = bean.text("name");
      Located.Text type = bean.text("type");
      if (name != null && type != null && isType(type.value())) {
        Located.Map properties = bean.map("properties");
        Map<String, String> flat = properties == null ? new LinkedHashMap<>() : properties.flat();
        flat.replaceAll((key, value) -> placeholders.apply(value));
        String provider = flat.remove("provider");
        String secrets = flat.remove("secrets");
        endpoints.put(
            name.value(),
            new DeclaredEndpoint(
                name.value(), file, provider, secrets == null ? "" : secrets, flat));
      }
    }
    return endpoints;
  }

  /** The beans that a route file declares, endpoints among them. */
  public static List<Located.Map> beans(@Nullable Located document) {
    List<Located> entries = document instanceof Located.Items list ? list.items() : List.of();
    return entries.stream()
        .filter(Located.Map.class::isInstance)
        .flatMap(entry -> ((Located.Map) entry).items("beans").stream())
        .filter(Located.Map.class::isInstance)
        .map(Located.Map.class::cast)
        .toList();
  }

  /** Whether a bean of that type is an endpoint. */
  public static boolean isType(String type) {
    return type.replaceFirst("^#class:", "").equals(Endpoint.class.getName());
  }

  /** The names of its presets. */
  List<String> presets() {
    return names(provider);
  }

  /** The names in a text such as {@code squad, squad-virtual-account}. */
  public static List<String> names(@Nullable String provider) {
    return provider == null
        ? List.of()
        : Stream.of(provider.split(",", -1))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList();
  }

  /** The presets with this endpoint's overrides, in the order in which they are tried. */
  public List<Provider> resolve(Providers providers) {
    List<String> presets = presets();
    if (presets.isEmpty()) {
      throw new IllegalArgumentException(
          "endpoint " + name + " in " + file + " has no provider; see 'payhook providers'");
    }
    return presets.stream().map(each -> providers.get(each).with(settings)).toList();
  }

  /** The preset that takes a sample: the first for which it is an event of its type. */
  public Provider resolve(Providers providers, Sample sample) {
    List<Provider> all = resolve(providers);
    return all.size() == 1
        ? all.get(0)
        : all.stream()
            .filter(
                each ->
                    sample
                        .verifiedBy(each)
                        .map(event -> event.type().equals(sample.type()))
                        .orElse(false))
            .findFirst()
            .or(() -> all.stream().filter(each -> sample.verifiedBy(each).isPresent()).findFirst())
            .orElse(all.get(0));
  }

  /** The secrets, newest last as written. */
  public List<Secret> parsedSecrets() {
    return Secret.parse(secrets);
  }

  /**
   * Its samples.
   *
   * @throws UncheckedIOException when they can't be read
   */
  public List<Sample> samples() {
    try {
      return Sample.in(folder());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path folder() {
    return file.resolveSibling("samples");
  }

  /** Its sample of an event type, or of a name, where there is one. */
  public Optional<Sample> findSample(String type) {
    List<Sample> all = samples();
    return all.stream()
        .filter(sample -> sample.name().equals(type))
        .findFirst()
        .or(() -> all.stream().filter(sample -> sample.type().equals(type)).findFirst());
  }

  /**
   * Its sample of an event type.
   *
   * @throws IllegalArgumentException when there is none, with the one that was perhaps meant
   */
  public Sample sample(String type) {
    return findSample(type)
        .orElseThrow(
            () -> {
              List<String> types = samples().stream().map(Sample::name).toList();
              return new IllegalArgumentException(
                  "endpoint '%s' has no sample of '%s'; ".formatted(name, type)
                      + Nearest.meant(
                          type,
                          types,
                          types.isEmpty()
                              ? "put one into " + folder() + "/" + type + ".json"
                              : "there are " + String.join(", ", types)));
            });
  }

  @Override
  public String toString() {
    return "endpoint " + name + " of " + file;
  }
}

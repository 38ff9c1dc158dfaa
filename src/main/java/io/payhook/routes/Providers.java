package io.payhook.routes;

import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.ProviderException.Problem;
import io.payhook.signature.Setting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The presets there are: those that ship, and a team's own in a folder. A preset is one YAML file
 * named after it, and its samples are beside it in a folder of that name. A team's own preset may
 * not take the name of one that ships.
 */
public final class Providers {
  private static final String SHIPPED = "providers";
  private static final String YAML = ".yaml";

  private final @Nullable Path folder;
  private final SortedMap<String, Provider> own;

  private Providers(@Nullable Path folder, SortedMap<String, Provider> own) {
    this.folder = folder;
    this.own = own;
  }

  /** The presets that ship. */
  public static Providers shipped() {
    return new Providers(null, new TreeMap<>());
  }

  /**
   * The presets that ship, and those in a folder.
   *
   * @param folder holds {@code NAME.yaml} files; none when there is no such folder
   * @throws ProviderException with every problem of every file, each with its file, line and column
   */
  public static Providers load(@Nullable Path folder) {
    SortedMap<String, Provider> own = new TreeMap<>();
    if (folder == null || !Files.isDirectory(folder)) {
      return new Providers(folder, own);
    }
    List<Problem> problems = new ArrayList<>();
    for (Path file : yamlFiles(folder)) {
      String name = nameOf(file);
      try {
        if (shippedText(name).isPresent()) {
          problems.add(
              new Problem(
                  file.toString(),
                  "the name '" + name + "' is that of a preset that ships; take another"));
        } else {
          own.put(name, parse(name, file, TextFile.read(file)));
        }
      } catch (ProviderException e) {
        problems.addAll(e.problems());
      } catch (IOException e) {
        Trouble trouble = Trouble.of(file, e);
        problems.add(new Problem(file.toString(), trouble.what() + "; " + trouble.right()));
      }
    }
    if (!problems.isEmpty()) {
      throw new ProviderException(folder.toString(), problems);
    }
    return new Providers(folder, own);
  }

  /**
   * A preset by its name.
   *
   * @throws ProviderException when there is none, with the name that was perhaps meant
   */
  public Provider get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new ProviderException(
                    name,
                    List.of(
                        new Problem(
                            "",
                            "no such preset"
                                + Nearest.didYouMean(name, names())
                                + "; 'payhook providers' lists them"))));
  }

  /** A preset by its name, where there is one. */
  public Optional<Provider> find(String name) {
    Provider mine = own.get(name);
    if (mine != null) {
      return Optional.of(mine);
    }
    return shipped(name).or(() -> byOtherName(name));
  }

  private static Optional<Provider> shipped(String name) {
    return shippedText(name).map(text -> parse(name, Path.of(SHIPPED, name + YAML), text));
  }

  private Optional<Provider> byOtherName(String name) {
    return Stream.concat(
            own.values().stream(),
            shippedNames().stream().flatMap(other -> shipped(other).stream()))
        .filter(provider -> provider.lines(Setting.ALSO).contains(name))
        .findFirst();
  }

  /** The names of all presets, in alphabetical order. */
  public List<String> names() {
    return Stream.concat(shippedNames().stream(), own.keySet().stream()).sorted().toList();
  }

  /** All presets, in the order of their names. */
  public List<Provider> all() {
    return names().stream().map(this::get).toList();
  }

  private static Provider parse(String name, Path file, String text) {
    Located document;
    try {
      document = Located.parse(file, text).orElse(null);
    } catch (Located.Broken e) {
      throw problem(name, e.location().toString(), String.valueOf(e.getMessage()));
    }
    if (!(document instanceof Located.Map map)) {
      throw problem(name, file.toString(), "should be a map of settings, such as 'signature:'");
    }
    try {
      return Provider.parse(name, map.plain());
    } catch (ProviderException e) {
      throw new ProviderException(
          e.provider(), e.problems().stream().map(problem -> placed(problem, map)).toList());
    }
  }

  /** The same problem with the place of its setting in the file. */
  private static Problem placed(Problem problem, Located.Map map) {
    Entry entry = map.deepest(problem.setting());
    Location location =
        entry == null ? Location.start(map.location().file()) : entry.key().location();
    return new Problem(location.toString(), problem.toString());
  }

  private static ProviderException problem(String name, String place, String text) {
    return new ProviderException(name, List.of(new Problem(place, text)));
  }

  /** The samples of a preset, in the order of their types; none when it has none. */
  public List<Sample> samples(String name) {
    if (own.containsKey(name)) {
      return folder == null ? List.of() : samplesIn(folder.resolve(name));
    }
    return find(name)
        .map(shipped -> inShipped(root -> samplesIn(root.resolve(shipped.name()))))
        .orElse(List.of());
  }

  private static List<Sample> samplesIn(Path folder) {
    try {
      return Sample.in(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> yamlFiles(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(YAML))
          .filter(file -> !String.valueOf(file.getFileName()).startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String nameOf(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(0, name.length() - YAML.length());
  }

  // What ships is on the class path: in a folder while building, in a jar when installed.

  private static Optional<String> shippedText(String name) {
    if (!name.matches("[a-z0-9][a-z0-9.-]*")) {
      return Optional.empty();
    }
    try (var in = Providers.class.getResourceAsStream("/" + SHIPPED + "/" + name + YAML)) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> shippedNames() {
    return inShipped(root -> yamlFiles(root).stream().map(Providers::nameOf).sorted().toList());
  }

  private static <T> T inShipped(Function<Path, T> reader) {
    URL marker = Providers.class.getResource("/" + SHIPPED + "/none" + YAML);
    if (marker == null) {
      throw new IllegalStateException("the presets are missing from the class path");
    }
    try {
      URI uri = marker.toURI();
      if (!"jar".equals(uri.getScheme())) {
        return reader.apply(Path.of(uri).resolveSibling(""));
      }
      String jar = uri.getRawSchemeSpecificPart();
      Path file = Path.of(URI.create(jar.substring(0, jar.indexOf("!/"))));
      try (FileSystem inside = FileSystems.newFileSystem(file)) {
        return reader.apply(inside.getPath("/" + SHIPPED));
      }
    } catch (NoSuchFileException e) {
      throw new IllegalStateException("the presets are missing from the class path", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the class path has a place that is no URL: " + marker, e);
    }
  }
}

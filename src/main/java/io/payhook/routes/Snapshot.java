package io.payhook.routes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The texts of the files that reload looks after, at one time.
 *
 * @param routes {@code *.camel.yaml}
 * @param kamelets {@code kamelets/NAME.kamelet.yaml}
 * @param presets {@code providers/NAME.yaml}
 * @param schemas {@code sql/schema/*.sql}, by the folder they are in
 * @param secrets what the development secrets' file holds
 */
record Snapshot(
    SortedMap<Path, String> routes,
    SortedMap<Path, String> kamelets,
    SortedMap<Path, String> presets,
    SortedMap<Path, SortedMap<Path, String>> schemas,
    String secrets) {

  static final String KAMELET = ".kamelet.yaml";

  /** Nothing at all. */
  static Snapshot none() {
    return new Snapshot(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), "");
  }

  /**
   * Reads them.
   *
   * @throws RouteFileException where the folder or a file can't be read
   */
  static Snapshot of(Path root, Path secrets) throws RouteFileException {
    // A file that goes between listing and reading was perhaps being replaced.
    for (int tries = 1; ; tries++) {
      try {
        return read(root, secrets);
      } catch (NoSuchFileException e) {
        if (tries == 5) {
          throw new RouteFileException(List.of(e.getFile() + ": is gone while it is read"));
        }
      } catch (IOException e) {
        throw new RouteFileException(List.of(root + ": can't be read: " + e));
      }
    }
  }

  private static Snapshot read(Path root, Path secrets) throws RouteFileException, IOException {
    SortedMap<Path, String> routes = new TreeMap<>(RouteFiles.order(root));
    for (Path file : RouteFiles.in(root)) {
      routes.put(file, text(file));
    }
    SortedMap<Path, SortedMap<Path, String>> schemas = new TreeMap<>();
    for (Path folder : RouteFiles.schemas(root).values()) {
      schemas.put(folder, texts(folder, ".sql"));
    }
    return new Snapshot(
        routes,
        texts(root.resolve("kamelets"), KAMELET),
        texts(root.resolve("providers"), ".yaml"),
        schemas,
        Files.isRegularFile(secrets) ? text(secrets) : "");
  }

  /** The files of a folder, which need not be there. */
  static SortedMap<Path, String> texts(Path folder, String suffix) throws IOException {
    SortedMap<Path, String> texts = new TreeMap<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.filter(file -> isOne(file, suffix)).toList()) {
          texts.put(file, text(file));
        }
      }
    }
    return texts;
  }

  /** Not the hidden files that editors keep beside an open one. */
  static boolean isOne(Path file, String suffix) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(suffix) && !name.startsWith(".") && Files.isRegularFile(file);
  }

  /** What is not UTF-8 becomes U+FFFD, which the check of the file then finds. */
  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** The texts of kamelets by their names. */
  static Map<String, Path> names(SortedMap<Path, String> kamelets) {
    Map<String, Path> names = new TreeMap<>();
    for (Path file : kamelets.keySet()) {
      String name = String.valueOf(file.getFileName());
      names.put(name.substring(0, name.length() - KAMELET.length()), file);
    }
    return names;
  }
}

package io.payhook.routes;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The texts of the files that reload looks after, at one time.
 *
 * @param routes {@code *.camel.yaml}
 * @param kamelets {@code kamelets/NAME.kamelet.yaml}
 * @param presets {@code providers/NAME.yaml}
 * @param schemas {@code sql/schema/*.sql} by the integration's name, then by file
 * @param secrets what the development secrets' file holds
 */
record Snapshot(
    SortedMap<Path, String> routes,
    SortedMap<Path, String> kamelets,
    SortedMap<Path, String> presets,
    SortedMap<String, SortedMap<Path, String>> schemas,
    String secrets) {

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
    Integrations integrations = Integrations.in(root);
    SortedMap<Path, String> routes = new TreeMap<>(Integrations.order(root));
    routes.putAll(texts(integrations.routeFiles()));
    SortedMap<String, SortedMap<Path, String>> schemas = new TreeMap<>();
    for (var schema : integrations.schemas().entrySet()) {
      schemas.put(schema.getKey(), texts(Tree.files(schema.getValue(), ".sql")));
    }
    List<Path> kept = Tree.of(secrets).files();
    return new Snapshot(
        routes,
        texts(Tree.files(root.resolve("kamelets"), Integrations.KAMELET)),
        texts(Tree.files(root.resolve("providers"), ".yaml")),
        schemas,
        String.join("", texts(kept).values()));
  }

  private static SortedMap<Path, String> texts(List<Path> files) throws RouteFileException {
    SortedMap<Path, String> texts = new TreeMap<>();
    for (Path file : files) {
      try {
        texts.put(file, TextFile.read(file));
      } catch (IOException e) {
        throw new RouteFileException(List.of(Trouble.of(file, e).toString()));
      }
    }
    return texts;
  }
}

package io.payhook.routes;

import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import io.payhook.journal.Migrations;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The integrations in a routes folder: their route files, and the tables they bring. */
public final class Integrations {
  /** The end of a route file's name. */
  public static final String ROUTES = ".camel.yaml";

  /** The end of a kamelet's file's name. */
  public static final String KAMELET = ".kamelet.yaml";

  private static final Path SCRIPTS = Path.of("sql", "schema");

  /** The longest name that PostgreSQL keeps whole. */
  private static final int LONGEST_NAME = 63;

  /** Two of them can't be told apart in the database. */
  public record Collision(Path folder, String what, String right) {
    @Override
    public String toString() {
      return ReloadProblem.shown(folder) + ": " + what + "; " + right;
    }
  }

  private final Path root;
  private final Tree tree;

  private Integrations(Path root, Tree tree) {
    this.root = root;
    this.tree = tree;
  }

  /**
   * Those in a folder as it is now.
   *
   * @throws RouteFileException where there is no such folder, or where something in it can't be
   *     read, so that nobody knows what it holds
   */
  public static Integrations in(Path root) throws RouteFileException {
    if (!Files.isDirectory(root)) {
      throw new RouteFileException(
          List.of(
              root
                  + ": there is no such folder; it should hold the route files, or set"
                  + " payhook.routes to the one that does"));
    }
    Tree tree = Tree.of(root);
    if (!tree.troubles().isEmpty()) {
      throw new RouteFileException(tree.troubles().stream().map(Trouble::toString).toList());
    }
    return new Integrations(root, tree);
  }

  /** The name that routes call a kamelet by, which is that of its file. */
  public static String kamelet(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(0, name.length() - KAMELET.length());
  }

  /** Those in a folder that has been looked at. */
  public static Integrations of(Path root, Tree tree) {
    return new Integrations(root, tree);
  }

  /** What is in the folder. */
  public Tree tree() {
    return tree;
  }

  /** The route files, integrations first and the intake route last. */
  public List<Path> routeFiles() {
    return tree.files().stream()
        .filter(file -> file.toString().endsWith(ROUTES))
        .sorted(order(root))
        .toList();
  }

  static Comparator<Path> order(Path root) {
    return Comparator.comparing((Path file) -> root.equals(file.getParent()))
        .thenComparing(file -> file);
  }

  /**
   * The folders of scripts that make an integration's own tables, by its name: its path in the
   * routes folder with {@code /} between, since several may have the same last name.
   *
   * @throws RouteFileException where two can't be told apart in the database
   */
  public SortedMap<String, Path> schemas() throws RouteFileException {
    List<Collision> collisions = collisions();
    if (!collisions.isEmpty()) {
      throw new RouteFileException(collisions.stream().map(Collision::toString).toList());
    }
    SortedMap<String, Path> schemas = new TreeMap<>();
    folders().forEach((name, folder) -> schemas.put(name, folder.resolve(SCRIPTS)));
    return schemas;
  }

  /** The folders that have both route files and scripts, by the integration's name. */
  private SortedMap<String, Path> folders() {
    SortedMap<String, Path> folders = new TreeMap<>();
    for (Path file : routeFiles()) {
      Path folder = file.resolveSibling("");
      if (tree.folders().contains(folder.resolve(SCRIPTS))) {
        folders.put(name(folder), folder);
      }
    }
    return folders;
  }

  private String name(Path folder) {
    String name = root.relativize(folder).toString().replace('\\', '/');
    return name.isEmpty() ? String.valueOf(root.toAbsolutePath().normalize().getFileName()) : name;
  }

  /** What would share its history of migrations with another, so that only one got its tables. */
  public List<Collision> collisions() {
    Map<String, Path> taken = new TreeMap<>();
    List<Collision> collisions = new ArrayList<>();
    folders()
        .forEach(
            (name, folder) -> {
              String history = Migrations.history(name);
              Path other = taken.putIfAbsent(history, folder);
              if (other != null) {
                collisions.add(
                    new Collision(
                        folder,
                        ("its tables would share the history public.%s with those of %s, and only"
                                + " one of the two would get them")
                            .formatted(history, ReloadProblem.shown(other)),
                        "rename one of the two folders"));
              }
              int length = history.getBytes(StandardCharsets.UTF_8).length;
              if (length > LONGEST_NAME) {
                collisions.add(
                    new Collision(
                        folder,
                        "the history of its tables would be named %s, %s bytes long"
                            .formatted(history, length),
                        "shorten the path; a name in PostgreSQL has "
                            + LONGEST_NAME
                            + " bytes at most"));
              }
            });
    return collisions;
  }
}

package io.payhook.tools.routetest;

import io.payhook.files.TextFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** The beans of route files that lead to databases. */
final class DatabaseBeans {
  /** Ways to make a bean that may connect before anybody can stand in for it. */
  private static final List<String> MAKING =
      List.of(
          "constructors", "factoryBean", "factoryMethod", "builderClass", "initMethod", "script");

  private DatabaseBeans() {}

  /**
   * The folders that declare them, by their names.
   *
   * @param problems gets the beans that a test can't stand in for
   */
  static Map<String, Path> in(List<Path> files, List<String> problems) {
    Map<String, Path> homes = new TreeMap<>();
    for (Path file : files) {
      root(file)
          .map(node -> new Item(node, file, new ArrayList<>()))
          .filter(Item::isList)
          .ifPresent(root -> root.items().forEach(part -> beans(part, file, homes, problems)));
    }
    return homes;
  }

  private static Optional<Node> root(Path file) {
    try {
      return new Compose(LoadSettings.builder().build()).composeString(TextFile.read(file));
    } catch (IOException | YamlEngineException e) {
      // The service says better what is wrong with it.
      return Optional.empty();
    }
  }

  private static void beans(Item part, Path file, Map<String, Path> homes, List<String> problems) {
    Item beans = part.isMap() ? part.members().get("beans") : null;
    if (beans == null) {
      return;
    }
    for (Item bean : beans.items()) {
      Map<String, Item> members = bean.isMap() ? bean.members() : Map.of();
      Item name = members.get("name");
      Item type = members.get("type");
      if (name == null || type == null || !isDatabase(type.text())) {
        continue;
      }
      homes.put(name.text(), file.resolveSibling("").toAbsolutePath().normalize());
      for (String way : MAKING) {
        Item made = members.get(way);
        if (made != null) {
          early(made, name, problems);
        }
      }
      if (type.text().matches(".+[#(].*")) {
        early(type, name, problems);
      }
    }
  }

  private static void early(Item where, Item name, List<String> problems) {
    problems.add(
        where.place()
            + ": bean '"
            + name.text()
            + "' may connect to its database while it is made, which a test must not; 'properties:'"
            + " alone would be right");
  }

  private static boolean isDatabase(String type) {
    String name = type.replaceFirst("^#class:", "").replaceFirst("[#(].*$", "");
    try {
      return DataSource.class.isAssignableFrom(
          Class.forName(name, false, DatabaseBeans.class.getClassLoader()));
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}

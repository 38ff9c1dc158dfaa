package io.payhook.tools.routetest;

import io.payhook.files.TextFile;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Text;
import io.payhook.routes.DeclaredEndpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

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
      for (Located.Map bean : DeclaredEndpoint.beans(root(file))) {
        Text name = bean.text("name");
        Text type = bean.text("type");
        if (name != null && type != null && isDatabase(type.value())) {
          homes.put(name.value(), file.resolveSibling("").toAbsolutePath().normalize());
          for (String way : MAKING) {
            Located made = bean.get(way);
            if (made != null) {
              early(made, name, problems);
            }
          }
          if (type.value().matches(".+[#(].*")) {
            early(type, name, problems);
          }
        }
      }
    }
    return homes;
  }

  private static @Nullable Located root(Path file) {
    try {
      return Located.parse(file, TextFile.read(file)).orElse(null);
    } catch (IOException | Located.Broken e) {
      // The service says better what is wrong with it.
      return null;
    }
  }

  private static void early(Located where, Text name, List<String> problems) {
    problems.add(
        ("%s: bean '%s' may connect to its database while it is made, which a test must not;"
                + " 'properties:' alone would be right")
            .formatted(where.location(), name));
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

package io.payhook.tools.routetest;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.kit.Lines;
import io.payhook.routes.ReloadProblem;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Tables that somebody else has made, as the scripts of an integration tell them: {@code
 * sql/existing/*.sql} those of Payhook's own database, {@code sql/existing/NAME/*.sql} those of
 * another, which a bean of that name leads to. Only tests run them.
 */
final class Existing {
  static final String FOLDER = "sql/existing";

  /**
   * A database to copy.
   *
   * @param name null where there is none
   * @param missing what would be right then
   */
  record Template(@Nullable String name, String missing) {}

  private final TestServer server;
  private final List<Path> integrations;
  private final Map<String, Template> templates = new HashMap<>();

  /**
   * @param integrations folders that have route files
   */
  Existing(TestServer server, List<Path> integrations) {
    this.server = server;
    this.integrations = List.copyOf(integrations);
  }

  /** The scripts right in a folder, in the order of their names. */
  static List<Path> scripts(Path folder) {
    return Tree.files(folder, ".sql");
  }

  /**
   * Runs scripts.
   *
   * @throws SQLException that names the script
   */
  static void run(List<Path> scripts, Connection connection) throws IOException, SQLException {
    // Not the journal's own schema, which is named as the user is.
    connection.setSchema("public");
    for (Path script : scripts) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(TextFile.read(script));
      } catch (SQLException e) {
        throw new SQLException(script + ": " + e.getMessage(), e.getSQLState(), e);
      }
    }
  }

  /**
   * The database to copy for a bean; made when the first test wants it.
   *
   * @param home the integration that declares the bean, if that is known
   */
  synchronized Template template(String bean, @Nullable Path home) {
    Template known = templates.get(bean);
    if (known == null) {
      known = make(bean, home);
      templates.put(bean, known);
    }
    return known;
  }

  private Template make(String bean, @Nullable Path home) {
    try {
      List<Path> scripts = scriptsOf(bean, home);
      if (scripts.isEmpty()) {
        Path where =
            (home == null ? Path.of("") : ReloadProblem.shown(home)).resolve(FOLDER).resolve(bean);
        return new Template(
            null, "write the statements that make its tables into " + where + "/*.sql");
      }
      String name = TestServer.PREFIX + "s_other_" + templates.size();
      server.create(name);
      try (Connection connection = server.database(name).getConnection()) {
        run(scripts, connection);
      }
      return new Template(name, "");
    } catch (IOException | SQLException e) {
      return new Template(null, "mend its script (" + Lines.one(e.getMessage()) + ")");
    }
  }

  private List<Path> scriptsOf(String bean, @Nullable Path home) throws IOException {
    Set<Path> places = new TreeSet<>();
    for (Path integration : integrations) {
      places.add(integration.resolve(FOLDER).resolve(bean));
    }
    for (Path place : places) {
      List<Path> scripts = scripts(place);
      if (!scripts.isEmpty()) {
        return scripts;
      }
    }
    return home == null ? List.of() : scripts(home.resolve(FOLDER));
  }
}

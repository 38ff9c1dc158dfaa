package io.payhook.journal;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings the journal's tables, and those of each integration, to their newest version. */
public final class Migrations {
  private Migrations() {}

  /** Migrates the schema {@code payhook}. */
  public static void journal(DataSource dataSource) {
    journal(dataSource, "payhook");
  }

  /**
   * Migrates the journal in a schema.
   *
   * @param dataSource its connections translate {@code payhook} to that schema
   */
  public static void journal(DataSource dataSource, String schema) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .schemas(schema)
            .createSchemas(true)
            .locations("classpath:db/migration")
            .loggers("slf4j")
            .load();
    Rights.migrate(flyway, "the journal's tables in the schema " + schema, schema);
    Rights.check(dataSource, schema);
  }

  /**
   * The table in the schema {@code public} that records which of an integration's scripts have run.
   */
  public static String history(String integration) {
    return integration.replaceAll("[-/]", "_") + "_schema_history";
  }

  /**
   * Migrates the own tables of all integrations.
   *
   * @param folders of scripts, by the integrations' names: {@code payments}, {@code eu/shop}
   */
  public static void integrations(DataSource dataSource, SortedMap<String, Path> folders) {
    adoptHistories(dataSource, folders.keySet());
    folders.forEach((name, folder) -> integration(dataSource, folder, name));
  }

  /**
   * Before 0.1, a history was named after the last folder only: {@code eu/shop} had {@code
   * shop_schema_history}, which belongs to the last integration of that name.
   */
  private static void adoptHistories(DataSource dataSource, Set<String> names) {
    SortedMap<String, String> heirs = new TreeMap<>();
    for (String name : names) {
      heirs.put(name.substring(name.lastIndexOf('/') + 1), name);
    }
    names.forEach(name -> heirs.computeIfPresent(name, (former, heir) -> name));
    for (Map.Entry<String, String> heir : heirs.entrySet()) {
      String former = history(heir.getKey());
      String history = history(heir.getValue());
      if (former.equals(history)
          || names.stream().map(Migrations::history).anyMatch(former::equals)) {
        continue;
      }
      try (Connection connection = dataSource.getConnection();
          Statement statement = connection.createStatement()) {
        if (exists(connection, former) && !exists(connection, history)) {
          statement.execute(
              "alter table public." + quoted(former) + " rename to " + quoted(history));
        }
      } catch (SQLException e) {
        throw new FlywayException(
            "the history public."
                + former
                + " can't be renamed to "
                + history
                + ": "
                + e.getMessage(),
            e);
      }
    }
  }

  private static boolean exists(Connection connection, String table) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("select to_regclass(?)")) {
      query.setString(1, "public." + quoted(table));
      try (ResultSet rows = query.executeQuery()) {
        return rows.next() && rows.getString(1) != null;
      }
    }
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /**
   * Migrates an integration's own tables in the schema {@code public}.
   *
   * @param folder of {@code V001__*.sql} files
   * @param integration name of the integration; its {@link #history} is named after it
   * @throws FlywayException naming the file and the statement that failed
   */
  public static void integration(DataSource dataSource, Path folder, String integration) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .schemas("public")
            .table(history(integration))
            .locations("filesystem:" + folder)
            .baselineOnMigrate(true)
            .baselineVersion("0")
            .loggers("slf4j")
            .load();
    Rights.migrate(flyway, "the tables of " + integration + " in the schema public", "public");
  }
}

package io.payhook.effects;

import io.payhook.journal.Migrations;
import io.payhook.service.Database;
import io.payhook.service.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/** One real PostgreSQL for all tests of this package; {@link #fresh} gives it empty tables. */
final class TestDatabase {
  static final Path INTEGRATION = Path.of("routes/payments").toAbsolutePath();
  private static final DataSource DATA_SOURCE = start();

  private TestDatabase() {}

  private static DataSource start() {
    try {
      Path folder = Files.createTempDirectory("payhook-effects");
      Settings settings =
          Settings.of(
              Map.of(
                  "payhook.data",
                  folder.toString(),
                  "payhook.database.programs",
                  Path.of(System.getProperty("java.io.tmpdir"), "payhook-postgres-programs")
                      .toString()));
      Database database = Database.open(settings);
      Runtime.getRuntime().addShutdownHook(new Thread(database::close));
      return database.dataSource();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static DataSource dataSource() {
    return DATA_SOURCE;
  }

  /** Empty tables of the bundled integration. */
  static DataSource fresh() throws SQLException {
    execute("drop schema public cascade; create schema public");
    Migrations.integration(DATA_SOURCE, INTEGRATION.resolve("sql/schema"), "payments");
    return DATA_SOURCE;
  }

  static void execute(String sql) throws SQLException {
    try (Connection connection = DATA_SOURCE.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static List<Map<String, Object>> rows(String query) {
    try (Connection connection = DATA_SOURCE.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      List<Map<String, Object>> rows = new ArrayList<>();
      while (result.next()) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.put(result.getMetaData().getColumnLabel(i), result.getObject(i));
        }
        rows.add(row);
      }
      return rows;
    } catch (SQLException e) {
      throw new AssertionError(query, e);
    }
  }
}

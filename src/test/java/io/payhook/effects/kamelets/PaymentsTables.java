package io.payhook.effects.kamelets;

import io.payhook.journal.Migrations;
import io.payhook.postgres.Database;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
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

/**
 * The tables of the bundled integration, in one database for all tests of this package that is
 * reached as the routes do.
 */
public final class PaymentsTables {
  public static final Path INTEGRATION = Path.of("routes/payments").toAbsolutePath();
  private static final DataSource DATA_SOURCE = open();

  private PaymentsTables() {}

  private static DataSource open() {
    try {
      Path data = Files.createTempDirectory("payhook-effects");
      Database database =
          Database.open(
              Settings.of(
                  Map.of(
                      "payhook.data", data.toString(),
                      "payhook.database.url", TestDatabase.create().url())));
      Runtime.getRuntime().addShutdownHook(new Thread(database::close));
      return database.dataSource();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static DataSource dataSource() {
    return DATA_SOURCE;
  }

  /** Brings the integration's tables to their newest version, and empties them. */
  public static DataSource fresh() throws SQLException {
    if (rows("select from pg_tables where tablename = 'payment'").isEmpty()) {
      none();
      Migrations.integration(DATA_SOURCE, INTEGRATION.resolve("sql/schema"), "payments");
    }
    execute("truncate payment, refund, customer, transfer, subscription restart identity");
    return DATA_SOURCE;
  }

  /** Takes all tables away. */
  public static void none() throws SQLException {
    execute("drop schema public cascade; create schema public");
  }

  public static void execute(String sql) throws SQLException {
    try (Connection connection = DATA_SOURCE.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  public static List<Map<String, Object>> rows(String query) {
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

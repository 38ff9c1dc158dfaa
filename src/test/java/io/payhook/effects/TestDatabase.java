package io.payhook.effects;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
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

/** One real PostgreSQL for all tests of this package; {@link #fresh} gives it empty tables. */
final class TestDatabase {
  static final Path INTEGRATION = Path.of("routes/payments").toAbsolutePath();
  private static final HikariDataSource DATA_SOURCE = start();

  private TestDatabase() {}

  @SuppressWarnings("resource") // closed with the JVM
  private static HikariDataSource start() {
    try {
      EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl(postgres.getJdbcUrl("postgres", "postgres"));
      config.setMaximumPoolSize(16);
      return new HikariDataSource(config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static HikariDataSource dataSource() {
    return DATA_SOURCE;
  }

  /** Empty tables of the bundled integration. */
  static HikariDataSource fresh() throws SQLException, IOException {
    execute("drop schema public cascade; create schema public");
    execute(Files.readString(INTEGRATION.resolve("sql/schema/V001__payments.sql")));
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

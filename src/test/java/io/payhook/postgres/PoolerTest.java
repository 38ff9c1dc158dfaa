package io.payhook.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database of which each transaction gets another session. */
@Tag("service")
class PoolerTest {
  @TempDir Path folder;

  @Test
  void nothing_is_left_in_a_session() throws Exception {
    try (TestDatabase own = TestDatabase.create();
        Database database = Database.open(settings(own.url(), "transaction"))) {
      for (var dataSource : List.of(database.dataSource(), database.journal(2))) {
        try (Connection connection = dataSource.getConnection()) {
          for (int i = 0; i < 20; i++) {
            try (var statement = connection.prepareStatement("select ?::int")) {
              statement.setInt(1, i);
              statement.executeQuery().close();
            }
          }
          assertThat(one(connection, "select count(*) from pg_prepared_statements")).isEqualTo("0");
          assertThat(
                  one(
                      connection,
                      "select string_agg(name, ' ') from pg_settings where source = 'session' and name <> 'TimeZone'"
                          + " and name not in ('extra_float_digits', 'application_name')"))
              .isNull();
          assertThat(one(connection, "show timezone")).isEqualTo("UTC");
        }
      }
    }
  }

  private Settings settings(String url, String pooler) {
    return Settings.of(
        Map.of(
            "payhook.data", folder.toString(),
            "payhook.database.url", url,
            "payhook.database.pooler", pooler));
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}

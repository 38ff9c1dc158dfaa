package io.payhook.testing;

import io.payhook.postgres.Database;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of one test's own on a PostgreSQL that all tests of one JVM share. The server keeps
 * its folder under {@code target/}, so that only the first run has to make it.
 */
public final class TestDatabase implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Map<String, String> TEMPLATES = new HashMap<>();

  /** Brings a new, empty database to where tests want to start. */
  public interface Migration {
    void migrate(DataSource dataSource) throws Exception;
  }

  /** Started with the first use, stopped with the JVM. */
  private static final class Server {
    static final String URL = start();

    private static String start() {
      // Several JVMs may test at once: each takes the first folder that is free.
      for (int i = 0; ; i++) {
        try {
          Database server = Database.openForgetful(settings(Path.of("target/test-database/" + i)));
          Runtime.getRuntime().addShutdownHook(new Thread(server::close));
          clean(server.url());
          return server.url();
        } catch (StartException e) {
          if (i == 8 || !e.getMessage().contains("in use")) {
            throw e;
          }
        }
      }
    }

    private static void clean(String url) {
      try (Connection connection = DriverManager.getConnection(url);
          Statement statement = connection.createStatement()) {
        List<String> left = new ArrayList<>();
        try (var names =
            statement.executeQuery(
                "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")) {
          while (names.next()) {
            left.add(names.getString(1));
          }
        }
        for (String name : left) {
          statement.execute("DROP DATABASE " + name + " WITH (FORCE)");
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private final String name;

  private TestDatabase(String name) {
    this.name = name;
  }

  /** An empty database. */
  public static TestDatabase create() {
    return copyOf("template1");
  }

  /**
   * A database that has been migrated; the migration runs once a JVM, later databases are copies of
   * its result.
   *
   * @param template a name for the result
   */
  public static synchronized TestDatabase create(String template, Migration migration) {
    String made =
        TEMPLATES.computeIfAbsent(
            template,
            key -> {
              TestDatabase first = create();
              try {
                migration.migrate(first.dataSource());
              } catch (Exception e) {
                throw new IllegalStateException("migration of " + template, e);
              }
              return first.name;
            });
    return copyOf(made);
  }

  /** Settings for an embedded database in a folder, its programs unpacked once for all tests. */
  public static Settings settings(Path data) {
    return Settings.of(
        Map.of(
            "payhook.data", data.toString(), "payhook.database.programs", programs().toString()));
  }

  /** The folder in which tests unpack PostgreSQL's programs: {@code payhook.database.programs}. */
  public static Path programs() {
    return Path.of("target/postgres-programs").toAbsolutePath();
  }

  /** The JDBC URL, with user and password: fit for {@code payhook.database.url}. */
  public String url() {
    return Server.URL.replace("/payhook?", "/" + name + "?");
  }

  /** Opens a connection each time one is asked for. */
  public DataSource dataSource() {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url());
    return dataSource;
  }

  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url());
  }

  /** The texts of the first column. */
  public List<String> query(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      List<String> texts = new ArrayList<>();
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
      return texts;
    }
  }

  /** Runs a statement that returns no rows. */
  public void update(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(sql);
    }
  }

  /** Drops it, whoever is still connected. */
  @Override
  public void close() {
    onServer("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  }

  private static TestDatabase copyOf(String template) {
    TestDatabase database = new TestDatabase("test_" + COUNT.incrementAndGet());
    onServer("CREATE DATABASE " + database.name + " TEMPLATE " + template + " STRATEGY FILE_COPY");
    return database;
  }

  /** One at a time: a template may not be copied twice at once. */
  private static synchronized void onServer(String sql) {
    try (Connection connection = DriverManager.getConnection(Server.URL);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }
}

package io.payhook.service;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Properties;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL that holds everything: one of one's own ({@code payhook.database.url}) or, with
 * none set, one that runs in the data folder. Also holds the data folder itself, for one process at
 * a time.
 *
 * <p>Registers no shutdown hook: the database outlives everything that needs it and goes when
 * {@link #close} is called.
 */
public final class Database implements AutoCloseable {
  /** Statements are short: compiling one costs more than it saves. */
  private static final String NO_JIT = "set jit = off";

  private static final Logger LOG = LoggerFactory.getLogger(Database.class);

  /** PostgreSQL 14, the oldest that is still maintained in 2026. */
  private static final int OLDEST = 14;

  private final DataFolder folder;
  private final @Nullable EmbeddedPostgres embedded;
  private final String url;
  private final Properties login;
  private final int poolSize;
  private final Deque<HikariDataSource> pools = new ArrayDeque<>();
  private @Nullable HikariDataSource shared;

  private Database(
      DataFolder folder,
      @Nullable EmbeddedPostgres embedded,
      String url,
      Properties login,
      int poolSize) {
    this.folder = folder;
    this.embedded = embedded;
    this.url = url;
    this.login = login;
    this.poolSize = poolSize;
  }

  /**
   * Opens it, and makes the embedded one where there is none yet.
   *
   * @throws StartException when it cannot be reached, made or started; one line that says what to
   *     do
   */
  public static Database open(Settings settings) {
    DataFolder folder = DataFolder.take(settings.data());
    try {
      int poolSize = settings.get(Key.DATABASE_POOL_SIZE);
      String external = settings.get(Key.DATABASE_URL);
      if (external.isEmpty()) {
        EmbeddedPostgres embedded =
            EmbeddedPostgres.start(
                settings.data(),
                settings
                    .get(Key.DATABASE_PROGRAMS)
                    .orElse(settings.data().resolve("postgres-programs")));
        return new Database(folder, embedded, embedded.url(), new Properties(), poolSize);
      }
      Properties login = new Properties();
      put(login, "user", settings.get(Key.DATABASE_USERNAME));
      put(login, "password", settings.get(Key.DATABASE_PASSWORD));
      await(
          external, login, settings.get(Key.DATABASE_PATIENCE), settings.origin(Key.DATABASE_URL));
      return new Database(folder, null, external, login, poolSize);
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** True for the embedded PostgreSQL. */
  public boolean isEmbedded() {
    return embedded != null;
  }

  /** The JDBC URL. It may hold user and password: not for logs. */
  public String url() {
    return url;
  }

  /**
   * The pool that routes and deliveries share, of {@code payhook.database.pool-size} connections.
   */
  public synchronized DataSource dataSource() {
    if (shared == null) {
      // Untyped strings, so that a JSON text fits a numeric, date or jsonb column as SQL text does.
      shared =
          pool(
              "payhook",
              poolSize,
              config -> {
                config.addDataSourceProperty("stringtype", "unspecified");
                // A role named payhook would otherwise look into the journal's schema first.
                config.addDataSourceProperty("currentSchema", "public");
              });
    }
    return shared;
  }

  /**
   * A pool of its own for who must not wait for others. It is closed along with this.
   *
   * @param name names it in logs and metrics
   * @param size its most connections
   * @param more settings that differ from those all pools have
   */
  public synchronized HikariDataSource pool(String name, int size, Consumer<HikariConfig> more) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(name);
    config.setJdbcUrl(url);
    Properties properties = new Properties();
    properties.putAll(login);
    properties.setProperty("ApplicationName", "payhook " + name);
    properties.setProperty("connectTimeout", "3");
    properties.setProperty("tcpKeepAlive", "true");
    config.setDataSourceProperties(properties);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(Math.min(size, 2));
    config.setConnectionTimeout(Duration.ofSeconds(2).toMillis());
    config.setInitializationFailTimeout(-1);
    config.setConnectionInitSql(NO_JIT);
    more.accept(config);
    HikariDataSource pool = new HikariDataSource(config);
    pools.push(pool);
    return pool;
  }

  /**
   * For statements that find every row by a key. PostgreSQL remembers the plans it made while the
   * tables were empty, and then reading a table from end to end looks cheapest; here it has no such
   * choice.
   */
  static void byKeyAlone(HikariConfig config) {
    config.setConnectionInitSql(
        NO_JIT
            + "; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off");
  }

  /** The embedded server's process id, for tests that end it. */
  long embeddedPid() {
    return embedded == null ? 0 : embedded.pid();
  }

  /** Closes every pool, then ends the embedded PostgreSQL, then gives the data folder back. */
  @Override
  public synchronized void close() {
    while (!pools.isEmpty()) {
      pools.pop().close();
    }
    if (embedded != null) {
      embedded.close();
    }
    folder.close();
  }

  private static void put(Properties properties, String key, String value) {
    if (!value.isEmpty()) {
      properties.setProperty(key, value);
    }
  }

  /** Waits for a server that may be starting too; a refused login is no reason to wait. */
  private static void await(String url, Properties login, Duration patience, String origin) {
    Properties properties = new Properties();
    properties.putAll(login);
    properties.setProperty("connectTimeout", "3");
    properties.setProperty("loginTimeout", "5");
    String place = place(url);
    long end = System.nanoTime() + patience.toNanos();
    boolean said = false;
    while (true) {
      try (Connection connection = DriverManager.getConnection(url, properties)) {
        int version = connection.getMetaData().getDatabaseMajorVersion();
        if (version < OLDEST) {
          throw new StartException(
              "The database at "
                  + place
                  + " is PostgreSQL "
                  + version
                  + "; Payhook needs "
                  + OLDEST
                  + " or newer");
        }
        return;
      } catch (SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        String why =
            String.valueOf(e.getMessage())
                .lines()
                .findFirst()
                .orElse("")
                .replaceFirst("^FATAL: ", "");
        // 28: the login is refused; 3D: there is no such database. Only a person can change that.
        if (state.startsWith("28") || state.startsWith("3D")) {
          throw new StartException(
              "The database at "
                  + place
                  + " refuses: "
                  + why
                  + "; see payhook.database.url ("
                  + origin
                  + "), .username and .password",
              e);
        }
        if (System.nanoTime() > end) {
          throw new StartException(
              "The database at "
                  + place
                  + " cannot be reached: "
                  + why
                  + "; gave up after "
                  + patience.toSeconds()
                  + " s; see payhook.database.url ("
                  + origin
                  + ")",
              e);
        }
        if (!said) {
          LOG.warn(
              "The database at {} cannot be reached yet: {}; trying for {} s",
              place,
              why,
              patience.toSeconds());
          said = true;
        }
      }
      try {
        Thread.sleep(250);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("Stopped while waiting for the database at " + place, e);
      }
    }
  }

  /** Host, port and database, without user and password. */
  private static String place(String url) {
    return url.replaceFirst("\\?.*", "")
        .replaceFirst("^jdbc:postgresql:(//)?", "")
        .replaceFirst("^[^@/]*@", "");
  }
}

package io.payhook.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.payhook.kit.Lines;
import io.payhook.settings.DataFolder;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL that stores everything: the one that {@code payhook.database.url} names or,
 * without that setting, one that runs in the data folder. Also holds the data folder itself, for
 * one process at a time.
 *
 * <p>Registers no shutdown hook: the database outlives everything that needs it and stops when
 * {@link #close} is called.
 */
public final class Database implements AutoCloseable {
  /**
   * Statements are short, so compiling them costs more than it saves. And the meaning of a time in
   * a statement must not depend on the machine.
   */
  private static final String INITIAL = "set jit = off; set time zone 'UTC'";

  /** Poolers track the time zone for each of their clients, and nothing else. */
  private static final String INITIAL_AT_POOLER = "set time zone 'UTC'";

  /**
   * The journal's statements find every row by a key. PostgreSQL caches plans from when the tables
   * were empty, when a sequential scan looked cheapest; here it has no such choice.
   */
  private static final String BY_KEY_ALONE =
      "; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";

  /**
   * The journal says the next thing of a transaction within milliseconds. A server that hears
   * nothing for this long has lost its client without a word, and would keep what is locked for
   * hours: the next writer of the same event, and all who share its commit, would wait for it.
   */
  private static final String NEVER_IDLE = "; set idle_in_transaction_session_timeout = '5s'";

  /** The journal's statements take milliseconds; after this time, the server is gone. */
  private static final Duration JOURNAL_ANSWER = Duration.ofSeconds(10);

  /** How much longer than an attempt's timeout a connection waits for an answer. */
  private static final Duration BEYOND_AN_ATTEMPT = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Database.class);

  /** PostgreSQL 14, the oldest version that is still maintained in 2026. */
  private static final int OLDEST = 14;

  private final @Nullable DataFolder folder;
  private final @Nullable EmbeddedPostgres embedded;
  private final Settings settings;
  private final String url;
  private final Deque<HikariDataSource> pools = new ArrayDeque<>();
  private final List<ServerConnections> opened = new CopyOnWriteArrayList<>();
  private @Nullable HikariDataSource shared;
  private boolean pooler;

  private Database(
      @Nullable DataFolder folder,
      @Nullable EmbeddedPostgres embedded,
      Settings settings,
      String url) {
    this.folder = folder;
    this.embedded = embedded;
    this.settings = settings;
    this.url = url;
  }

  /**
   * Opens the database, and creates the embedded one if there is none.
   *
   * @throws StartException if it cannot be reached, created or started; one line that says what to
   *     do
   */
  public static Database open(Settings settings) {
    return open(settings, EmbeddedPostgres::start);
  }

  /**
   * As {@link #open}, but an embedded one waits for no disk, and may be damaged after a power cut:
   * for what is thrown away.
   */
  public static Database openForgetful(Settings settings) {
    return open(settings, EmbeddedPostgres::startForgetful);
  }

  private static Database open(
      Settings settings, BiFunction<Path, Path, EmbeddedPostgres> embeddedStart) {
    DataFolder folder = DataFolder.take(settings.data());
    try {
      String external = settings.get(Key.DATABASE_URL);
      if (external.isEmpty()) {
        EmbeddedPostgres embedded =
            embeddedStart.apply(
                settings.data(),
                settings
                    .get(Key.DATABASE_PROGRAMS)
                    .orElse(settings.data().resolve("postgres-programs")));
        return new Database(folder, embedded, settings, embedded.url());
      }
      Database database = new Database(folder, null, settings, external);
      database.await();
      return database;
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** Like {@link #open}; an external database needs no data folder, and may be in use. */
  public static Database openToMigrate(Settings settings) {
    String external = settings.get(Key.DATABASE_URL);
    if (external.isEmpty()) {
      return open(settings);
    }
    Database database = new Database(null, null, settings, external);
    database.await();
    return database;
  }

  /** Whether this is the embedded PostgreSQL. */
  public boolean isEmbedded() {
    return embedded != null;
  }

  /** The JDBC URL. It may contain user and password: not for logs. */
  public String url() {
    return url;
  }

  /**
   * The pool of {@code payhook.database.pool-size} connections that routes and deliveries share.
   */
  public synchronized DataSource dataSource() {
    if (shared == null) {
      ServerConnections connections =
          connections("routes", settings.get(Key.DELIVERY_TIMEOUT).plus(BEYOND_AN_ATTEMPT))
              // Untyped strings, so that a JSON text fits a numeric, date or jsonb column as SQL
              // text does.
              .with("stringtype", "unspecified");
      if (!pooler) {
        // Otherwise a role named payhook would search the journal's schema first.
        connections.with("currentSchema", "public");
      }
      shared = pool("payhook", connections, settings.get(Key.DATABASE_POOL_SIZE), INITIAL);
    }
    return shared;
  }

  /**
   * A pool for the journal only, which must not wait for others. It is closed together with this.
   */
  public synchronized DataSource journal(int size) {
    return pool(
        "journal",
        connections("journal", JOURNAL_ANSWER),
        size,
        INITIAL + BY_KEY_ALONE + NEVER_IDLE);
  }

  /** Unpooled connections, for work that may take long and changes the session. */
  public DataSource migrating() {
    return connections("migrate", Duration.ZERO);
  }

  private ServerConnections connections(String name, Duration answer) {
    ServerConnections connections =
        new ServerConnections(
            url,
            this::login,
            new JournalSchema(settings.get(Key.DATABASE_SCHEMA)),
            "payhook " + name,
            answer);
    if (pooler) {
      // A prepared statement would belong to another session.
      connections.with("prepareThreshold", "0").with("preparedStatementCacheQueries", "0");
    }
    opened.add(connections);
    return connections;
  }

  private Properties login() {
    Properties login = new Properties();
    if (embedded == null) {
      put(login, "user", settings.current(Key.DATABASE_USERNAME));
      put(login, "password", settings.current(Key.DATABASE_PASSWORD));
    }
    return login;
  }

  private HikariDataSource pool(String name, DataSource connections, int size, String initial) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(name);
    config.setDataSource(connections);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(Math.min(size, 2));
    config.setConnectionTimeout(Duration.ofSeconds(2).toMillis());
    config.setValidationTimeout(Duration.ofSeconds(1).toMillis());
    config.setInitializationFailTimeout(-1);
    config.setConnectionInitSql(pooler ? INITIAL_AT_POOLER : initial);
    HikariDataSource pool = new HikariDataSource(config);
    pools.push(pool);
    return pool;
  }

  /** The embedded server's process id, for tests that kill it. */
  long embeddedPid() {
    return embedded == null ? 0 : embedded.pid();
  }

  /** Closes all connections at once: nobody waits any longer for a server that does not respond. */
  public void abort() {
    opened.forEach(ServerConnections::abort);
  }

  /** Host, port and database, without user and password; for messages. */
  public String place() {
    return embedded == null ? place(url) : "embedded in " + settings.data().resolve("postgres");
  }

  /** Closes all pools, then stops the embedded PostgreSQL, then releases the data folder. */
  @Override
  public synchronized void close() {
    while (!pools.isEmpty()) {
      pools.pop().close();
    }
    if (embedded != null) {
      embedded.close();
    }
    if (folder != null) {
      folder.close();
    }
  }

  private static void put(Properties properties, String key, String value) {
    if (!value.isEmpty()) {
      properties.setProperty(key, value);
    }
  }

  /** Waits for a server that may still be starting; a refused login is no reason to wait. */
  private void await() {
    Duration patience = settings.get(Key.DATABASE_PATIENCE);
    String origin = settings.origin(Key.DATABASE_URL);
    DataSource connections = connections("start", JOURNAL_ANSWER);
    String place = place(url);
    long end = System.nanoTime() + patience.toNanos();
    boolean said = false;
    while (true) {
      try (Connection connection = connections.getConnection()) {
        int version = connection.getMetaData().getDatabaseMajorVersion();
        if (version < OLDEST) {
          throw new StartException(
              "The database at %s is PostgreSQL %d; Payhook needs %d or newer"
                  .formatted(place, version, OLDEST));
        }
        pooler = isPooler(connection);
        return;
      } catch (SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        String why = Lines.first(e.getMessage()).replaceFirst("^FATAL: ", "");
        // 28: login refused; 3D: no such database. Only a person can change that.
        if (state.startsWith("28") || state.startsWith("3D")) {
          throw new StartException(
              ("The database at %s refuses: %s; see payhook.database.url (%s), .username and"
                      + " .password")
                  .formatted(place, why, origin),
              e);
        }
        if (System.nanoTime() > end) {
          throw new StartException(
              ("The database at %s cannot be reached: %s; gave up after %d s; see"
                      + " payhook.database.url (%s)")
                  .formatted(place, why, patience.toSeconds(), origin),
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

  /**
   * Whether a pooler is in between that assigns a session per transaction. A pooler invents the
   * process id that it reports at login.
   */
  private boolean isPooler(Connection connection) throws SQLException {
    String set = settings.get(Key.DATABASE_POOLER);
    if (!set.equals("auto")) {
      return set.equals("transaction");
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      boolean found = row.getInt(1) != connection.unwrap(PGConnection.class).getBackendPID();
      if (found) {
        LOG.info(
            "There is a pooler in front of the database: Payhook prepares no statements and "
                + "keeps no session state. If each client has a session of its own, "
                + "payhook.database.pooler=none is faster.");
      }
      return found;
    }
  }

  /** Host, port and database, without user and password. */
  private static String place(String url) {
    return url.replaceFirst("\\?.*", "")
        .replaceFirst("^jdbc:postgresql:(//)?", "")
        .replaceFirst("^[^@/]*@", "");
  }
}

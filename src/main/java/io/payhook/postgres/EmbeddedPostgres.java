package io.payhook.postgres;

import io.payhook.settings.DataFolder;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL in the data folder: durable, on loopback only, behind a generated password, and
 * restarted when it dies. It is a process group of its own, so a Ctrl-C meant for Payhook does not
 * reach it, and only {@link #close} stops it; one that a killed Payhook left behind is stopped at
 * the next start.
 */
final class EmbeddedPostgres implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
  private static final Duration WATCH = Duration.ofMillis(250);

  private final Cluster cluster;
  private final ServerProcess server;
  private final Path urlFile;
  private volatile boolean closing;
  private volatile @Nullable Thread watch;

  private EmbeddedPostgres(Path data, Cluster cluster) {
    this.cluster = cluster;
    this.server = new ServerProcess(cluster);
    this.urlFile = data.resolve("database.url");
  }

  /**
   * Starts the server, after creating it if there is none.
   *
   * @param data the data folder, locked by this process
   * @param programsFolder where the binaries are unpacked
   */
  static EmbeddedPostgres start(Path data, Path programsFolder) {
    return start(data, programsFolder, Unprivileged.find(), true);
  }

  /**
   * As {@link #start(Path, Path)}, for what nobody misses after a power cut: it waits for no disk,
   * which takes most of the time of making and dropping a database.
   */
  static EmbeddedPostgres startForgetful(Path data, Path programsFolder) {
    return start(data, programsFolder, Unprivileged.find(), false);
  }

  static EmbeddedPostgres start(
      Path data, Path programsFolder, Unprivileged unprivileged, boolean durable) {
    PostgresPrograms programs = PostgresPrograms.in(programsFolder);
    String password = DataFolder.secret(data.resolve("database.password"), 24);
    ProgramRunner runner = new ProgramRunner(programs, unprivileged, data);
    EmbeddedPostgres postgres = new EmbeddedPostgres(data, new Cluster(runner, password, durable));
    try {
      postgres.open();
    } catch (IOException e) {
      postgres.close();
      throw DataFolder.unusable("The data folder " + data, e);
    } catch (RuntimeException e) {
      postgres.close();
      throw e;
    }
    postgres.watchOver();
    return postgres;
  }

  private void open() throws IOException {
    cluster.prepare();
    server.stop();
    server.startOnFreePort();
    if (!takesThePassword()) {
      server.stop();
      cluster.resetPassword(ServerProcess.RECOVERY);
      server.startOnFreePort();
    }
    createDatabase();
    DataFolder.writePrivate(urlFile, url() + "\n");
  }

  /** The JDBC URL, with user and password. */
  synchronized String url() {
    return url(Cluster.NAME);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s?user=%s&password=%s"
        .formatted(server.port(), database, Cluster.NAME, cluster.password());
  }

  /** The process id of the server. */
  synchronized long pid() {
    return server.pid();
  }

  /**
   * Whether the password is the database's: its file may have been lost, or belong to another
   * database.
   */
  private boolean takesThePassword() {
    try (Connection connection = connect()) {
      return connection.isValid(0);
    } catch (SQLException e) {
      // Any other error is reported by whoever needs the connection.
      return !"28P01".equals(e.getSQLState());
    }
  }

  /** A connection to the database that every server has. */
  private Connection connect() throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("loginTimeout", "30");
    return DriverManager.getConnection(url("postgres"), properties);
  }

  private void createDatabase() {
    try (Connection connection = connect();
        var statement = connection.createStatement();
        var found =
            statement.executeQuery(
                "SELECT 1 FROM pg_database WHERE datname = '" + Cluster.NAME + "'")) {
      if (!found.next()) {
        statement.execute("CREATE DATABASE " + Cluster.NAME);
      }
    } catch (SQLException e) {
      throw new StartException(
          "PostgreSQL in %s runs but cannot be used: %s; %s"
              .formatted(cluster.folder(), e.getMessage(), cluster.hint()),
          e);
    }
  }

  private void watchOver() {
    Thread thread = new Thread(this::watch, "postgres-watch");
    thread.setDaemon(true);
    thread.start();
    watch = thread;
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(WATCH.toMillis());
        synchronized (this) {
          if (closing) {
            return;
          }
          if (server.hasEnded()) {
            restart();
          }
        }
      }
    } catch (InterruptedException e) {
      // close() ends the watch.
    }
  }

  private synchronized void restart() throws InterruptedException {
    LOG.warn("The embedded PostgreSQL (process {}) has ended; starting it again", server.pid());
    for (long pause = 250; !closing; pause = Math.min(2 * pause, 10_000)) {
      String problem;
      try {
        server.stop();
        problem = server.start().orElse("");
      } catch (IOException | StartException e) {
        problem = String.valueOf(e.getMessage());
      }
      if (problem.isEmpty()) {
        LOG.info("The embedded PostgreSQL is running again (process {})", server.pid());
        return;
      }
      LOG.warn("The embedded PostgreSQL does not start: {}; trying again in {} ms", problem, pause);
      wait(pause);
    }
  }

  /** Stops the server: running transactions are rolled back, committed ones are kept. */
  @Override
  public void close() {
    closing = true;
    Thread watching = watch;
    if (watching != null) {
      watching.interrupt();
    }
    // The server must be stopped even if this thread is interrupted.
    boolean interrupted = Thread.interrupted();
    try {
      synchronized (this) {
        Files.deleteIfExists(urlFile);
        server.stop();
      }
    } catch (IOException | StartException e) {
      LOG.warn(
          "The embedded PostgreSQL (process {}) did not stop cleanly: {}",
          server.pid(),
          e.getMessage());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

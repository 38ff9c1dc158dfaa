package io.payhook.postgres;

import io.payhook.settings.DataFolder;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL for trial runs, never the one that holds the journal: in {@code check/} in the data
 * folder, created once, started when the first connection is requested and stopped when this is
 * closed. Its users roll back, so it stays empty.
 */
public final class ScratchDatabase implements AutoCloseable {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

  private final Path folder;
  private final Path programs;
  private @Nullable DataFolder taken;
  private @Nullable EmbeddedPostgres postgres;

  /** Nothing is started yet. */
  public ScratchDatabase(Settings settings) {
    this.folder = settings.data().resolve("check");
    this.programs =
        settings.get(Key.DATABASE_PROGRAMS).orElse(settings.data().resolve("postgres-programs"));
  }

  /**
   * A connection to an empty database.
   *
   * @throws StartException if it cannot be started; one line that says what to do
   */
  public synchronized Connection connect() throws SQLException {
    EmbeddedPostgres running = postgres;
    if (running == null) {
      taken = take();
      running = EmbeddedPostgres.startForgetful(folder, programs);
      postgres = running;
    }
    return DriverManager.getConnection(running.url());
  }

  /** Waits for a concurrent check. */
  private DataFolder take() {
    long end = System.nanoTime() + PATIENCE;
    while (true) {
      try {
        return DataFolder.take(folder);
      } catch (StartException e) {
        boolean busy = String.valueOf(e.getMessage()).contains("is in use");
        if (!busy || System.nanoTime() > end) {
          throw e;
        }
      }
      try {
        TimeUnit.MILLISECONDS.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("Stopped while waiting for another check", e);
      }
    }
  }

  @Override
  public synchronized void close() {
    if (postgres != null) {
      postgres.close();
      postgres = null;
    }
    if (taken != null) {
      taken.close();
      taken = null;
    }
  }
}

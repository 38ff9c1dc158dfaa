package io.payhook.service;

import java.nio.file.Path;
import java.util.List;

/**
 * An embedded PostgreSQL for what need not survive a power cut: it waits for no disk, which
 * otherwise takes most of the time of making and dropping a database.
 */
public final class ForgetfulPostgres implements AutoCloseable {
  private static final List<String> OPTIONS =
      List.of("fsync=off", "full_page_writes=off", "max_wal_size=1GB", "scram_iterations=1");

  private final DataFolder taken;
  private final EmbeddedPostgres postgres;

  private ForgetfulPostgres(DataFolder taken, EmbeddedPostgres postgres) {
    this.taken = taken;
    this.postgres = postgres;
  }

  /**
   * Starts it; made first where there is none.
   *
   * @throws StartException as {@link Database#open}, such as when another process has the folder
   */
  public static ForgetfulPostgres start(Path data, Path programs) {
    DataFolder taken = DataFolder.take(data);
    try {
      return new ForgetfulPostgres(
          taken, EmbeddedPostgres.start(data, programs, Unprivileged.find(), OPTIONS));
    } catch (RuntimeException e) {
      taken.close();
      throw e;
    }
  }

  /** The JDBC URL of its first database, with user and password. */
  public String url() {
    return postgres.url();
  }

  @Override
  public void close() {
    postgres.close();
    taken.close();
  }
}

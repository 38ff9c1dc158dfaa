package io.payhook.postgres;

import io.payhook.settings.DataFolder;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The embedded server's files: its data directory {@code postgres} in the data folder, created once
 * and never replaced, and its log.
 *
 * @param durable whether creating it waits for the disk
 */
record Cluster(ProgramRunner runner, String password, boolean durable) {
  /** The name of the user and of the database. */
  static final String NAME = "payhook";

  private static final long LOG_LIMIT = 10 << 20;

  /** What PostgreSQL says if its data directory is damaged. */
  private static final Pattern DAMAGE =
      Pattern.compile(
          "pg_control|control file|checkpoint record|checksum|invalid (page|magic)|not a valid data directory"
              + "|could not (open|read|access) (file|directory) \"(global|base|pg_\\w+)[/\"]");

  Path folder() {
    return runner.data().resolve("postgres");
  }

  Path log() {
    return runner.data().resolve("postgres.log");
  }

  /**
   * Makes the files ready for the server's user, and creates the cluster if there is none.
   *
   * @throws StartException if there is one that this PostgreSQL cannot use
   */
  void prepare() throws IOException {
    Path data = runner.data();
    Unprivileged unprivileged = runner.unprivileged();
    unprivileged.mayEnter(data);
    unprivileged.mayEnter(runner.programs().folder());
    if (isThere()) {
      refuseOtherVersion();
      unprivileged.own(folder());
    } else {
      create();
    }
    if (Files.exists(log()) && Files.size(log()) > LOG_LIMIT) {
      Files.move(log(), data.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    if (!Files.exists(log())) {
      DataFolder.openPrivate(log()).close();
    }
    unprivileged.own(log());
  }

  private boolean isThere() throws IOException {
    if (!Files.isDirectory(folder()) || Files.exists(version())) {
      return Files.isDirectory(folder());
    }
    try (Stream<Path> files = Files.list(folder())) {
      if (files.findAny().isPresent()) {
        throw new StartException(
            folder()
                + " is not a database: its file PG_VERSION is missing; restore the folder from a backup, or move it away"
                + " to start with an empty one");
      }
    }
    Files.delete(folder());
    return false;
  }

  private Path version() {
    return folder().resolve("PG_VERSION");
  }

  private void refuseOtherVersion() throws IOException {
    String version = DataFolder.read(version()).orElse("");
    String ours = runner.programs().version();
    if (!version.equals(ours)) {
      throw new StartException(
          ("%s was made by PostgreSQL %s, this Payhook brings PostgreSQL %s; move its data over with pg_dump"
                  + " of the old version, or set payhook.database.url to a server that can read it")
              .formatted(folder(), version, ours));
    }
  }

  /**
   * Created beside its final place and moved there, so that a kill in between leaves nothing
   * half-done.
   */
  private void create() throws IOException {
    Path made = runner.data().resolve("postgres.new");
    PostgresPrograms.delete(made);
    Files.createDirectory(
        made, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    runner.unprivileged().own(made);
    Path passwordFile = runner.data().resolve("database.password.once");
    DataFolder.writePrivate(passwordFile, password + "\n");
    runner.unprivileged().own(passwordFile);
    try {
      List<String> options =
          new ArrayList<>(
              List.of(
                  "--pgdata=" + made,
                  "--username=" + NAME,
                  "--auth=scram-sha-256",
                  "--pwfile=" + passwordFile,
                  "--encoding=UTF8",
                  "--locale=C",
                  "--locale-provider=builtin",
                  "--builtin-locale=C.UTF-8",
                  "--data-checksums",
                  // For our own password: it is random, so iterations make it no harder to guess,
                  // but they take most of the time of a login.
                  "--set=scram_iterations=1",
                  "--no-instructions"));
      if (!durable) {
        options.add("--no-sync");
      }
      require(
          runner.run(Duration.ofMinutes(2), "initdb", options.toArray(String[]::new)),
          "cannot be made");
    } finally {
      Files.deleteIfExists(passwordFile);
    }
    Files.move(made, folder(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** The owner of a data directory may set its password. */
  void resetPassword(Duration patience) throws IOException {
    require(
        runner.feed(
            "ALTER USER " + NAME + " PASSWORD '" + password + "'\n",
            patience,
            "postgres",
            "--single",
            "-D",
            folder().toString(),
            "postgres"),
        "does not take a new password");
  }

  private void require(ProgramRunner.Outcome outcome, String problem) {
    if (outcome.code() != 0) {
      throw new StartException(
          "The database in %s %s: %s; %s".formatted(folder(), problem, outcome.lastLine(), hint()));
    }
  }

  /** What to do about a problem that this program does not know. */
  String hint() {
    return "look into " + log() + ", and set payhook.database.url to use a PostgreSQL of your own";
  }

  /** Why the server does not start, and what to do. */
  StartException startProblem(String problem) {
    return new StartException(
        "PostgreSQL does not start in %s: %s; the whole story is in %s; %s"
            .formatted(
                folder(),
                problem,
                log(),
                DAMAGE.matcher(problem).find()
                    ? "restore the folder from a backup, or move it away to start with an empty one"
                    : "the database in it is untouched: mend that, and start again"));
  }
}

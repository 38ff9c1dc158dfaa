package io.payhook.service;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

  static final String NAME = "payhook";

  /** What PostgreSQL says if its data directory is damaged. */
  private static final Pattern DAMAGE =
      Pattern.compile(
          "pg_control|control file|checkpoint record|checksum|invalid (page|magic)|not a valid data directory"
              + "|could not (open|read|access) (file|directory) \"(global|base|pg_\\w+)[/\"]");

  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  /** A start may have to replay all WAL since the last checkpoint. */
  private static final Duration RECOVERY = Duration.ofMinutes(5);

  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Duration WATCH = Duration.ofMillis(250);
  private static final long LOG_LIMIT = 10 << 20;

  private final Path data;
  private final Path cluster;
  private final Path log;
  private final PostgresPrograms programs;
  private final Unprivileged unprivileged;
  private final String password;
  private final boolean durable;
  private int port;
  private long pid;
  private volatile boolean closing;
  private volatile @Nullable Thread watch;

  private EmbeddedPostgres(
      Path data,
      PostgresPrograms programs,
      Unprivileged unprivileged,
      String password,
      boolean durable) {
    this.data = data;
    this.cluster = data.resolve("postgres");
    this.log = data.resolve("postgres.log");
    this.programs = programs;
    this.unprivileged = unprivileged;
    this.password = password;
    this.durable = durable;
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
    EmbeddedPostgres postgres =
        new EmbeddedPostgres(
            data,
            programs,
            unprivileged,
            DataFolder.secret(data.resolve("database.password"), 24),
            durable);
    try {
      postgres.prepare();
      postgres.startOnFreePort();
      if (!postgres.takesThePassword()) {
        postgres.stopLeftover();
        postgres.resetPassword();
        postgres.startOnFreePort();
      }
      postgres.createDatabase();
      DataFolder.writePrivate(data.resolve("database.url"), postgres.url() + "\n");
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

  /** The JDBC URL, with user and password. */
  synchronized String url() {
    return url(NAME);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:"
        + port
        + "/"
        + database
        + "?user="
        + NAME
        + "&password="
        + password;
  }

  /** The process id of the server. */
  synchronized long pid() {
    return pid;
  }

  private void prepare() throws IOException {
    unprivileged.mayEnter(data);
    unprivileged.mayEnter(programs.folder());
    boolean there = Files.isDirectory(cluster);
    if (there && !Files.exists(cluster.resolve("PG_VERSION"))) {
      try (Stream<Path> files = Files.list(cluster)) {
        if (files.findAny().isPresent()) {
          throw new StartException(
              cluster
                  + " is not a database: its file PG_VERSION is missing; restore the folder from a backup, or move it away"
                  + " to start with an empty one");
        }
      }
      Files.delete(cluster);
      there = false;
    }
    if (there) {
      String version = DataFolder.read(cluster.resolve("PG_VERSION")).orElse("");
      if (!version.equals(programs.version())) {
        throw new StartException(
            cluster
                + " was made by PostgreSQL "
                + version
                + ", this Payhook brings PostgreSQL "
                + programs.version()
                + "; move its data over with pg_dump of the old version, or set payhook.database.url to a server that can"
                + " read it");
      }
      unprivileged.own(cluster);
      stopLeftover();
    } else {
      initialise();
    }
    if (Files.exists(log) && Files.size(log) > LOG_LIMIT) {
      Files.move(log, data.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    if (!Files.exists(log)) {
      DataFolder.openPrivate(log).close();
    }
    unprivileged.own(log);
  }

  /**
   * Created beside its final place and moved there, so that a kill in between leaves nothing
   * half-done.
   */
  private void initialise() throws IOException {
    Path made = data.resolve("postgres.new");
    PostgresPrograms.delete(made);
    Files.createDirectory(
        made, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    unprivileged.own(made);
    Path passwordFile = data.resolve("database.password.once");
    DataFolder.writePrivate(passwordFile, password + "\n");
    unprivileged.own(passwordFile);
    try {
      List<String> initdb =
          new ArrayList<>(
              List.of(
                  programs.program("initdb"),
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
        initdb.add("--no-sync");
      }
      Outcome outcome = run(Duration.ofMinutes(2), initdb.toArray(String[]::new));
      if (outcome.code() != 0) {
        throw new StartException(
            "The database in "
                + cluster
                + " cannot be made: "
                + outcome.lastLine()
                + "; "
                + hint());
      }
    } finally {
      Files.deleteIfExists(passwordFile);
    }
    Files.move(made, cluster, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Whether the password is the database's: its file may have been lost, or belong to another
   * database.
   */
  private boolean takesThePassword() {
    try (Connection connection = connect("postgres")) {
      return connection.isValid(0);
    } catch (SQLException e) {
      // Any other error is reported by whoever needs the connection.
      return !"28P01".equals(e.getSQLState());
    }
  }

  private Connection connect(String database) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("loginTimeout", "30");
    return DriverManager.getConnection(url(database), properties);
  }

  /** The owner of a data directory may set its password. */
  private void resetPassword() throws IOException {
    Outcome outcome =
        feed(
            "ALTER USER " + NAME + " PASSWORD '" + password + "'\n",
            RECOVERY,
            programs.program("postgres"),
            "--single",
            "-D",
            cluster.toString(),
            "postgres");
    if (outcome.code() != 0) {
      throw new StartException(
          "The database in "
              + cluster
              + " does not take a new password: "
              + outcome.lastLine()
              + "; "
              + hint());
    }
  }

  private String hint() {
    return "look into " + log + ", and set payhook.database.url to use a PostgreSQL of your own";
  }

  private void startOnFreePort() throws IOException {
    for (int attempt = 1; ; attempt++) {
      port = freePort();
      Optional<String> problem = startServer();
      if (problem.isEmpty()) {
        return;
      }
      boolean portTaken = problem.get().contains("could not create any TCP/IP sockets");
      if (!portTaken || attempt == 5) {
        throw new StartException(
            "PostgreSQL does not start in "
                + cluster
                + ": "
                + problem.get()
                + "; the whole story is in "
                + log
                + (DAMAGE.matcher(problem.get()).find()
                    ? "; restore the folder from a backup, or move it away to start with an empty one"
                    : "; the database in it is untouched: mend that, and start again"));
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(LOOPBACK))) {
      return socket.getLocalPort();
    }
  }

  /** Starts the server and waits until it accepts connections, or reports why it does not. */
  private Optional<String> startServer() throws IOException {
    long before = Files.size(log);
    List<String> options = new ArrayList<>();
    for (String option :
        List.of(
            // What a 200 relies on.
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            // Loopback only, and no socket files, whose paths must not be longer than 107 bytes.
            "listen_addresses=127.0.0.1",
            "port=" + port,
            "unix_socket_directories=",
            // For the roles that a person adds.
            "scram_iterations=4096",
            // Small, but enough for one node and a person who looks.
            "max_connections=60",
            "shared_buffers=64MB",
            "max_worker_processes=2",
            "max_parallel_workers=0",
            "max_wal_senders=2",
            "jit=off",
            "huge_pages=off",
            "timezone=UTC",
            // No statements and no values in the log.
            "logging_collector=off",
            "log_destination=stderr",
            "log_timezone=UTC",
            "log_min_messages=log",
            "log_min_error_statement=panic",
            "log_error_verbosity=terse",
            "log_checkpoints=off")) {
      options.add("-c " + option);
    }
    if (!durable) {
      options.addAll(List.of("-c fsync=off", "-c full_page_writes=off"));
    }
    Outcome outcome =
        run(
            RECOVERY.plusSeconds(5),
            programs.program("pg_ctl"),
            "start",
            "--silent",
            "--wait",
            "--timeout=" + RECOVERY.toSeconds(),
            "--pgdata=" + cluster,
            "--log=" + log,
            "--options=" + String.join(" ", options));
    if (outcome.code() == 0) {
      pid = recordedPid().orElse(0L);
      return Optional.empty();
    }
    return Optional.of(complaint(before).orElse(outcome.lastLine()));
  }

  /** The last reason that the server logged for giving up, in one line. */
  private Optional<String> complaint(long from) throws IOException {
    byte[] bytes = Files.readAllBytes(log);
    int start = (int) Math.min(from, bytes.length);
    List<String> lines =
        new String(bytes, start, bytes.length - start, StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank() && !line.contains(" LOG: "))
            .toList();
    Optional<String> fatal =
        lines.stream()
            .filter(line -> line.contains("FATAL:") || line.contains("PANIC:"))
            .reduce((first, second) -> second)
            .map(line -> line.replaceFirst("^.*?(FATAL|PANIC):\\s*", ""));
    return fatal.isPresent() || lines.isEmpty()
        ? fatal
        : Optional.of(String.join(" ", lines).strip());
  }

  private void createDatabase() {
    try (Connection connection = connect("postgres");
        var statement = connection.createStatement()) {
      try (var found =
          statement.executeQuery("SELECT 1 FROM pg_database WHERE datname = '" + NAME + "'")) {
        if (found.next()) {
          return;
        }
      }
      statement.execute("CREATE DATABASE " + NAME);
    } catch (SQLException e) {
      throw new StartException(
          "PostgreSQL in "
              + cluster
              + " runs but cannot be used: "
              + e.getMessage()
              + "; "
              + hint(),
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
          if (!alive(pid) && answersNot()) {
            restart();
          }
        }
      }
    } catch (InterruptedException e) {
      // close() ends the watch.
    }
  }

  /**
   * Whether the server no longer accepts connections. A process that cannot be inspected may be
   * alive: a JVM that has run out of file descriptors sees none.
   */
  private boolean answersNot() {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port), (int) WATCH.toMillis());
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private synchronized void restart() throws InterruptedException {
    LOG.warn("The embedded PostgreSQL (process {}) has ended; starting it again", pid);
    for (long pause = 250; !closing; pause = Math.min(2 * pause, 10_000)) {
      String problem;
      try {
        stopLeftover();
        problem = startServer().orElse("");
      } catch (IOException | StartException e) {
        problem = String.valueOf(e.getMessage());
      }
      if (problem.isEmpty()) {
        LOG.info("The embedded PostgreSQL is running again (process {})", pid);
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
        Files.deleteIfExists(data.resolve("database.url"));
        if (Files.isDirectory(cluster)) {
          stopLeftover();
        }
      }
    } catch (IOException | StartException e) {
      LOG.warn(
          "The embedded PostgreSQL (process {}) did not stop cleanly: {}", pid, e.getMessage());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Kills every process that works on this cluster. The process id in {@code postmaster.pid} alone
   * proves nothing, since the system may have reused it; the process has to be a PostgreSQL in this
   * very folder.
   */
  private void stopLeftover() throws IOException {
    Optional<Long> recorded = recordedPid();
    if (recorded.isPresent()) {
      long server = recorded.get();
      if (alive(server) && worksHere(server)) {
        Outcome outcome =
            run(
                STOP.plusSeconds(5),
                programs.program("pg_ctl"),
                "stop",
                "--silent",
                "--wait",
                "--mode=fast",
                "--timeout=" + STOP.toSeconds(),
                "--pgdata=" + cluster);
        if (outcome.code() != 0 && alive(server)) {
          LOG.warn(
              "PostgreSQL (process {}) does not stop; ending it, it recovers at the next start",
              server);
          run(
              STOP,
              programs.program("pg_ctl"),
              "stop",
              "--silent",
              "--mode=immediate",
              "--pgdata=" + cluster);
        }
      }
    }
    waitForTheEnd(recorded);
    if (recorded.isEmpty() || ProcessHandle.of(recorded.get()).isPresent()) {
      // There is no process id, as after a power failure; or it belongs to another program by now,
      // or to a dead server that nobody has reaped. PostgreSQL would take it for a running server
      // and refuse to start.
      Files.deleteIfExists(cluster.resolve("postmaster.pid"));
    }
  }

  /**
   * A server takes a moment to stop, and the children of a killed one end as soon as they notice;
   * no new server may start before.
   */
  private void waitForTheEnd(Optional<Long> recorded) throws IOException {
    long end = System.nanoTime() + STOP.toNanos();
    while (true) {
      List<Long> running = workingHere();
      recorded
          .filter(pid -> !running.contains(pid) && alive(pid) && worksHere(pid))
          .ifPresent(running::add);
      if (running.isEmpty()) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new StartException(
            "PostgreSQL processes "
                + running
                + " still run in "
                + cluster
                + " and cannot be stopped; end them and start again");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("Stopped while waiting for PostgreSQL processes " + running, e);
      }
    }
  }

  private Optional<Long> recordedPid() throws IOException {
    Optional<String> text = DataFolder.read(cluster.resolve("postmaster.pid"));
    try {
      return text.flatMap(lines -> lines.lines().findFirst())
          .map(line -> Long.valueOf(line.strip()));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Whether the process is running; a zombie is not. */
  static boolean alive(long pid) {
    if (!ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
      return false;
    }
    try {
      String state =
          Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
      return !state.substring(state.lastIndexOf(')') + 1).strip().startsWith("Z");
    } catch (IOException e) {
      return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
  }

  /**
   * The working directory of PostgreSQL's processes is their data directory; if the system does not
   * show it, the arguments must do.
   */
  private boolean worksHere(long pid) {
    Path folder = Path.of("/proc/" + pid + "/cwd");
    try {
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        return Files.readSymbolicLink(folder).equals(cluster.toRealPath())
            && DataFolder.read(folder.resolveSibling("comm")).orElse("").equals("postgres");
      }
    } catch (IOException e) {
      // Not visible to us: look at the arguments.
    }
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().commandLine())
        .map(line -> line.contains("postgres") && line.contains(cluster.toString()))
        .orElse(false);
  }

  private List<Long> workingHere() throws IOException {
    Path processes = Path.of("/proc");
    if (!Files.isDirectory(processes.resolve("self"))) {
      return new ArrayList<>();
    }
    Path here = cluster.toRealPath();
    List<Long> found = new ArrayList<>();
    try (var folders = Files.newDirectoryStream(processes, "[0-9]*")) {
      for (Path folder : folders) {
        try {
          // The working directory of a shell may be the same.
          if (DataFolder.read(folder.resolve("comm")).orElse("").equals("postgres")
              && Files.readSymbolicLink(folder.resolve("cwd")).equals(here)) {
            found.add(Long.valueOf(folder.getFileName().toString()));
          }
        } catch (IOException | NumberFormatException e) {
          // Gone, or not ours to inspect.
        }
      }
    }
    return found;
  }

  /** How a program ended. */
  private record Outcome(int code, String output) {
    String lastLine() {
      return output
          .lines()
          .filter(line -> !line.isBlank())
          .reduce((a, b) -> b)
          .orElse("exit code " + code);
    }
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new StartException(
          "PostgreSQL cannot be run: "
              + e.getMessage()
              + "; where programs may not run from that folder (noexec), name another with payhook.database.programs",
          e);
    }
  }

  private Outcome run(Duration patience, String... command) throws IOException {
    return feed("", patience, command);
  }

  private Outcome feed(String input, Duration patience, String... command) throws IOException {
    List<String> whole = new ArrayList<>(unprivileged.prefix());
    whole.addAll(List.of(command));
    ProcessBuilder builder = new ProcessBuilder(whole);
    builder.directory(data.toFile());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
    builder.environment().put("LC_ALL", "C");
    // A file, not a pipe, because the server would keep a pipe open.
    Path output = Files.createTempFile(data, "postgres", ".out");
    try {
      builder.redirectErrorStream(true).redirectOutput(output.toFile());
      Process process = start(builder);
      try (var stdin = process.getOutputStream()) {
        stdin.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // It has ended already; its exit code says why.
      }
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        return new Outcome(-1, command[0] + " did not end within " + patience.toSeconds() + " s");
      }
      return new Outcome(
          process.exitValue(), Files.readString(output, StandardCharsets.ISO_8859_1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("Stopped while waiting for " + command[0], e);
    } finally {
      Files.deleteIfExists(output);
    }
  }
}

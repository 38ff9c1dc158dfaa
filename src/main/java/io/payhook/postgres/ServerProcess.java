package io.payhook.postgres;

import io.payhook.settings.StartException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server on a cluster: how it is started, found and stopped. Not thread-safe. */
final class ServerProcess {
  private static final Logger LOG = LoggerFactory.getLogger(ServerProcess.class);
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  /** A start may have to replay all WAL since the last checkpoint. */
  static final Duration RECOVERY = Duration.ofMinutes(5);

  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Duration CONNECT = Duration.ofMillis(250);

  private static final List<String> OPTIONS =
      List.of(
          // What a 200 relies on.
          "fsync=on",
          "synchronous_commit=on",
          "full_page_writes=on",
          // Loopback only, and no socket files, whose paths must not be longer than 107 bytes.
          "listen_addresses=127.0.0.1",
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
          "log_checkpoints=off");

  private final Cluster cluster;
  private final ClusterProcesses processes;
  private int port;
  private long pid;

  ServerProcess(Cluster cluster) {
    this.cluster = cluster;
    this.processes = new ClusterProcesses(cluster.folder());
  }

  int port() {
    return port;
  }

  /** The process id of the server that was started last; 0 if there was none. */
  long pid() {
    return pid;
  }

  /**
   * Starts the server on a free port and waits until it accepts connections.
   *
   * @throws StartException if it does not start
   */
  void startOnFreePort() throws IOException {
    for (int attempt = 1; ; attempt++) {
      port = freePort();
      Optional<String> problem = start();
      if (problem.isEmpty()) {
        return;
      }
      boolean portTaken = problem.get().contains("could not create any TCP/IP sockets");
      if (!portTaken || attempt == 5) {
        throw cluster.startProblem(problem.get());
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(LOOPBACK))) {
      return socket.getLocalPort();
    }
  }

  /**
   * Starts the server on the same port and waits until it accepts connections, or reports why it
   * does not.
   */
  Optional<String> start() throws IOException {
    long before = Files.size(cluster.log());
    List<String> options = new ArrayList<>(OPTIONS);
    options.add("port=" + port);
    if (!cluster.durable()) {
      options.addAll(List.of("fsync=off", "full_page_writes=off"));
    }
    ProgramRunner.Outcome outcome =
        cluster
            .runner()
            .run(
                RECOVERY.plusSeconds(5),
                "pg_ctl",
                "start",
                "--silent",
                "--wait",
                "--timeout=" + RECOVERY.toSeconds(),
                "--pgdata=" + cluster.folder(),
                "--log=" + cluster.log(),
                "--options=-c " + String.join(" -c ", options));
    if (outcome.code() == 0) {
      pid = processes.recorded().orElse(0L);
      return Optional.empty();
    }
    return Optional.of(complaint(before).orElse(outcome.lastLine()));
  }

  /** The last reason that the server logged for giving up, in one line. */
  private Optional<String> complaint(long from) throws IOException {
    byte[] bytes = Files.readAllBytes(cluster.log());
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

  /**
   * Whether the server has ended. A process that cannot be inspected may be alive: a JVM that has
   * run out of file descriptors sees none.
   */
  boolean hasEnded() {
    return !ClusterProcesses.alive(pid) && refusesConnections();
  }

  private boolean refusesConnections() {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port),
          (int) CONNECT.toMillis());
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Stops every server on this cluster, whoever started it: running transactions are rolled back,
   * committed ones are kept.
   */
  void stop() throws IOException {
    if (!Files.isDirectory(cluster.folder())) {
      return;
    }
    Optional<Long> recorded = processes.recorded();
    if (recorded.isPresent() && processes.isServer(recorded.get())) {
      ProgramRunner.Outcome outcome =
          stop(STOP.plusSeconds(5), "fast", "--wait", "--timeout=" + STOP.toSeconds());
      if (outcome.code() != 0 && ClusterProcesses.alive(recorded.get())) {
        LOG.warn(
            "PostgreSQL (process {}) does not stop; ending it, it recovers at the next start",
            recorded.get());
        stop(STOP, "immediate");
      }
    }
    processes.awaitEnd(recorded, STOP);
    processes.forget(recorded);
  }

  private ProgramRunner.Outcome stop(Duration patience, String mode, String... more)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of("stop", "--silent", "--mode=" + mode, "--pgdata=" + cluster.folder()));
    arguments.addAll(List.of(more));
    return cluster.runner().run(patience, "pg_ctl", arguments.toArray(String[]::new));
  }
}

package io.payhook.postgres;

import io.payhook.settings.DataFolder;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The PostgreSQL processes that work on a data directory. The process id in {@code postmaster.pid}
 * alone proves nothing, since the system may have reused it; the process has to be a PostgreSQL in
 * this very folder.
 */
record ClusterProcesses(Path cluster) {

  /** The server that {@code postmaster.pid} names, whether or not it is one. */
  Optional<Long> recorded() throws IOException {
    try {
      return DataFolder.read(pidFile())
          .flatMap(lines -> lines.lines().findFirst())
          .map(line -> Long.valueOf(line.strip()));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Removes a record that would keep the next server from starting. */
  void forget(Optional<Long> recorded) throws IOException {
    if (recorded.isEmpty() || ProcessHandle.of(recorded.get()).isPresent()) {
      // There is no process id, as after a power failure; or it belongs to another program by now,
      // or to a dead server that nobody has reaped. PostgreSQL would take it for a running server
      // and refuse to start.
      Files.deleteIfExists(pidFile());
    }
  }

  private Path pidFile() {
    return cluster.resolve("postmaster.pid");
  }

  /** Whether the process is running; a zombie is not. */
  static boolean alive(long pid) {
    if (!exists(pid)) {
      return false;
    }
    try {
      String state =
          Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
      return !state.substring(state.lastIndexOf(')') + 1).strip().startsWith("Z");
    } catch (IOException e) {
      return exists(pid);
    }
  }

  private static boolean exists(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  /** Whether the process is a PostgreSQL that is running on this cluster. */
  boolean isServer(long pid) {
    return alive(pid) && worksHere(pid);
  }

  /**
   * The working directory of PostgreSQL's processes is their data directory; if the system does not
   * show it, the arguments must do.
   */
  private boolean worksHere(long pid) {
    Path folder = Path.of("/proc/" + pid);
    try {
      if (Files.exists(folder.resolve("cwd"), LinkOption.NOFOLLOW_LINKS)) {
        return worksIn(cluster.toRealPath(), folder);
      }
    } catch (IOException e) {
      // Not visible to us: look at the arguments.
    }
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().commandLine())
        .map(line -> line.contains("postgres") && line.contains(cluster.toString()))
        .orElse(false);
  }

  /** The working directory of a shell may be the same. */
  private static boolean worksIn(Path here, Path process) throws IOException {
    return DataFolder.read(process.resolve("comm")).orElse("").equals("postgres")
        && Files.readSymbolicLink(process.resolve("cwd")).equals(here);
  }

  /**
   * A server takes a moment to stop, and the children of a killed one end as soon as they notice;
   * no new server may start before.
   *
   * @throws StartException if they do not end in time
   */
  void awaitEnd(Optional<Long> recorded, Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      List<Long> running = running();
      recorded.filter(pid -> !running.contains(pid) && isServer(pid)).ifPresent(running::add);
      if (running.isEmpty()) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new StartException(
            "PostgreSQL processes %s still run in %s and cannot be stopped; end them and start again"
                .formatted(running, cluster));
      }
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("Stopped while waiting for PostgreSQL processes " + running, e);
      }
    }
  }

  private List<Long> running() throws IOException {
    List<Long> found = new ArrayList<>();
    Path processes = Path.of("/proc");
    if (!Files.isDirectory(processes.resolve("self"))) {
      return found;
    }
    Path here = cluster.toRealPath();
    try (var folders = Files.newDirectoryStream(processes, "[0-9]*")) {
      for (Path folder : folders) {
        try {
          if (worksIn(here, folder)) {
            found.add(Long.valueOf(folder.getFileName().toString()));
          }
        } catch (IOException | NumberFormatException e) {
          // Gone, or not ours to inspect.
        }
      }
    }
    return found;
  }
}

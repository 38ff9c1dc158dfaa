package io.payhook.service;

import io.payhook.Payhook;
import io.payhook.postgres.Database;
import io.payhook.settings.StartException;
import io.payhook.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code payhook run} as a process of its own, on free ports and with no route files. */
public final class PayhookProcess implements AutoCloseable {
  private final Path data;
  private final Process process;
  private final BufferedReader reader;
  private final List<String> output = new ArrayList<>();
  private volatile boolean ready;

  private PayhookProcess(Path data, Process process) {
    this.data = data;
    this.process = process;
    this.reader = process.inputReader();
  }

  /** Starts it and waits until it is ready. */
  public static PayhookProcess start(Path data, String... arguments) throws IOException {
    return begin(data, arguments).untilReady();
  }

  /** Starts it without waiting. */
  public static PayhookProcess begin(Path data, String... arguments) throws IOException {
    Path routes = data.resolveSibling("routes");
    Files.createDirectories(routes);
    List<String> all =
        new ArrayList<>(
            List.of(
                "run",
                "--data",
                data.toString(),
                "--routes",
                routes.toString(),
                "--set",
                "payhook.database.programs=" + TestDatabase.programs(),
                "--set",
                "camel.server.port=0",
                "--set",
                "camel.management.port=0"));
    all.addAll(List.of(arguments));
    return java(data, Payhook.class, all);
  }

  /** A process with nothing but a database, which takes less time. */
  public static PayhookProcess database(Path data) throws IOException {
    return beginDatabase(data).untilReady();
  }

  public static PayhookProcess beginDatabase(Path data) throws IOException {
    return java(data, DatabaseAlone.class, List.of(data.toString()));
  }

  static final class DatabaseAlone {
    private DatabaseAlone() {}

    public static void main(String[] arguments) throws InterruptedException {
      try (Database database = Database.open(TestDatabase.settings(Path.of(arguments[0])))) {
        System.out.println("Payhook is ready: " + database.isEmbedded());
        Thread.currentThread().join();
      } catch (StartException e) {
        System.out.println(e.getMessage());
        System.exit(1);
      }
    }
  }

  private static PayhookProcess java(Path data, Class<?> program, List<String> arguments)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-XX:TieredStopAtLevel=1"));
    if (Runtime.version().feature() >= 24) {
      // As the launcher does, where the JVM would print warnings of its own.
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.add(program.getName());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("PAYHOOK_") || name.startsWith("CAMEL_"));
    return new PayhookProcess(data, builder.start());
  }

  private PayhookProcess untilReady() throws IOException {
    // A start that hangs ends the reading below.
    process.onExit().orTimeout(60, TimeUnit.SECONDS).exceptionally(late -> end());
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      output.add(line);
      if (line.startsWith("Payhook is ready")) {
        ready = true;
        return this;
      }
    }
    close();
    throw new IOException("did not start: " + output);
  }

  private Process end() {
    return ready ? process : process.destroyForcibly();
  }

  /** The embedded database's JDBC URL. */
  public String url() throws IOException {
    return Files.readString(data.resolve("database.url")).strip();
  }

  public Process process() {
    return process;
  }

  /** What it printed, once it has ended. */
  public List<String> output() throws IOException {
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      output.add(line);
    }
    return output;
  }

  public int exitCode() throws InterruptedException {
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      throw new IllegalStateException("still running after 30 s");
    }
    return process.exitValue();
  }

  /** As {@code kill -9}. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    exitCode();
  }

  @Override
  public void close() throws IOException {
    try {
      process.destroy();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}

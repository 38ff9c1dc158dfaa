package io.payhook.service;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code payhook run} as a process of its own, on free ports and with no route files. */
public final class Running implements AutoCloseable {
  private final Path data;
  private final Process process;
  private final BufferedReader reader;
  private final List<String> output = new ArrayList<>();
  private volatile boolean ready;

  private Running(Path data, Process process) {
    this.data = data;
    this.process = process;
    this.reader = process.inputReader();
  }

  /** Starts it and waits until it is ready. */
  public static Running start(Path data, String... arguments) throws IOException {
    Running running = begin(data, arguments);
    // A start that hangs ends the reading below.
    running.process.onExit().orTimeout(60, TimeUnit.SECONDS).exceptionally(late -> running.end());
    for (String line = running.reader.readLine(); line != null; line = running.reader.readLine()) {
      running.output.add(line);
      if (line.startsWith("Payhook is ready")) {
        running.ready = true;
        return running;
      }
    }
    running.close();
    throw new IOException("did not start: " + running.output);
  }

  /** Starts it without waiting. */
  public static Running begin(Path data, String... arguments) throws IOException {
    Path routes = data.resolveSibling("routes");
    Files.createDirectories(routes);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-XX:TieredStopAtLevel=1",
                "io.payhook.Payhook",
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
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("PAYHOOK_") || name.startsWith("CAMEL_"));
    return new Running(data, builder.start());
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

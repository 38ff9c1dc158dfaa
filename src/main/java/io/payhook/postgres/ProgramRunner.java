package io.payhook.postgres;

import io.payhook.settings.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs PostgreSQL's programs, as a user that they accept and without the caller's own settings of
 * PostgreSQL.
 *
 * @param data the working folder
 */
record ProgramRunner(PostgresPrograms programs, Unprivileged unprivileged, Path data) {

  /** How a program ended. */
  record Outcome(int code, String output) {
    String lastLine() {
      return output
          .lines()
          .filter(line -> !line.isBlank())
          .reduce((a, b) -> b)
          .orElse("exit code " + code);
    }
  }

  Outcome run(Duration patience, String name, String... arguments) throws IOException {
    return feed("", patience, name, arguments);
  }

  /**
   * Runs a program with an input.
   *
   * @param name as in {@link PostgresPrograms#program}
   * @throws StartException if it cannot be run
   */
  Outcome feed(String input, Duration patience, String name, String... arguments)
      throws IOException {
    String program = programs.program(name);
    List<String> command = new ArrayList<>(unprivileged.prefix());
    command.add(program);
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(data.toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("PG") || key.startsWith("LC_"));
    builder.environment().put("LC_ALL", "C");
    // A file, not a pipe, because the server would keep a pipe open.
    Path output = Files.createTempFile(data, "postgres", ".out");
    try {
      Process process = start(builder.redirectErrorStream(true).redirectOutput(output.toFile()));
      try (var stdin = process.getOutputStream()) {
        stdin.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // It has ended already; its exit code says why.
      }
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        return new Outcome(-1, program + " did not end within " + patience.toSeconds() + " s");
      }
      return new Outcome(
          process.exitValue(), Files.readString(output, StandardCharsets.ISO_8859_1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("Stopped while waiting for " + program, e);
    } finally {
      Files.deleteIfExists(output);
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
}

package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Does what README.md says, block by block, in its order, on a copy of the routes: runs the
 * commands, saves the files, and finds the output that is shown in what the commands before
 * printed.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReadmeIT {
  private static final Pattern BLOCK = Pattern.compile("```(\\w+)\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern FILE = Pattern.compile("# (\\S+)\\n(.*)", Pattern.DOTALL);

  /** What differs from run to run: ids, times, keys, ports and durations. */
  private static final Pattern VARYING =
      Pattern.compile(
          "\\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b|\\b[0-9a-f]{16}\\b"
              + "|\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d|(?<=:)\\d{4,5}\\b|\\d+\\.\\d+(?= s$)");

  @TempDir Path folder;
  private final List<String> printed = new ArrayList<>();
  private Process service;
  private int port;
  private int managementPort;

  @AfterEach
  void stop() throws Exception {
    if (service != null) {
      service.destroy();
      assertThat(service.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void every_block_works_as_it_stands() throws Exception {
    port = free();
    managementPort = free();
    copy(Path.of("routes"), folder.resolve("routes"));
    String readme = Files.readString(Path.of("README.md"));
    List<String> done = new ArrayList<>();
    Matcher block = BLOCK.matcher(readme);
    while (block.find()) {
      String text = block.group(2);
      switch (block.group(1)) {
        case "sh" -> text.lines().forEach(line -> run(line, done));
        case "yaml" -> save(text);
        case "text" ->
            assertThat(printed).containsAll(text.lines().map(ReadmeIT::withoutVarying).toList());
        default -> throw new AssertionError("nobody runs a block of " + block.group(1));
      }
    }
    assertThat(done).contains("./payhook run", "./payhook send payment.success");
    assertThat(Files.readString(Path.of(".ci/run"))).contains("mvn -B -ntp verify");
  }

  private void run(String line, List<String> done) {
    try {
      if (line.equals("./payhook run")) {
        startAgain();
      } else if (!line.equals("mvn verify")) {
        Process process = shell(line).start();
        String output =
            new String(
                process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).describedAs(line + "\n" + output).isZero();
        print(output);
        if (line.startsWith("./payhook send")) {
          assertThat(output).contains("200 accepted");
          settled();
        }
        if (line.contains("--route note-failed-payment")) {
          assertThat(output).contains("note-failed-payment").contains("done");
        }
      }
      done.add(line);
    } catch (Exception e) {
      throw new AssertionError(line, e);
    }
  }

  private void save(String text) throws Exception {
    Matcher file = FILE.matcher(text);
    assertThat(file.matches()).describedAs("a YAML block says which file it is").isTrue();
    Files.writeString(folder.resolve(file.group(1)), file.group(2));
    startAgain();
  }

  private void print(String output) {
    output
        .lines()
        .map(line -> line.replace(folder + "/", ""))
        .map(ReadmeIT::withoutVarying)
        .forEach(printed::add);
  }

  private static String withoutVarying(String line) {
    return VARYING.matcher(line.stripTrailing()).replaceAll("…");
  }

  private void settled() throws Exception {
    Eventually.holds(
        () ->
            assertThat(
                    LaunchedService.query(
                        url(),
                        "select route || ' ' || state from payhook.delivery where state <> 'done'"))
                .isEmpty());
  }

  private String url() throws IOException {
    return Files.readString(folder.resolve("data/database.url")).strip();
  }

  private void startAgain() throws Exception {
    stop();
    Path log = folder.resolve("log");
    service = shell("exec ./payhook run").redirectOutput(log.toFile()).start();
    Eventually.holds(() -> assertThat(Files.readString(log)).contains("Payhook is ready"));
    print(Files.readString(log));
  }

  private ProcessBuilder shell(String line) {
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", line).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("PAYHOOK_DATA", folder.resolve("data").toString());
    builder.environment().put("PAYHOOK_ROUTES", folder.resolve("routes").toString());
    builder.environment().put("PAYHOOK_DATABASE_PROGRAMS", TestDatabase.programs().toString());
    builder.environment().put("CAMEL_SERVER_PORT", String.valueOf(port));
    builder.environment().put("CAMEL_MANAGEMENT_PORT", String.valueOf(managementPort));
    builder.environment().put("PAYMENTS_WEBHOOK_SECRET", LaunchedService.SECRET);
    return builder;
  }

  private static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }
}

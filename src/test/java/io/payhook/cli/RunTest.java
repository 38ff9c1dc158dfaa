package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.service.PayhookProcess;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(120)
@Tag("service")
class RunTest {
  @TempDir Path folder;

  @Test
  void a_signal_stops_it_with_0_and_the_database_with_it() throws Exception {
    try (PayhookProcess running = PayhookProcess.start(folder.resolve("data"))) {
      assertThat(folder.resolve("data/database.url")).exists();
      running.process().destroy();
      assertThat(running.exitCode()).isZero();
      assertThat(folder.resolve("data/database.url")).doesNotExist();
      assertThat(folder.resolve("data/postgres/postmaster.pid")).doesNotExist();
    }
  }

  @Test
  void a_signal_before_it_is_ready_stops_it_too() throws Exception {
    try (PayhookProcess running = PayhookProcess.begin(folder.resolve("data"))) {
      Path made = folder.resolve("data/payhook.lock");
      while (!made.toFile().exists()) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      running.process().destroy();
      assertThat(running.exitCode()).isZero();
      assertThat(folder.resolve("data/postgres/postmaster.pid")).doesNotExist();
    }
  }

  @Test
  void json_lines_are_json_from_the_first_on() throws Exception {
    try (PayhookProcess running =
        PayhookProcess.begin(
            folder.resolve("data"),
            "--set",
            "payhook.log.format=json",
            "--set",
            "payhook.database.patience=1s",
            "--set",
            "payhook.database.url=jdbc:postgresql://127.0.0.1:1/x")) {
      assertThat(running.exitCode()).isEqualTo(1);
      List<String> lines = running.output();
      assertThat(lines.get(0))
          .startsWith("{\"timestamp\":")
          .contains("\"level\":\"WARN\"")
          .endsWith("}");
      assertThat(lines.get(lines.size() - 1)).startsWith("payhook: The database at 127.0.0.1:1/x");
    }
  }

  @Test
  void every_problem_of_the_settings_has_a_line_and_the_exit_code_is_2() {
    Ended ended = execute("run", "--set", "payhook.nod=x", "--set", "camel.server.port=x");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err())
        .isEqualTo(
            """
            payhook: --set payhook.nod: there is no setting 'payhook.nod'; did you mean 'payhook.node'?
            payhook: --set camel.server.port: camel.server.port: 'x' is not a whole number from 0 to 65535
            """);
  }

  @Test
  void wrong_use_is_told_in_a_line_and_where_to_look() {
    Ended ended = execute("run", "--bogus");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err())
        .isEqualTo(
            "payhook: Unknown option: '--bogus'\n'payhook run --help' tells how it is used.\n");
    assertThat(execute().code()).isEqualTo(2);
  }

  @Test
  void every_command_has_help() {
    CommandLine line = Cli.commandLine();
    assertThat(execute("--help").code()).isZero();
    for (String command : line.getSubcommands().keySet()) {
      Ended ended = execute(command, "--help");
      assertThat(ended.code()).as(command).isZero();
      assertThat(ended.out()).startsWith("Usage: payhook " + command);
    }
  }

  private record Ended(int code, String out, String err) {}

  private static Ended execute(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Cli.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return new Ended(line.execute(arguments), out.toString(), err.toString());
  }
}

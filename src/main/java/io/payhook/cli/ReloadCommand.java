package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.settings.Settings;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code payhook reload}. */
@Command(
    name = "reload",
    description =
        "Has a running service pick up the changed files of its routes folder and its "
            + "changed settings: all of them, or none if any cannot be used.")
final class ReloadCommand extends ManagementCommand {
  /** A migration may be part of a reload. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final int NOTHING_TAKEN = 409;

  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Override
  Settings settings() {
    return options.load();
  }

  @Override
  int ask(ApiClient api) throws IOException, InterruptedException {
    JsonNode answer = api.post("/reload", Map.of(), PATIENCE, Set.of(NOTHING_TAKEN));
    JsonNode problems = answer.path("problems");
    if (json) {
      json(answer);
    } else if (!problems.isEmpty()) {
      problems.forEach(problem -> note(place(problem) + ": " + text(problem.path("text"))));
      note("Nothing was taken over; what ran before runs on.");
    } else if (answer.path("changed").isEmpty() && answer.path("settings").isEmpty()) {
      out().println("Nothing has changed.");
    } else {
      answer.path("changed").forEach(file -> out().println("taken over: " + text(file)));
      answer.path("settings").forEach(line -> out().println(text(line)));
    }
    out().flush();
    return problems.isEmpty() ? 0 : Cli.NO;
  }

  private static String place(JsonNode problem) {
    int line = problem.path("line").asInt();
    int column = problem.path("column").asInt();
    return text(problem.path("file"))
        + (line > 0 ? ":" + line + (column > 0 ? ":" + column : "") : "");
  }
}

package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.service.Key;
import io.payhook.service.Settings;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code payhook reload}. */
@Command(
    name = "reload",
    description =
        "Lets a running service take over the changed files of its routes folder; all of them, or none where any can't be used.")
final class ReloadCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private final SettingsOptions options = new SettingsOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "The service's management port (default: this machine, camel.management.port).")
  private @Nullable String server;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description = "Its token (default: payhook.management.token).")
  private @Nullable String token;

  @Option(names = "--json", description = "Prints the answer as JSON.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    Settings settings = options.load();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    String base =
        server == null
            ? "http://127.0.0.1:" + settings.get(Key.MANAGEMENT_PORT)
            : server.replaceAll("/+$", "");
    String bearer = token == null ? settings.get(Key.MANAGEMENT_TOKEN) : token;
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + "/api/v1/reload"))
            .timeout(Duration.ofMinutes(3))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    if (!bearer.isEmpty()) {
      request.header("Authorization", "Bearer " + bearer);
    }
    HttpResponse<String> response;
    try {
      response =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(Duration.ofSeconds(5))
              .build()
              .send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      err.println("payhook: nobody answers at " + base + "; start the service with: ./payhook run");
      return Cli.NO;
    }
    JsonNode answer = JSON.readTree(response.body());
    if (response.statusCode() != 200 && response.statusCode() != 409) {
      err.println(
          "payhook: "
              + base
              + " says "
              + response.statusCode()
              + ": "
              + answer.path("message").asText());
      return Cli.NO;
    }
    if (json) {
      out.println(answer);
    } else {
      for (JsonNode problem : answer.path("problems")) {
        err.println(place(problem) + ": " + problem.path("text").asText());
      }
      if (response.statusCode() == 409) {
        err.println("Nothing was taken over; what ran before runs on.");
      } else if (answer.path("changed").isEmpty()) {
        out.println("Nothing has changed.");
      } else {
        for (JsonNode file : answer.path("changed")) {
          out.println("taken over: " + file.asText());
        }
      }
    }
    out.flush();
    return response.statusCode() == 200 ? 0 : Cli.NO;
  }

  private static String place(JsonNode problem) {
    String place = problem.path("file").asText();
    int line = problem.path("line").asInt();
    int column = problem.path("column").asInt();
    return place + (line > 0 ? ":" + line + (column > 0 ? ":" + column : "") : "");
  }
}

package io.payhook.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.service.Key;
import io.payhook.service.Settings;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that calls the management API of a running service. */
abstract class ManagementCommand implements Callable<Integer> {
  /** Maximum number of items that the API returns at once. */
  static final int PAGE = 500;

  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

  @Option(
      names = "--server",
      paramLabel = "URL",
      description =
          "URL of the service's management port (default: camel.management.port on this machine).")
  private String server = "";

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:PAYHOOK_MANAGEMENT_TOKEN}",
      description = "Token for the management port (default: PAYHOOK_MANAGEMENT_TOKEN).")
  private @Nullable String token;

  @Option(names = "--json", description = "Prints JSON as returned by the service.")
  boolean json;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  CommandSpec spec;

  /** The service did not do what was requested. */
  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;
    private final int exit;

    RefusedException(int exit, String message) {
      super(message);
      this.exit = exit;
    }
  }

  /** Runs the command; the result is the exit code. */
  abstract int ask() throws IOException, InterruptedException;

  @Override
  public final Integer call() throws InterruptedException {
    if (server.isEmpty()) {
      ofSettings(settings());
    }
    try {
      return ask();
    } catch (IOException e) {
      PrintWriter err = spec.commandLine().getErr();
      if (e.getCause() instanceof RefusedException refused) {
        err.println("payhook: " + Table.oneLine(String.valueOf(refused.getMessage())));
        return refused.exit;
      }
      err.println(
          "payhook: "
              + server
              + " does not answer as it should ("
              + Table.oneLine(e.toString())
              + "); see the log of the service");
      return Cli.NO;
    }
  }

  /** The settings of this machine, which say where its service is. */
  Settings settings() {
    return new SettingsOptions().load();
  }

  private void ofSettings(Settings settings) {
    String host = settings.get(Key.MANAGEMENT_HOST);
    server =
        "http://"
            + (host.equals("0.0.0.0") ? "127.0.0.1" : host)
            + ":"
            + settings.get(Key.MANAGEMENT_PORT);
    if (token == null || token.isBlank()) {
      token = settings.get(Key.MANAGEMENT_TOKEN);
    }
  }

  /**
   * Sends a GET request.
   *
   * @param parameters null values are left out
   */
  JsonNode get(String path, Map<String, ? extends @Nullable Object> parameters)
      throws IOException, InterruptedException {
    StringBuilder query = new StringBuilder();
    parameters.forEach(
        (name, value) -> {
          if (value != null) {
            query
                .append(query.isEmpty() ? '?' : '&')
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value.toString(), StandardCharsets.UTF_8));
          }
        });
    return send(request(path + query).GET(), Set.of());
  }

  JsonNode post(String path, Map<String, ? extends @Nullable Object> body)
      throws IOException, InterruptedException {
    return post(path, body, ANSWER, Set.of());
  }

  /**
   * Sends a request that may take long, or has more than one regular answer.
   *
   * @param answers statuses besides 200 whose body is the answer
   */
  JsonNode post(
      String path,
      Map<String, ? extends @Nullable Object> body,
      Duration patience,
      Set<Integer> answers)
      throws IOException, InterruptedException {
    return send(
        request(path)
            .timeout(patience)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(Json.MAPPER.writeValueAsString(body))),
        answers);
  }

  private HttpRequest.Builder request(String path) {
    URI base;
    try {
      base = URI.create(server.endsWith("/") ? server.substring(0, server.length() - 1) : server);
    } catch (IllegalArgumentException e) {
      throw wrongServer(e);
    }
    if (base.getHost() == null
        || !("http".equals(base.getScheme()) || "https".equals(base.getScheme()))) {
      throw wrongServer(null);
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + "/api/v1" + path)).timeout(ANSWER);
    if (token != null && !token.isBlank()) {
      request.header("Authorization", "Bearer " + token.strip());
    }
    return request;
  }

  private ParameterException wrongServer(@Nullable Throwable cause) {
    return new ParameterException(
        spec.commandLine(),
        "--server is '" + server + "'; it looks like http://127.0.0.1:8081",
        cause);
  }

  private JsonNode send(HttpRequest.Builder request, Set<Integer> answers)
      throws IOException, InterruptedException {
    HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .build();
    HttpResponse<String> response;
    try {
      response = http.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    } catch (ConnectException | HttpConnectTimeoutException e) {
      throw refused(
          Cli.NO,
          "no service answers at "
              + server
              + "; start one with 'payhook run', or name its management port with --server");
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--token has a character that no token has", e);
    }
    JsonNode body;
    try {
      body = Json.MAPPER.readTree(response.body());
    } catch (JsonProcessingException e) {
      body = Json.MAPPER.nullNode();
    }
    int status = response.statusCode();
    if ((status == 200 || answers.contains(status)) && body.isObject()) {
      return body;
    }
    String message = body.path("message").asText();
    if (message.isEmpty()) {
      throw refused(
          Cli.NO,
          server
              + " answers with "
              + status
              + ", but not as a Payhook does; --server is the URL of the management port, not that of the webhooks");
    }
    throw switch (status) {
      case 401 ->
          refused(
              Cli.NO,
              server
                  + " asks for "
                  + (token == null || token.isBlank() ? "its token" : "another token")
                  + "; give it with --token, or in PAYHOOK_MANAGEMENT_TOKEN");
      case 400 -> refused(Cli.WRONG_USE, message);
      default -> refused(Cli.NO, message);
    };
  }

  private static IOException refused(int exit, String message) {
    return new IOException(new RefusedException(exit, message));
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  void print(JsonNode tree) throws IOException {
    out().println(Json.pretty(tree));
    out().flush();
  }

  void print(Table table) {
    table.lines(width()).forEach(out()::println);
    out().flush();
  }

  void note(String text) {
    spec.commandLine().getErr().println(text);
    spec.commandLine().getErr().flush();
  }

  /** Of the terminal; without one nothing is cut. */
  static int width() {
    String columns = System.getenv("COLUMNS");
    if (columns != null && columns.matches("[1-9]\\d{1,4}")) {
      return Integer.parseInt(columns);
    }
    return isTerminal() ? new UsageMessageSpec().autoWidth(true).width() : Integer.MAX_VALUE;
  }

  @SuppressWarnings("SystemConsoleNull") // null before JDK 22, not a terminal since
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }

  /** In the time zone of the reader. */
  static String time(JsonNode instant) {
    return instant.isTextual() ? TIME.format(Instant.parse(instant.asText())) : "";
  }

  static String text(JsonNode node) {
    return node.isNull() || node.isMissingNode() ? "" : node.asText();
  }
}

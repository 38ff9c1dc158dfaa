package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command that calls the management API of a running service. */
abstract class ManagementCommand extends Printing {
  /** Maximum number of items that the API returns at once. */
  static final int PAGE = 500;

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

  /** Runs the command; the result is the exit code. */
  abstract int ask(ApiClient api) throws IOException, InterruptedException;

  @Override
  public final Integer call() throws InterruptedException {
    if (server.isEmpty()) {
      ofSettings(settings());
    }
    ApiClient api;
    try {
      api = new ApiClient(server, token);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()), e);
    }
    try {
      return ask(api);
    } catch (ApiClient.RefusedException e) {
      note("payhook: " + Table.oneLine(String.valueOf(e.getMessage())));
      return e.exit;
    } catch (IOException e) {
      return no(
          "%s does not answer as it should (%s); see the log of the service"
              .formatted(server, Table.oneLine(e.toString())));
    }
  }

  /** The settings of this machine, which say where its service is. */
  Settings settings() {
    return new SettingsOptions().load();
  }

  private void ofSettings(Settings settings) {
    String host = settings.get(Key.MANAGEMENT_HOST);
    server =
        "http://%s:%s"
            .formatted(
                host.equals("0.0.0.0") ? "127.0.0.1" : host, settings.get(Key.MANAGEMENT_PORT));
    if (token == null || token.isBlank()) {
      token = settings.get(Key.MANAGEMENT_TOKEN);
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

package io.payhook.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.io.IOException;
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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks the management API of a service. */
final class ApiClient {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /** The service did not do as asked, or there is none. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    /** The exit code. */
    final int exit;

    RefusedException(int exit, String message) {
      super(message);
      this.exit = exit;
    }
  }

  private final String server;
  private final String token;
  private final HttpRequest.Builder asking;

  /**
   * Prepares asking; nothing is sent yet.
   *
   * @param server URL of its management port
   * @param token null or blank: it asks for none
   * @throws IllegalArgumentException where they can't be such
   */
  ApiClient(String server, @Nullable String token) {
    if (!isUrl(server)) {
      throw new IllegalArgumentException(
          "--server is '%s'; it looks like http://127.0.0.1:8081".formatted(server));
    }
    this.server = server;
    this.token = token == null ? "" : token.strip();
    this.asking =
        HttpRequest.newBuilder(URI.create(server.replaceFirst("/$", "") + "/api/v1"))
            .timeout(ANSWER);
    try {
      if (!this.token.isEmpty()) {
        asking.header("Authorization", "Bearer " + this.token);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--token has a character that no token has", e);
    }
  }

  /**
   * Asks for something.
   *
   * @param parameters those that are null are left out
   */
  JsonNode get(String path, Map<String, ? extends @Nullable Object> parameters)
      throws IOException, InterruptedException {
    String query =
        parameters.entrySet().stream()
            .filter(each -> each.getValue() != null)
            .map(each -> each.getKey() + "=" + encoded(String.valueOf(each.getValue())))
            .collect(Collectors.joining("&"));
    return send(request(path + (query.isEmpty() ? "" : "?" + query)).GET(), Set.of());
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  JsonNode post(String path, Map<String, ? extends @Nullable Object> body)
      throws IOException, InterruptedException {
    return post(path, body, ANSWER, Set.of());
  }

  /**
   * Asks for something that may take long, or be answered in more than one way.
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
    HttpRequest.Builder request = asking.copy();
    return request.uri(URI.create(request.build().uri() + path));
  }

  private static boolean isUrl(String text) {
    try {
      URI uri = URI.create(text);
      return uri.getHost() != null
          && List.of("http", "https").contains(String.valueOf(uri.getScheme()));
    } catch (IllegalArgumentException e) {
      return false;
    }
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
          "no service answers at %s; start one with 'payhook run', or name its management port"
              + " with --server");
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
          "%s answers with "
              + status
              + ", but not as a Payhook does; --server is the URL of the management port, not that"
              + " of the webhooks");
    }
    throw switch (status) {
      case 401 ->
          refused(
              "%s asks for "
                  + (token.isEmpty() ? "its token" : "another token")
                  + "; give it with --token, or in PAYHOOK_MANAGEMENT_TOKEN");
      case 400 -> new RefusedException(Cli.WRONG_USE, message);
      default -> new RefusedException(Cli.NO, message);
    };
  }

  /**
   * @param message has {@code %s} for the server
   */
  private RefusedException refused(String message) {
    return new RefusedException(Cli.NO, message.formatted(server));
  }
}

package io.payhook.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.routes.Providers;
import io.payhook.settings.Settings;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A whole service with a routes folder and a database of its own, for tests that change files. */
final class RunningService implements AutoCloseable {
  static final String SECRET = "whole-service-secret";
  private static final ObjectMapper JSON = new ObjectMapper();

  final Path folder;
  final Path routes;
  final Service service;
  final TestDatabase database;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final Signer signer =
      new Signer(Providers.shipped().get("echezona"), Secret.of(SECRET), Clock.systemUTC());

  private RunningService(Path folder, Path routes, Service service, TestDatabase database) {
    this.folder = folder;
    this.routes = routes;
    this.service = service;
    this.database = database;
  }

  /** Copies the bundled routes folder into {@code folder} and starts a service on it. */
  static RunningService start(Path folder, Map<String, String> more) throws IOException {
    return start(folder, more, Map.of());
  }

  /** As {@link #start(Path, Map)}, with settings that a reload finds in place of those. */
  static RunningService start(Path folder, Map<String, String> more, Map<String, String> later)
      throws IOException {
    Path routes = folder.resolve("routes");
    copy(Path.of("routes"), routes);
    Path data = Files.createDirectories(folder.resolve("data"));
    Files.writeString(
        data.resolve("secrets.properties"),
        "PAYMENTS_WEBHOOK_SECRET=" + SECRET + "\nOTHER_WEBHOOK_SECRET=another-secret\n");
    TestDatabase database = TestDatabase.create();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("payhook.data", folder.resolve("data").toString());
    settings.put("payhook.routes", routes.toString());
    settings.put("payhook.database.url", database.url());
    settings.put("camel.server.port", "0");
    settings.put("camel.server.host", "127.0.0.1");
    settings.put("payments.finance.email", "finance@example.com");
    settings.putAll(more);
    Service service =
        new Service(Settings.of(settings), Clock.systemUTC())
            .checkedBy(Check::forService)
            .rereading(
                () -> {
                  Map<String, String> now = new LinkedHashMap<>(settings);
                  now.putAll(later);
                  return Settings.of(now);
                });
    service.open();
    return new RunningService(folder, routes, service, database);
  }

  static void copy(Path from, Path to) throws IOException {
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

  Path file(String name) {
    return routes.resolve(name);
  }

  String text(String name) throws IOException {
    return Files.readString(file(name));
  }

  void save(String name, String text) throws IOException {
    Files.createDirectories(file(name).getParent());
    Files.writeString(file(name), text);
  }

  /** The body of a sample with its transaction id replaced. */
  static String body(String type, String id) throws IOException {
    return Files.readString(Path.of("routes/payments/samples/" + type + ".json"))
        .replaceFirst("\"transaction_id\": \"[^\"]*\"", "\"transaction_id\": \"" + id + "\"");
  }

  CompletableFuture<HttpResponse<String>> post(String endpoint, String type, String body) {
    RawRequest signed =
        signer.sign(
            new RawRequest(
                "POST",
                "/webhooks/" + endpoint,
                List.of(new RawRequest.Header("Content-Type", "application/json")),
                body.getBytes(StandardCharsets.UTF_8)),
            type);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + service.port() + "/webhooks/" + endpoint))
            .timeout(Duration.ofSeconds(20))
            .POST(HttpRequest.BodyPublishers.ofByteArray(signed.body()));
    signed.headers().forEach(header -> request.header(header.name(), header.value()));
    return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Posts a sample and gives the event's id, or {@code "status body"} where it wasn't accepted. */
  String send(String type, String id) throws IOException {
    HttpResponse<String> answer = post("payments", type, body(type, id)).join();
    JsonNode json = JSON.readTree(answer.body());
    return answer.statusCode() == 200
        ? json.path("id").asText()
        : answer.statusCode() + " " + answer.body();
  }

  /** The states of an event's deliveries by route. */
  Map<String, String> deliveries(String event) {
    try {
      Map<String, String> states = new LinkedHashMap<>();
      for (String row :
          database.query(
              "select route || ' ' || state from payhook.delivery where event_id::text = '"
                  + event
                  + "' order by route")) {
        states.put(row.substring(0, row.indexOf(' ')), row.substring(row.indexOf(' ') + 1));
      }
      return states;
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until it is so, half a minute at most. */
  static void await(String what, BooleanSupplier so) {
    await(what, Duration.ofSeconds(30), so);
  }

  static void await(String what, Duration atMost, BooleanSupplier so) {
    long end = System.nanoTime() + atMost.toNanos();
    while (!so.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("did not come about: " + what);
      }
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  @Override
  public void close() {
    service.close();
    database.close();
  }
}

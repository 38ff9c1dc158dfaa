package io.payhook.whole;

import io.payhook.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The program as a person runs it: {@code payhook run} in a process of its own, on free ports. */
final class LaunchedService implements AutoCloseable {
  static final String SECRET = "whole-service-test-secret";
  private static final Pattern READY =
      Pattern.compile(
          "Payhook is ready: webhooks at http://[^:]+:(\\d+)/.*management at http://[^:]+:(\\d+)");
  private static final Duration START = Duration.ofSeconds(60);

  private final Process process;
  private final Path data;
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final CompletableFuture<Matcher> ready = new CompletableFuture<>();
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  int port;
  int managementPort;

  private LaunchedService(Process process, Path data) {
    this.process = process;
    this.data = data;
    Thread reader = new Thread(this::read, "log of payhook");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts it and waits until it is ready. */
  static LaunchedService start(Path data, Path routes, Map<String, String> settings)
      throws Exception {
    LaunchedService service = launch(data, routes, settings);
    try {
      Matcher ports = service.ready.get(START.toSeconds(), TimeUnit.SECONDS);
      service.port = Integer.parseInt(ports.group(1));
      service.managementPort = Integer.parseInt(ports.group(2));
      return service;
    } catch (Exception e) {
      service.process.destroyForcibly().waitFor();
      throw new AssertionError("the service did not start:\n" + String.join("\n", service.log), e);
    }
  }

  /** Starts it without waiting. */
  static LaunchedService launch(Path data, Path routes, Map<String, String> settings)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of("payhook").toAbsolutePath().toString());
    command.add("run");
    command.addAll(List.of("--data", data.toString(), "--routes", routes.toString()));
    Map<String, String> all = new java.util.LinkedHashMap<>();
    all.put("camel.server.port", "0");
    all.put("camel.server.host", "127.0.0.1");
    all.put("camel.management.port", "0");
    all.put("payhook.database.programs", TestDatabase.programs().toString());
    all.putAll(settings);
    all.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PAYMENTS_WEBHOOK_SECRET", SECRET);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("JAVA_OPTS", "-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
    return new LaunchedService(builder.start(), data);
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        log.add(line);
        Matcher matcher = READY.matcher(line);
        if (matcher.find()) {
          ready.complete(matcher);
        }
      }
    } catch (IOException e) {
      log.add("(the log ended: " + e + ")");
    }
    ready.completeExceptionally(new IllegalStateException("the process ended"));
  }

  List<String> log() {
    synchronized (log) {
      return List.copyOf(log);
    }
  }

  HttpResponse<String> post(String body) throws Exception {
    return post(body, Map.of("X-Echezona-Signature", sign(body)));
  }

  HttpResponse<String> post(String body, Map<String, String> headers) throws Exception {
    return post("/webhooks/payments", body.getBytes(StandardCharsets.UTF_8), headers);
  }

  HttpResponse<String> post(String path, byte[] body, Map<String, String> headers)
      throws Exception {
    return client.send(request(path, body, headers), HttpResponse.BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> postAsync(String body) {
    return client.sendAsync(
        request(
            "/webhooks/payments",
            body.getBytes(StandardCharsets.UTF_8),
            Map.of("X-Echezona-Signature", sign(body))),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest request(String path, byte[] body, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(20))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    headers.forEach(request::header);
    return request.build();
  }

  HttpResponse<String> method(String method, String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> management(String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static String sign(String body) {
    return sign(body.getBytes(StandardCharsets.UTF_8));
  }

  static String sign(byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first column of each row, read as a person would with psql. */
  List<String> query(String sql) throws SQLException, IOException {
    String url = Files.readString(data.resolve("database.url")).strip();
    return query(url, sql);
  }

  static List<String> query(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (rows.next()) {
        values.add(rows.getString(1));
      }
      return values;
    }
  }

  /** Asks for SIGTERM and gives the exit code. */
  int stop() throws InterruptedException {
    // Not the process itself: that would close its output, and what it says at its end.
    process.toHandle().destroy();
    return exitCode();
  }

  int exitCode() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the service did not end:\n" + String.join("\n", log()));
    }
    return process.exitValue();
  }

  /** Ends it as a power cut would. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      process.destroy();
      try {
        exitCode();
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}

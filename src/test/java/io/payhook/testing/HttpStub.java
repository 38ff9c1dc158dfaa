package io.payhook.testing;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A service on loopback that records what it is asked, and answers as a test tells it to. */
public final class HttpStub implements AutoCloseable {
  public record Call(String method, String uri, Headers headers, String body) {}

  public final List<Call> calls = new CopyOnWriteArrayList<>();
  public volatile int status = 200;
  public volatile String answer = "{\"ok\":true}";
  public volatile Map<String, String> answerHeaders = Map.of();

  /** Answers wait for it. */
  public volatile CountDownLatch stalled = new CountDownLatch(0);

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  public HttpStub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  private void serve(HttpExchange http) throws IOException {
    calls.add(
        new Call(
            http.getRequestMethod(),
            http.getRequestURI().toString(),
            http.getRequestHeaders(),
            new String(http.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
    try {
      stalled.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    answerHeaders.forEach((name, value) -> http.getResponseHeaders().add(name, value));
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    http.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    http.getResponseBody().write(bytes);
    http.close();
  }

  public int port() {
    return server.getAddress().getPort();
  }

  public String url() {
    return "http://127.0.0.1:" + port();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}

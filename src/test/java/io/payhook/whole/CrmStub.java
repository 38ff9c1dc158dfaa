package io.payhook.whole;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** A CRM on loopback that records what it is asked. */
final class CrmStub implements AutoCloseable {
  record Call(String method, String path, Map<String, String> headers, String body) {}

  final List<Call> calls = new CopyOnWriteArrayList<>();
  volatile int status = 200;
  private final HttpServer server;

  CrmStub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext(
        "/",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          Map<String, String> headers = new TreeMap<>();
          exchange
              .getRequestHeaders()
              .forEach(
                  (name, values) ->
                      headers.put(name.toLowerCase(Locale.ROOT), String.join(", ", values)));
          calls.add(
              new Call(
                  exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers, body));
          exchange.getResponseHeaders().add("Set-Cookie", "crm=secret");
          exchange.getResponseHeaders().add("X-Crm", "internal");
          byte[] answer = "{\"ok\":true}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}

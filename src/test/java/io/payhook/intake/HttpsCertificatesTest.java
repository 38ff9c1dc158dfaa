package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host that answers in every way but the right one. */
class HttpsCertificatesTest {
  private final HttpsCertificates certificates = new HttpsCertificates(Duration.ofSeconds(20));
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer host;

  @BeforeEach
  void start() throws Exception {
    host = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    host.setExecutor(threads);
    host.createContext("/", this::answer);
    host.start();
  }

  @AfterEach
  void stop() {
    end.countDown();
    host.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange http) throws IOException {
    String path = http.getRequestURI().getPath();
    asked.add(path);
    try (http) {
      if (path.startsWith("/bytes/")) {
        byte[] body = new byte[Integer.parseInt(path.substring(7))];
        http.sendResponseHeaders(200, body.length);
        http.getResponseBody().write(body);
      } else if (path.equals("/slow")) {
        http.sendResponseHeaders(200, 10);
        http.getResponseBody().write('-');
        http.getResponseBody().flush();
        end.await();
      } else {
        http.getResponseHeaders().set("Location", "/bytes/1");
        http.sendResponseHeaders(Integer.parseInt(path.substring(1)), -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private URI url(String path) {
    return URI.create("http://127.0.0.1:" + host.getAddress().getPort() + path);
  }

  @Test
  void a_file_comes_whole() throws Exception {
    assertThat(certificates.get(url("/bytes/100000"))).hasSize(100_000);
  }

  @ParameterizedTest
  @ValueSource(ints = {100_001, 3_000_000})
  void one_that_is_too_large_is_none(int bytes) {
    assertThatThrownBy(() -> certificates.get(url("/bytes/" + bytes)))
        .isInstanceOf(CertificateException.class)
        .hasMessage("the file has more than 100000 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 307, 401, 404, 410})
  void an_answer_that_is_no_file_is_none_and_no_redirect_is_followed(int status) {
    assertThatThrownBy(() -> certificates.get(url("/" + status)))
        .isInstanceOf(CertificateException.class)
        .hasMessage("there is none: HTTP " + status);
    assertThat(asked).containsExactly("/" + status);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void a_host_that_fails_may_have_it_later(int status) {
    assertThatThrownBy(() -> certificates.get(url("/" + status)))
        .isInstanceOf(IOException.class)
        .hasMessage("HTTP " + status);
  }

  @Test
  void the_time_is_for_the_last_byte_too() {
    assertThatThrownBy(() -> new HttpsCertificates(Duration.ofMillis(300)).get(url("/slow")))
        .isInstanceOf(HttpTimeoutException.class);
  }

  @Test
  void who_this_java_trusts_is_known() {
    assertThat(new DefaultAnchors().get()).isNotEmpty();
  }
}

package io.payhook.effects.crm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.effects.Texts;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.Effects;
import io.payhook.effects.mail.MailStandIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.apache.camel.component.http.HttpComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
@Tag("service")
class WholeAnswersTest {
  private interface Answer {
    void to(OutputStream out) throws IOException;
  }

  private ServerSocket server;
  private volatile Answer answer = out -> {};

  @BeforeEach
  void farEnd() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread =
        new Thread(
            () -> {
              while (!server.isClosed()) {
                try (Socket connection = server.accept()) {
                  connection.getInputStream().read(new byte[8192]);
                  answer.to(connection.getOutputStream());
                } catch (IOException e) {
                  // The client went away, as it should.
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private String post(Duration longest) throws IOException {
    HttpClientBuilder builder = HttpClientBuilder.create().disableAutomaticRetries();
    new WholeAnswers(longest).configureHttpClient(builder);
    try (CloseableHttpClient client = builder.build()) {
      return client.execute(
          new HttpPost("http://127.0.0.1:" + server.getLocalPort() + "/"),
          response -> EntityUtils.toString(response.getEntity()));
    }
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        "HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "",
      })
  void a_far_end_that_drips_is_left_when_its_time_is_over(String start) {
    answer =
        out -> {
          write(out, start);
          for (int i = 0; i < 10_000; i++) {
            write(out, start.contains("chunked") ? "1\r\nx\r\n" : start.isEmpty() ? "" : "x");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
          }
        };
    long began = System.nanoTime();

    assertThatThrownBy(() -> post(Duration.ofMillis(300)))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessageContaining("no whole answer from 127.0.0.1:" + server.getLocalPort());
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 4294967296\r\n", "Connection: close\r\n"})
  void an_answer_without_end_is_left_at_its_limit(String length) {
    byte[] much = new byte[1 << 16];
    answer =
        out -> {
          write(out, "HTTP/1.1 200 OK\r\n" + length + "\r\n");
          for (int i = 0; i < 65_536; i++) {
            out.write(much);
          }
        };

    assertThatThrownBy(() -> post(Duration.ofSeconds(20)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("answered HTTP 200 with more than 1 MB");
  }

  @Test
  void what_comes_packed_is_limited_unpacked() throws IOException {
    byte[] bomb = packed(64 << 20);
    answer =
        out -> {
          write(
              out,
              "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                  + bomb.length
                  + "\r\n\r\n");
          out.write(bomb);
        };
    assertThatThrownBy(() -> post(Duration.ofSeconds(20)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("more than 1 MB");

    byte[] small = packed(5);
    answer =
        out -> {
          write(
              out,
              "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                  + small.length
                  + "\r\n\r\n");
          out.write(small);
        };
    assertThat(post(Duration.ofSeconds(20))).hasSize(5);
  }

  private static byte[] packed(int size) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      byte[] zeros = new byte[1 << 16];
      for (int left = size; left > 0; left -= zeros.length) {
        out.write(zeros, 0, Math.min(left, zeros.length));
      }
    }
    return bytes.toByteArray();
  }

  @Test
  void plain_steps_over_http_have_the_same_limits(@TempDir java.nio.file.Path folder)
      throws Exception {
    try (DefaultCamelContext context = new DefaultCamelContext()) {
      Effects.bind(
          context,
          EffectRoutes.config(new MailStandIn(folder, EffectRoutes.CLOCK)),
          Texts.onDisk());
      for (String scheme : new String[] {"http", "https"}) {
        assertThat(context.getComponent(scheme, HttpComponent.class).getHttpClientConfigurer())
            .isInstanceOf(WholeAnswers.class);
      }
    }
  }
}

package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Mutated and random requests over raw sockets against the real edge: none makes it fail, keep
 * memory or places, or refuse a valid request afterwards. {@code mvn test -Plong} sends as many as
 * the property {@code requests} says; the seed is printed when a run fails.
 */
@Tag("service")
class WireFuzzTest {
  private static final int REQUESTS = Integer.getInteger("requests", 1_000);
  private static final long SEED = Long.getLong("seed", 20261123L);
  private static final int PIPELINED = 8;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})");

  /** Why it may answer 503: it was asked to hold too much at once. */
  private static final List<String> ASKED_FOR = List.of("no-room", "busy");

  /** What a server may say of anything at all. */
  private static final List<Integer> FINE =
      List.of(100, 200, 400, 401, 404, 405, 408, 413, 414, 417, 429, 431);

  private static final String[] LINES = {
    "POST /webhooks/shop HTTP/1.1",
    "POST /webhooks/zoom HTTP/1.1",
    "POST /webhooks/paystack HTTP/1.1",
    "POST /webhooks/form?a=%41&b HTTP/1.1",
    "POST /webhooks/open HTTP/1.0",
    "GET /webhooks/shop HTTP/1.1",
    "PUT /webhooks//shop HTTP/1.1",
    "POST http://x/webhooks/shop HTTP/1.1"
  };

  private static final String[] HEADERS = {
    "Host: localhost",
    "Host: other",
    "Content-Type: application/json",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Encoding: gzip",
    "Transfer-Encoding: chunked",
    "Connection: close",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "Expect: 1",
    "X-Signature: 00",
    "x-zm-signature: v0=00",
    "Trailer: X-Signature",
    "Cookie: a=b"
  };

  private static final String[] PIECES = {
    "{\"event\":\"a\",\"data\":{\"transaction_id\":1}}",
    "[{},{},{}]",
    "{\"notificationItems\":[{\"NotificationRequestItem\":{\"additionalData\":{\"hmacSignature\":\"AA==\"}}}]}",
    "1e999999999",
    "\uFEFF{}",
    "\"\\ud800\"",
    "[[[[[[[[[[[[",
    "a=b&c=%zz&d=%00",
    "\0\u001b[2J",
    "\r\n\r\n",
    "0\r\n\r\n",
    "5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
    "ffffffff\r\n",
    "<a><b/></a>"
  };

  /** One of those who send; many wait at the same time for answers that never come. */
  private static final class Sender {
    private final Random random;
    private final Map<Integer, Integer> seen = new TreeMap<>();

    Sender(long seed) {
      random = new Random(seed);
    }

    private String one(String[] of) {
      return of[random.nextInt(of.length)];
    }

    private byte[] request() {
      boolean valid = random.nextInt(5) == 0;
      StringBuilder text =
          new StringBuilder(valid ? LINES[0] : one(LINES)).append("\r\nHost: localhost\r\n");
      for (int i = valid ? 0 : random.nextInt(4); i > 0; i--) {
        text.append(one(HEADERS)).append("\r\n");
      }
      StringBuilder body = new StringBuilder();
      for (int i = valid ? 0 : random.nextInt(4); i > 0; i--) {
        body.append(one(PIECES).repeat(random.nextInt(20) == 0 ? 500 : 1));
      }
      if (valid) {
        body.append(PIECES[0]);
      }
      if (valid || random.nextInt(3) == 0) {
        text.append("X-Signature: ").append(EdgeTest.signature(body.toString())).append("\r\n");
      }
      byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
      int off = random.nextInt(10) == 0 ? random.nextInt(7) - 3 : 0;
      text.append("Content-Length: ").append(bytes.length + off).append("\r\n\r\n");
      byte[] head = text.toString().getBytes(StandardCharsets.ISO_8859_1);
      byte[] all = new byte[head.length + bytes.length];
      System.arraycopy(head, 0, all, 0, head.length);
      System.arraycopy(bytes, 0, all, head.length, bytes.length);
      for (int i = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 0; i > 0; i--) {
        all[random.nextInt(all.length)] = (byte) random.nextInt(256);
      }
      return all;
    }

    private void send(int port, int count) throws IOException {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoTimeout(20);
        try {
          for (int i = 0; i < count; i++) {
            socket.getOutputStream().write(request());
          }
          if (random.nextInt(20) > 0) {
            socket.shutdownOutput();
          }
        } catch (IOException closed) {
          // What came before a bad request is answered, then the connection ends.
        }
        StringBuilder heard = new StringBuilder();
        byte[] buffer = new byte[8192];
        InputStream in = socket.getInputStream();
        try {
          for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            heard.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
          }
        } catch (SocketTimeoutException waits) {
          // It waits for more of a body.
        } catch (IOException reset) {
          // The answer may be lost with it.
        }
        Matcher matcher = STATUS.matcher(heard);
        while (matcher.find()) {
          seen.merge(Integer.valueOf(matcher.group(1)), 1, Integer::sum);
        }
      }
    }

    Sender send(int port, int requests, int atMost) throws IOException {
      for (int sent = 0; sent < requests; ) {
        int count = Math.min(1 + random.nextInt(atMost), requests - sent);
        send(port, count);
        sent += count;
      }
      return this;
    }
  }

  @Test
  void nothing_that_comes_over_the_wire_makes_it_fail() throws Exception {
    try (RunningIntake intake =
        new RunningIntake(
            "fuzz",
            new Limits(50_000, 200, 4_000_000, 8_000_000, 100, Duration.ofSeconds(2), 1_000_000),
            Clock.systemUTC(),
            null)) {
      intake.endpoint("shop", "hmac-sha256-hex-body", Map.of());
      intake.endpoint("open", "none", Map.of());
      intake.endpoint("zoom", "zoom", Map.of());
      intake.endpoint("paystack", "paystack", Map.of());
      intake.endpoint("form", "twilio", Map.of());
      int senders = REQUESTS > 100_000 ? 24 : 1;
      Map<Integer, Integer> seen = new TreeMap<>();
      List<String> wrong = new ArrayList<>();
      send(intake.port, senders, REQUESTS / 4, SEED, seen);
      long before = used();
      send(intake.port, senders, REQUESTS - REQUESTS / 4, SEED + senders, seen);
      Map<String, Double> shed = new TreeMap<>();
      for (Counter each : intake.meters.find("payhook.intake.shed").counters()) {
        shed.merge(String.valueOf(each.getId().getTag("reason")), each.count(), Double::sum);
      }
      double asked = ASKED_FOR.stream().mapToDouble(each -> shed.getOrDefault(each, 0.0)).sum();
      seen.forEach(
          (status, count) -> {
            if (!FINE.contains(status) && !(status == 503 && count <= asked)) {
              wrong.add(status + " x " + count);
            }
          });
      assertThat(wrong).as("seed %s, answers %s, turned away %s", SEED, seen, shed).isEmpty();
      assertThat(seen).as("seed %s", SEED).containsKeys(200, 400, 401, 404, 405);
      assertThat(used() - before).as("bytes kept, seed %s", SEED).isLessThan(24L << 20);
      String body = "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"fuzz\"}}";
      try (RawClient client = new RawClient(intake.port)) {
        client.say(
            "POST /webhooks/shop HTTP/1.1\r\nHost: l\r\nX-Signature: "
                + EdgeTest.signature(body)
                + "\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body);
        assertThat(client.status()).isEqualTo("200");
      }
      long end = System.nanoTime() + Duration.ofSeconds(15).toNanos();
      while (gauge(intake, "payhook.intake.connections") > 0) {
        assertThat(System.nanoTime()).as("connections close").isLessThan(end);
        Thread.onSpinWait();
      }
      assertThat(gauge(intake, "payhook.intake.in.flight")).isZero();
      assertThat(gauge(intake, "payhook.intake.bytes.in.flight")).isZero();
    }
  }

  private static void send(
      int port, int senders, int requests, long seed, Map<Integer, Integer> seen) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(senders);
    try {
      List<Future<Sender>> all = new ArrayList<>();
      for (int i = 0; i < senders; i++) {
        Sender sender = new Sender(seed + i);
        int own = requests / senders + (i < requests % senders ? 1 : 0);
        all.add(threads.submit(() -> sender.send(port, own, PIPELINED)));
      }
      for (Future<Sender> each : all) {
        each.get().seen.forEach((status, count) -> seen.merge(status, count, Integer::sum));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static double gauge(RunningIntake intake, String name) {
    return intake.meters.get(name).gauge().value();
  }

  private static long used() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A load generator for one webhook endpoint that costs little beside the server on the same cores:
 * one thread, one selector, requests that were signed before the clock starts.
 *
 * <p>It is driven over standard input, a phase a line, and answers each with one line of JSON, so
 * that it stays warm from phase to phase:
 *
 * <pre>
 * sign COUNT                         signs that many further events ahead of time
 * closed SECONDS KIND                every connection sends as soon as it has its answer
 * open SECONDS RATE KIND             RATE a second whatever the answers do; latency counts from
 *                                    the time a request was due, not from when it could be sent
 * save FILE                          index, status, event id and time of the first answer of
 *                                    every event sent, tab-separated
 * forget                             drops that record; the next events have new ids all the same
 * </pre>
 *
 * KIND is {@code fresh} (events never sent before), {@code repeats} (every second request repeats
 * an event that was answered) or {@code forged} (a signature that does not fit).
 */
final class Load {
  private static final byte UNSENT = 0;
  private static final byte UNANSWERED = 1;
  private static final byte ACCEPTED = 2;
  private static final byte DUPLICATE = 3;
  private static final byte REFUSED = 4;
  private static final int SEARCH = 64 * 1024;

  private final InetSocketAddress address;
  private final String run;
  private final Mac mac;
  private final Selector selector;
  private final Connection[] connections;
  private final ArrayDeque<Connection> idle = new ArrayDeque<>();

  // The request, alike for all events but for these places.
  private final byte[] template;
  private final int signatureAt;
  private final int bodyAt;
  private final int numberAt;
  private final int amountAt;
  private final int emailAt;

  // What is known of each event, by its number less the first of this record.
  private int first;
  private int next;
  private int signed;
  private byte[] signatures = new byte[32 * SEARCH];
  private byte[] status = new byte[SEARCH];
  private long[] idHigh = new long[SEARCH];
  private long[] idLow = new long[SEARCH];
  private long[] answeredAt = new long[SEARCH];

  // The phase at hand.
  private String kind = "fresh";
  private int[] latencies = new int[SEARCH];
  private int answers;
  private long sent;
  private long accepted;
  private long duplicate;
  private long refused;
  private long unavailable;
  private long otherAnswers;
  private long broken;
  private long wrongAnswers;
  private long signedLate;
  private String oddAnswer = "";
  private int repeatCursor;
  private boolean repeatNow;
  private long[] perSecond = new long[0];
  private long phaseStart;

  private Load(int port, int connectionCount, String secret, String run) throws Exception {
    this.address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
    this.run = run;
    mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    String body =
        "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"TX-"
            + run
            + "-000000000\",\"amount\":10000,\"currency\":\"NGN\",\"status\":\"success\","
            + "\"customer\":{\"email\":\"customer000000@example.com\",\"name\":\"Ada Obi\"}}}";
    String head =
        "POST /webhooks/payments HTTP/1.1\r\nHost: 127.0.0.1:"
            + port
            + "\r\nUser-Agent: Echezona-Webhook/1.0\r\nAccept: */*\r\nContent-Type: application/json"
            + "\r\nX-Echezona-Signature: "
            + "0".repeat(64)
            + "\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n";
    template = (head + body).getBytes(StandardCharsets.US_ASCII);
    signatureAt = head.indexOf("0".repeat(64));
    bodyAt = head.length();
    numberAt = bodyAt + body.indexOf("000000000\"");
    amountAt = bodyAt + body.indexOf("10000,");
    emailAt = bodyAt + body.indexOf("000000@");
    selector = Selector.open();
    connections = new Connection[connectionCount];
    for (int i = 0; i < connectionCount; i++) {
      connections[i] = new Connection();
    }
  }

  /** One connection with at most one request under way. */
  private final class Connection {
    private final ByteBuffer out = ByteBuffer.allocateDirect(template.length);
    private final ByteBuffer in = ByteBuffer.allocateDirect(8 * 1024);
    private final byte[] answer = new byte[8 * 1024];
    private SocketChannel channel;
    private SelectionKey key;
    private int event = -1;
    private boolean repeat;
    private boolean last;
    private long due;

    Connection() {
      out.put(template);
    }

    void open() throws IOException {
      channel = SocketChannel.open();
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.connect(address);
      channel.configureBlocking(false);
      key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    void send(int number, boolean repeat, long due) throws IOException {
      this.event = number;
      this.repeat = repeat;
      this.due = due;
      int slot = number - first;
      digits(out, numberAt, 9, number);
      digits(out, amountAt, 5, 10_000 + number % 90_000);
      digits(out, emailAt, 6, number % 1_000_000);
      for (int i = 0; i < 32; i++) {
        byte b = signatures[32 * slot + i];
        out.put(signatureAt + 2 * i, hex((b >> 4) & 15));
        out.put(signatureAt + 2 * i + 1, hex(b & 15));
      }
      if (kind.equals("forged")) {
        int at = signatureAt + number % 64;
        out.put(at, (byte) (out.get(at) == '0' ? '1' : '0'));
      }
      if (!repeat && status[slot] == UNSENT) {
        status[slot] = UNANSWERED;
      }
      sent++;
      out.clear();
      in.clear();
      if (last) {
        replace();
      }
      try {
        channel.write(out);
      } catch (IOException e) {
        // The server closed it while it was idle: nothing of the request was taken.
        replace();
        out.clear();
        channel.write(out);
      }
      if (out.hasRemaining()) {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      }
    }

    /** True when the answer is complete. */
    boolean ready() throws IOException {
      if (key.isWritable()) {
        channel.write(out);
        if (!out.hasRemaining()) {
          key.interestOps(SelectionKey.OP_READ);
        }
      }
      if (!key.isReadable()) {
        return false;
      }
      int got = channel.read(in);
      if (got < 0) {
        throw new IOException("closed by the server");
      }
      int length = in.position();
      in.get(0, answer, 0, length);
      return event >= 0 && complete(length);
    }

    private boolean complete(int length) {
      int head = find(answer, 0, length, "\r\n\r\n");
      if (head < 0) {
        return false;
      }
      int close = findHeader(answer, head, "connection:");
      last = close >= 0 && find(answer, close, Math.min(head, close + 6), "close") >= 0;
      int at = findHeader(answer, head, "content-length:");
      if (at >= 0) {
        int size = 0;
        for (int i = at; i < head && answer[i] != '\r'; i++) {
          if (answer[i] >= '0') {
            size = 10 * size + answer[i] - '0';
          }
        }
        return length >= head + 4 + size;
      }
      return findHeader(answer, head, "transfer-encoding:") < 0
          || find(answer, head, length, "\r\n0\r\n\r\n") >= 0;
    }

    void done(long now) {
      int took = (int) Math.min(Integer.MAX_VALUE, (now - due) / 1_000);
      if (answers == latencies.length) {
        latencies = Arrays.copyOf(latencies, 2 * answers);
      }
      latencies[answers++] = took;
      int second = (int) ((now - phaseStart) / 1_000_000_000L);
      if (second >= 0 && second < perSecond.length) {
        perSecond[second]++;
      }
      judge(in.position());
      event = -1;
    }

    private void judge(int length) {
      int code = (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + answer[11] - '0';
      int slot = event - first;
      if (code == 200) {
        int at = find(answer, 12, length, "\"status\"");
        int value = at < 0 ? -1 : find(answer, at + 8, length, "\"") + 1;
        int idAt = find(answer, 12, length, "\"id\"");
        int id = idAt < 0 ? -1 : find(answer, idAt + 4, length, "\"") + 1;
        if (value <= 0 || id <= 0 || id + 36 > length) {
          odd(length);
          return;
        }
        long high = uuid(answer, id, 0, 18);
        long low = uuid(answer, id, 19, 36);
        boolean isNew = answer[value] == 'a';
        if (isNew) {
          accepted++;
        } else {
          duplicate++;
        }
        if (repeat) {
          if (isNew || high != idHigh[slot] || low != idLow[slot]) {
            wrongAnswers++;
          }
        } else {
          status[slot] = isNew ? ACCEPTED : DUPLICATE;
          idHigh[slot] = high;
          idLow[slot] = low;
          answeredAt[slot] = wallMicros();
          if (!isNew || kind.equals("forged")) {
            wrongAnswers++;
          }
        }
      } else if (code == 401) {
        refused++;
        if (!repeat && status[slot] == UNANSWERED) {
          status[slot] = REFUSED;
        }
        if (!kind.equals("forged")) {
          wrongAnswers++;
        }
      } else if (code == 503 || code == 429) {
        unavailable++;
      } else {
        odd(length);
      }
    }

    private void odd(int length) {
      otherAnswers++;
      oddAnswer = new String(answer, 0, Math.min(length, 200), StandardCharsets.ISO_8859_1);
    }

    /** After a failure. True when a request was under way, which then has no answer. */
    boolean reopen() throws IOException {
      boolean underWay = event >= 0;
      if (underWay) {
        broken++;
      }
      event = -1;
      replace();
      return underWay;
    }

    private void replace() throws IOException {
      last = false;
      key.cancel();
      channel.close();
      open();
    }
  }

  private static final long WALL_OFFSET =
      System.currentTimeMillis() * 1_000L - System.nanoTime() / 1_000L;

  private static long wallMicros() {
    return WALL_OFFSET + System.nanoTime() / 1_000L;
  }

  private static void digits(ByteBuffer buffer, int at, int width, int number) {
    int rest = number;
    for (int i = at + width - 1; i >= at; i--) {
      buffer.put(i, (byte) ('0' + rest % 10));
      rest /= 10;
    }
  }

  private static byte hex(int nibble) {
    return (byte) (nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
  }

  private static int find(byte[] text, int from, int to, String what) {
    for (int i = from; i <= to - what.length(); i++) {
      int j = 0;
      while (j < what.length() && text[i + j] == what.charAt(j)) {
        j++;
      }
      if (j == what.length()) {
        return i;
      }
    }
    return -1;
  }

  /** Where the value of a header begins; its name is given in lower case with the colon. */
  private static int findHeader(byte[] text, int to, String name) {
    for (int i = 0; i <= to - name.length(); i++) {
      if (text[i] == '\n') {
        int j = 0;
        while (j < name.length() && lower(text[i + 1 + j]) == name.charAt(j)) {
          j++;
        }
        if (j == name.length()) {
          return i + 1 + j;
        }
      }
    }
    return -1;
  }

  private static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b + 32 : b;
  }

  private static long uuid(byte[] text, int at, int from, int to) {
    long value = 0;
    for (int i = at + from; i < at + to; i++) {
      int c = text[i];
      if (c != '-') {
        value = value << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
      }
    }
    return value;
  }

  private void sign(int count) {
    makeRoom(next - first + count);
    byte[] body = Arrays.copyOfRange(template, bodyAt, template.length);
    ByteBuffer buffer = ByteBuffer.wrap(body);
    while (signed < next + count) {
      digits(buffer, numberAt - bodyAt, 9, signed);
      digits(buffer, amountAt - bodyAt, 5, 10_000 + signed % 90_000);
      digits(buffer, emailAt - bodyAt, 6, signed % 1_000_000);
      byte[] signature = mac.doFinal(body);
      System.arraycopy(signature, 0, signatures, 32 * (signed - first), 32);
      signed++;
    }
  }

  private void makeRoom(int slots) {
    if (slots > status.length) {
      int size = Math.max(slots, status.length + status.length / 2);
      signatures = Arrays.copyOf(signatures, 32 * size);
      status = Arrays.copyOf(status, size);
      idHigh = Arrays.copyOf(idHigh, size);
      idLow = Arrays.copyOf(idLow, size);
      answeredAt = Arrays.copyOf(answeredAt, size);
    }
  }

  private void sendNext(Connection connection, long due) throws IOException {
    if (kind.equals("repeats")) {
      repeatNow = !repeatNow;
      if (repeatNow) {
        int again = nextAnswered();
        if (again >= 0) {
          connection.send(again, true, due);
          return;
        }
      }
    }
    if (next == signed) {
      sign(1_000);
      signedLate += 1_000;
    }
    connection.send(next++, false, due);
  }

  /** The numbers of events that were answered, round and round. */
  private int nextAnswered() {
    int known = next - first;
    for (int tries = 0; tries < Math.min(known, 10_000); tries++) {
      repeatCursor = repeatCursor + 1 >= known ? 0 : repeatCursor + 1;
      if (status[repeatCursor] == ACCEPTED) {
        return first + repeatCursor;
      }
    }
    return -1;
  }

  private void begin(String kind, int seconds) {
    this.kind = kind;
    answers = 0;
    sent = accepted = duplicate = refused = unavailable = otherAnswers = broken = wrongAnswers = 0;
    signedLate = 0;
    oddAnswer = "";
    perSecond = new long[seconds];
    phaseStart = System.nanoTime();
  }

  private void closed(int seconds, String kind) throws IOException {
    begin(kind, seconds);
    long end = phaseStart + seconds * 1_000_000_000L;
    long last = phaseStart;
    for (Connection connection : connections) {
      sendNext(connection, System.nanoTime());
    }
    int[] underWay = {connections.length};
    while (underWay[0] > 0) {
      selector.select(
          key -> {
            Connection connection = (Connection) key.attachment();
            try {
              try {
                if (!connection.ready()) {
                  return;
                }
                connection.done(System.nanoTime());
              } catch (IOException e) {
                if (!connection.reopen()) {
                  return;
                }
              }
              long now = System.nanoTime();
              if (now < end) {
                sendNext(connection, now);
              } else {
                underWay[0]--;
              }
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          },
          1_000);
      long now = System.nanoTime();
      if (now > end + 15_000_000_000L) {
        break;
      }
      last = now;
    }
    report("closed", (last - phaseStart) / 1e9);
  }

  private void open(int seconds, int rate, String kind) throws IOException {
    begin(kind, seconds);
    long total = (long) seconds * rate;
    idle.clear();
    idle.addAll(Arrays.asList(connections));
    // A selector sleeps whole milliseconds; this thread wakes it when the next request is due.
    Thread main = Thread.currentThread();
    long[] nextDue = {phaseStart};
    boolean[] over = {false};
    Thread pacer =
        new Thread(
            () -> {
              for (long k = 0; k < total && !over[0]; k++) {
                long due = phaseStart + k * 1_000_000_000L / rate;
                long wait = due - System.nanoTime();
                while (wait > 0) {
                  LockSupport.parkNanos(wait);
                  wait = due - System.nanoTime();
                }
                selector.wakeup();
              }
            },
            "pacer");
    pacer.setDaemon(true);
    pacer.start();
    long k = 0;
    int[] underWay = {0};
    long end = phaseStart + seconds * 1_000_000_000L;
    long last = phaseStart;
    while (k < total || underWay[0] > 0) {
      long now = System.nanoTime();
      while (k < total && !idle.isEmpty()) {
        long due = phaseStart + k * 1_000_000_000L / rate;
        if (due > now) {
          break;
        }
        sendNext(idle.poll(), due);
        underWay[0]++;
        k++;
      }
      selector.select(
          key -> {
            Connection connection = (Connection) key.attachment();
            try {
              try {
                if (!connection.ready()) {
                  return;
                }
                connection.done(System.nanoTime());
              } catch (IOException e) {
                if (!connection.reopen()) {
                  return;
                }
              }
              underWay[0]--;
              idle.add(connection);
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          },
          100);
      last = System.nanoTime();
      if (last > end + 30_000_000_000L) {
        break;
      }
    }
    over[0] = true;
    report("open", (last - phaseStart) / 1e9);
  }

  private void report(String mode, double took) {
    for (Connection connection : connections) {
      if (connection.event >= 0) {
        // It got no answer in time, and must not be taken for that of a later request.
        try {
          connection.reopen();
        } catch (IOException e) {
          System.err.println(e);
        }
      }
    }
    int[] sorted = Arrays.copyOf(latencies, answers);
    Arrays.sort(sorted);
    StringBuilder rates = new StringBuilder();
    for (long r : perSecond) {
      rates.append(rates.length() == 0 ? "" : ",").append(r);
    }
    System.out.printf(
        "{\"mode\":\"%s\",\"kind\":\"%s\",\"seconds\":%.3f,\"sent\":%d,\"answered\":%d,\"accepted\":%d,"
            + "\"duplicate\":%d,\"refused\":%d,\"unavailable\":%d,\"other\":%d,\"broken\":%d,\"wrong\":%d,"
            + "\"signed_late\":%d,\"p50\":%d,\"p95\":%d,\"p99\":%d,\"max\":%d,\"per_second\":[%s],\"odd\":\"%s\"}%n",
        mode,
        kind,
        took,
        sent,
        answers,
        accepted,
        duplicate,
        refused,
        unavailable,
        otherAnswers,
        broken,
        wrongAnswers,
        signedLate,
        percentile(sorted, 0.50),
        percentile(sorted, 0.95),
        percentile(sorted, 0.99),
        sorted.length == 0 ? 0 : sorted[sorted.length - 1],
        rates,
        oddAnswer.replaceAll("[^ -~]|[\"\\\\]", " "));
    System.out.flush();
  }

  private static int percentile(int[] sorted, double share) {
    return sorted.length == 0
        ? 0
        : sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  }

  private void save(String file) throws IOException {
    String[] names = {"unsent", "unanswered", "accepted", "duplicate", "refused"};
    try (OutputStream raw = Files.newOutputStream(Path.of(file));
        PrintStream out =
            new PrintStream(
                new BufferedOutputStream(raw, 1 << 20), false, StandardCharsets.US_ASCII)) {
      for (int i = 0; i < next - first; i++) {
        out.print("TX-" + run + "-");
        String digits = Integer.toString(first + i);
        out.print("000000000".substring(digits.length()));
        out.print(digits);
        out.print('\t');
        out.print(names[status[i]]);
        out.print('\t');
        out.print(
            status[i] == ACCEPTED || status[i] == DUPLICATE
                ? new java.util.UUID(idHigh[i], idLow[i]).toString()
                : "\\N");
        out.print('\t');
        out.print(answeredAt[i]);
        out.print('\n');
      }
    }
    System.out.printf("{\"saved\":%d}%n", next - first);
  }

  private void forget() {
    first = next;
    signed = next;
    repeatCursor = 0;
    Arrays.fill(status, UNSENT);
    System.out.println("{\"forgotten\":true}");
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    Load load =
        new Load(
            Integer.parseInt(options.get("--port")),
            Integer.parseInt(options.getOrDefault("--connections", "64")),
            options.get("--secret"),
            options.getOrDefault("--run", "0"));
    for (Connection connection : load.connections) {
      connection.open();
    }
    System.out.println("{\"ready\":true}");
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.trim().split("\\s+");
        switch (words[0]) {
          case "sign" -> {
            load.sign(Integer.parseInt(words[1]));
            System.out.printf("{\"signed\":%d}%n", load.signed - load.next);
          }
          case "closed" -> load.closed(Integer.parseInt(words[1]), words[2]);
          case "open" -> load.open(Integer.parseInt(words[1]), Integer.parseInt(words[2]), words[3]);
          case "save" -> load.save(words[1]);
          case "forget" -> load.forget();
          case "quit" -> {
            return;
          }
          default -> System.out.println("{\"error\":\"no such phase\"}");
        }
        System.out.flush();
      }
    }
  }
}

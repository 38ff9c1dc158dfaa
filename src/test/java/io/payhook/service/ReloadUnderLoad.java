package io.payhook.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves files of every kind, good and broken, while signed requests come at a fixed rate, and
 * proves that no request was lost or answered other than 200 and that every event reached every
 * route.
 *
 * <p>{@code main SAVES RATE [SEED]}; the exit code tells. Without saves it only sends for a while,
 * which shows what the machine can take.
 */
public final class ReloadUnderLoad {
  private static final Logger LOG = LoggerFactory.getLogger(ReloadUnderLoad.class);
  private static final int WARM_UP_SECONDS = 20;
  private static final String SUCCESS = "payments/payment-success.camel.yaml";
  private static final String INTAKE = "intake.camel.yaml";
  private static final String ENDPOINT = "payments/payments.camel.yaml";
  private static final String STATEMENT = "payments/sql/record-payment.sql";
  private static final String EXTRA = "extra/extra.camel.yaml";
  private static final String KAMELET = "kamelets/count-action.kamelet.yaml";
  private static final String PRESET = "providers/own.yaml";

  /**
   * Three routes that only the database sees, so that the machine's time goes to what is tested.
   */
  private static final String ROUTES =
      """
      - route:
          id: record-payment
          description: Records the payment, version 0.
          from:
            uri: event:payments/payment.success
            parameters:
              transacted: true
            steps:
              - to:
                  id: save-payment
                  uri: kamelet:database-sink
                  parameters:
                    statement: sql/record-payment.sql
      - route:
          id: note-payment
          description: Notes the payment, version 0.
          from:
            uri: event:payments/payment.success
            steps:
              - to:
                  uri: kamelet:count-action
      """;

  private static final String COUNT =
      """
      apiVersion: camel.apache.org/v1
      kind: Kamelet
      metadata:
        name: count-action
      spec:
        definition:
          title: Count, version 0
        template:
          from:
            uri: kamelet:source
            steps:
              - setVariable:
                  name: counted
                  expression:
                    constant:
                      expression: one
      """;

  private static final String OTHER =
      """
      - route:
          id: extra-note
          description: Comes and goes, version 0.
          from:
            uri: event:payments/payment.failed
            steps:
              - setBody:
                  expression:
                    constant:
                      expression: noted
      """;

  private final RunningService running;
  private final int rate;
  private final Random random;
  private final Map<String, String> good = new TreeMap<>();
  private final Map<String, Integer> answers = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Long> millis = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicLong sent = new AtomicLong();
  private volatile boolean over;
  private int version;

  private ReloadUnderLoad(RunningService running, int rate, long seed) {
    this.running = running;
    this.rate = rate;
    this.random = new Random(seed);
  }

  /** What came out; the run was good where {@code failure} is empty. */
  record Report(String text, String failure) {}

  static Report run(Path folder, int saves, int rate, long seed) throws Exception {
    Map<String, String> settings = Map.of("payhook.routes.reload", "on");
    try (RunningService running = RunningService.start(folder, settings)) {
      ReloadUnderLoad load = new ReloadUnderLoad(running, rate, seed);
      load.prepare();
      return load.go(saves, seed);
    }
  }

  private void prepare() throws IOException {
    good.put(SUCCESS, ROUTES);
    good.put(KAMELET, COUNT);
    good.put(EXTRA, OTHER);
    good.put(INTAKE, running.text(INTAKE));
    good.put(ENDPOINT, running.text(ENDPOINT));
    good.put(STATEMENT, running.text(STATEMENT));
    good.put(PRESET, "title: Our own, version 0\n" + preset());
    for (Map.Entry<String, String> file : good.entrySet()) {
      running.save(file.getKey(), file.getValue());
    }
    for (String name :
        List.of("payment-failed", "refund-processed", "subscription-renew", "transfer-success")) {
      Files.delete(running.file("payments/" + name + ".camel.yaml"));
    }
    var outcome = running.service.reload();
    if (!outcome.problems().isEmpty()) {
      throw new IllegalStateException(outcome.problems().toString());
    }
  }

  private static String preset() throws IOException {
    return Files.readString(Path.of("src/main/resources/providers/hmac-sha256-hex-body.yaml"))
        .replaceFirst("(?m)^title:.*\n", "");
  }

  private Report go(int saves, long seed) throws Exception {
    Thread sender = new Thread(this::send, "sender");
    sender.start();
    int broken = 0;
    long begin = System.nanoTime();
    for (int i = 0; i < saves; i++) {
      broken += save() ? 0 : 1;
      TimeUnit.MILLISECONDS.sleep(200 + random.nextInt(300));
    }
    if (saves == 0) {
      TimeUnit.SECONDS.sleep(2 * WARM_UP_SECONDS);
    }
    // The last save of each file is a good one.
    for (Map.Entry<String, String> file : good.entrySet()) {
      running.save(file.getKey(), file.getValue());
    }
    RunningService.await(
        "no problem left", Duration.ofMinutes(1), () -> running.service.fileProblems().isEmpty());
    TimeUnit.MILLISECONDS.sleep(1_000);
    over = true;
    sender.join();
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (pending.get() > 0 && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return judge(saves, broken, seed, Duration.ofNanos(System.nanoTime() - begin));
  }

  private void send() {
    // A cold JVM is not what is tested: the rate rises to its full height within a while.
    double begin = System.nanoTime();
    double due = begin;
    for (int i = 0; !over; i++) {
      due += 1e9 / rate / Math.min(1, Math.max(0.05, (due - begin) / 1e9 / WARM_UP_SECONDS));
      long wait = (long) due - System.nanoTime();
      if (wait > 0) {
        java.util.concurrent.locks.LockSupport.parkNanos(wait);
      }
      long at = (long) due;
      String body =
          "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"L-"
              + i
              + "\",\"amount\":1.50,\"currency\":\"NGN\",\"status\":\"success\","
              + "\"customer\":{\"email\":\"\",\"name\":\"\"}}}";
      pending.incrementAndGet();
      sent.incrementAndGet();
      java.util.concurrent.Future<?> unused =
          running
              .post("payments", "payment.success", body)
              .whenComplete(
                  (answer, thrown) -> {
                    if (thrown != null || answer.statusCode() != 200) {
                      String what =
                          thrown == null
                              ? answer.statusCode() + " " + answer.body()
                              : thrown.toString();
                      LOG.warn("not 200: {}", what);
                    }
                    millis.add((System.nanoTime() - at) / 1_000_000);
                    answers.merge(
                        thrown == null ? "HTTP " + answer.statusCode() : String.valueOf(thrown),
                        1,
                        Integer::sum);
                    pending.decrementAndGet();
                  });
    }
  }

  /** One save of one file, whole or in pieces; true where what it leaves can be used. */
  private boolean save() throws Exception {
    List<String> names = List.copyOf(good.keySet());
    String name = random.nextInt(3) == 0 ? SUCCESS : names.get(random.nextInt(names.size()));
    String text = good.get(name).replaceAll("version \\d+", "version " + ++version);
    if (name.equals(INTAKE)) {
      text = "# version " + version + "\n" + text;
    } else if (name.equals(STATEMENT)) {
      text = "-- version " + version + "\n" + text;
    } else if (name.equals(ENDPOINT)) {
      text = text.replace("}}", "}},{{env:OTHER_WEBHOOK_SECRET}}") + "# version " + version + "\n";
    }
    boolean fine = random.nextInt(5) < 2;
    String content = fine ? text : broken(name, text);
    switch (random.nextInt(4)) {
      case 0 -> {
        // In pieces, as an editor on a slow disk.
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        Files.write(running.file(name), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        TimeUnit.MILLISECONDS.sleep(random.nextInt(60));
        Files.write(running.file(name), bytes);
      }
      case 1 -> replace(name, content);
      case 2 -> {
        if (name.equals(EXTRA) && fine) {
          Files.deleteIfExists(running.file(name));
        } else {
          replace(name, content);
        }
      }
      default -> replace(name, content);
    }
    return fine;
  }

  /** As most editors save: beside, then over it. */
  private void replace(String name, String content) throws IOException {
    Path file = running.file(name);
    Path beside = file.resolveSibling("." + file.getFileName() + ".new");
    Files.writeString(beside, content);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private String broken(String name, String text) {
    if (name.equals(STATEMENT)) {
      return random.nextBoolean() ? "" : text.replaceFirst("'", "");
    }
    if (name.equals(PRESET)) {
      return text.replace("signature:", "signatur:");
    }
    if (name.equals(ENDPOINT)) {
      return random.nextBoolean()
          ? text.replace("echezona", "echo-zona")
          : text.replaceAll("secrets:.*", "secrets: \"\"");
    }
    return switch (random.nextInt(5)) {
      case 0 -> text.substring(0, text.length() / 2) + "\n  x: [";
      case 1 -> text.replaceFirst("- (to|setBody|setVariable|process):", "- no-such-step:");
      case 2 -> "";
      case 3 -> text + "\n- route:\n    id: bad\n    from:\n      uri: nocomponent:x\n";
      default -> text.replaceFirst("(uri: kamelet:|uri: event:|uri: platform-http:)", "uri: nope-");
    };
  }

  private Report judge(int saves, int broken, long seed, Duration took) throws Exception {
    String events =
        running
            .database
            .query("select count(*) from payhook.event where endpoint = 'payments'")
            .get(0);
    RunningService.await("every delivery done", () -> count("state <> 'done'").equals("0"));
    String recorded = running.database.query("select count(*) from payment").get(0);
    String deliveries = count("route in ('record-payment', 'note-payment') and state = 'done'");
    List<Long> sorted = millis.stream().sorted().toList();
    long total = sent.get();
    StringBuilder text = new StringBuilder();
    text.append("saves ").append(saves).append(" (").append(broken).append(" broken), ");
    text.append("seed ").append(seed).append(", ").append(took.toSeconds()).append(" s\n");
    text.append("requests ").append(total).append(" at ").append(rate).append("/s, answers ");
    text.append(answers).append('\n');
    text.append("latency ms: p50 ").append(sorted.get(sorted.size() / 2));
    text.append(", p99 ").append(sorted.get(sorted.size() * 99 / 100));
    text.append(", most ").append(sorted.get(sorted.size() - 1)).append('\n');
    text.append("events ").append(events).append(", payments ").append(recorded);
    text.append(", deliveries done ").append(deliveries).append('\n');
    text.append("routes ").append(running.service.context().getRoutesSize());
    text.append(", endpoints ").append(running.service.context().getEndpoints().size());
    StringBuilder failure = new StringBuilder();
    if (!answers.equals(Map.of("HTTP 200", (int) total))) {
      failure.append("answers other than 200: ").append(answers).append('\n');
    }
    if (!events.equals("" + total) || !recorded.equals("" + total)) {
      failure.append("events or payments missing\n");
    }
    if (!deliveries.equals("" + 2 * total)) {
      failure
          .append("deliveries missing, event and routes that have one: ")
          .append(
              running.database.query(
                  "select concat_ws(' ', e.id, e.key, e.received_at, string_agg(d.route, ',')) from payhook.event e left join payhook.delivery d"
                      + " on d.event_id = e.id where e.endpoint = 'payments' group by e.id having count(*) < 2 limit 10"))
          .append('\n');
    }
    if (running.service.context().getRoutesSize() > 10
        || running.service.context().getEndpoints().size() > 20) {
      failure.append("routes or endpoints pile up\n");
    }
    return new Report(text.toString(), failure.toString());
  }

  private String count(String where) {
    try {
      return running.database.query("select count(*) from payhook.delivery where " + where).get(0);
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@code SAVES RATE [SEED]}. */
  public static void main(String[] arguments) throws Exception {
    int saves = Integer.parseInt(arguments[0]);
    int rate = Integer.parseInt(arguments[1]);
    long seed = arguments.length > 2 ? Long.parseLong(arguments[2]) : System.nanoTime() % 1_000_000;
    Report report = run(Files.createTempDirectory("payhook-reload"), saves, rate, seed);
    System.out.println(report.text());
    System.out.println(report.failure().isEmpty() ? "PASSED" : "FAILED\n" + report.failure());
    System.exit(report.failure().isEmpty() ? 0 : 1);
  }
}

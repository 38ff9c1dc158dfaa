package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.Sample;
import io.payhook.settings.Key;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.tools.routetest.Posting;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook send}. */
@Command(
    name = "send",
    description =
        "Posts an endpoint's sample of an event type with a fresh key, signed as its provider"
            + " signs.")
final class SendCommand extends Printing {
  private static final int IN_FLIGHT = 64;
  private static final Duration ANSWER = Duration.ofSeconds(20);

  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Parameters(paramLabel = "TYPE", description = "Event type, such as payment.success.")
  private String type = "";

  @Option(
      names = "--endpoint",
      paramLabel = "ID",
      description = "The endpoint (default: the one that has a sample of the type).")
  private @Nullable String endpoint;

  @Option(
      names = "--url",
      paramLabel = "BASE",
      description = "Base URL of the service (default: camel.server.port on this machine).")
  private @Nullable String url;

  @Option(
      names = "--file",
      paramLabel = "F",
      description = "Sends this body instead of the sample.")
  private @Nullable Path file;

  @Option(
      names = "--id",
      paramLabel = "KEY",
      description =
          "Value that makes up the event's key, such as the transaction id (default: a fresh one).")
  private @Nullable String id;

  @Option(names = "--count", paramLabel = "N", description = "Number of events (default: 1).")
  private int count = 1;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Events per second (default: as fast as they are answered).")
  private double rate;

  @Option(names = "--duplicate", description = "Sends each event a second time.")
  private boolean duplicate;

  @Option(names = "--bad-signature", description = "Signs with a wrong secret.")
  private boolean badSignature;

  @Option(
      names = "--late",
      paramLabel = "SECONDS",
      description = "Signs as if this long ago, if the provider signs the time.")
  private long late;

  @Option(names = "--json", description = "Prints a JSON object per answer.")
  private boolean json;

  /** One answer; status 0 when there was none. */
  private record Sent(int status, String outcome, String id, String text) {}

  @Override
  public Integer call() throws Exception {
    Settings settings = options.load();
    DeclaredEndpoint target = target(settings);
    Sample sample = file == null ? sample(target) : Sample.read(file);
    Provider provider =
        target.resolve(Providers.load(settings.routes().resolve("providers")), sample);
    List<Secret> secrets = target.parsedSecrets();
    if (secrets.isEmpty() && !provider.isUnsigned()) {
      throw wrong(
          "endpoint " + target.name() + " has no secret to sign with; set the one its file names");
    }
    Secret secret =
        badSignature || secrets.isEmpty()
            ? Secret.random(provider.secretKind())
            : secrets.get(secrets.size() - 1);
    Clock clock = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(-late));
    String base =
        url == null
            ? "http://127.0.0.1:" + settings.get(Key.SERVER_PORT)
            : url.replaceAll("/+$", "");
    String path = "/webhooks/" + target.name();
    URI uri = URI.create(base + path);
    // The URL as the service takes it to be, for the platforms that sign it.
    String known = settings.publicUrl(path).orElse(uri.toString());
    FreshKeys events = new FreshKeys(provider, sample, sample.type(), clock);
    Signer signer = new Signer(provider, secret, clock);
    Requests requests =
        key ->
            Posting.of(
                uri.toString(),
                signer.sign(events.withKey(key).request(known), sample.type()),
                ANSWER);
    return count == 1 ? one(requests) : many(requests);
  }

  /** Makes a signed request of an event with this key. */
  private interface Requests {
    HttpRequest of(@Nullable String key);
  }

  private int one(Requests requests) throws InterruptedException {
    HttpClient client = client();
    HttpRequest request = requests.of(id);
    boolean well = true;
    for (int i = 0; i < (duplicate ? 2 : 1); i++) {
      Sent sent = post(client, request).join();
      print(sent);
      well &= sent.status == 200;
    }
    return well ? 0 : Cli.NO;
  }

  private int many(Requests requests) throws InterruptedException {
    HttpClient client = client();
    Semaphore free = new Semaphore(IN_FLIGHT);
    Map<String, Integer> outcomes = new ConcurrentHashMap<>();
    AtomicInteger answered = new AtomicInteger();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      HttpRequest request = requests.of(id == null ? null : id + "-" + (i + 1));
      pace(start, i);
      for (int n = 0; n < (duplicate ? 2 : 1); n++) {
        free.acquire();
        CompletableFuture<Void> unused =
            post(client, request)
                .thenAccept(
                    sent -> {
                      outcomes.merge(
                          sent.status == 0 ? sent.text : sent.status + " " + sent.outcome,
                          1,
                          Integer::sum);
                      answered.incrementAndGet();
                      free.release();
                    });
      }
      progress(answered.get(), i == count - 1);
    }
    free.acquire(IN_FLIGHT);
    progress(answered.get(), true);
    summary(outcomes, Duration.ofNanos(System.nanoTime() - start));
    return outcomes.keySet().stream().allMatch(outcome -> outcome.startsWith("200 ")) ? 0 : Cli.NO;
  }

  private void pace(long start, int sent) throws InterruptedException {
    if (rate > 0) {
      long wait = start + (long) (sent / rate * 1e9) - System.nanoTime();
      if (wait > 0) {
        TimeUnit.NANOSECONDS.sleep(wait);
      }
    }
  }

  private void progress(int answered, boolean last) {
    if (json || !CommandLine.Help.Ansi.AUTO.enabled()) {
      return;
    }
    int total = duplicate ? 2 * count : count;
    if (last || answered % 50 == 0) {
      int filled = (int) (30L * answered / total);
      PrintWriter err = spec.commandLine().getErr();
      err.print(
          "\r[" + "#".repeat(filled) + " ".repeat(30 - filled) + "] " + answered + "/" + total);
      if (last && answered == total) {
        err.println();
      }
      err.flush();
    }
  }

  private void summary(Map<String, Integer> outcomes, Duration took) {
    Map<String, Integer> sorted = new TreeMap<>(outcomes);
    int total = sorted.values().stream().mapToInt(Integer::intValue).sum();
    double perSecond = total * 1000.0 / Math.max(1, took.toMillis());
    if (json) {
      out()
          .println(
              Json.MAPPER
                  .createObjectNode()
                  .put("sent", total)
                  .put("perSecond", Math.round(perSecond))
                  .set("answers", Json.MAPPER.valueToTree(sorted)));
    } else {
      sorted.forEach((outcome, number) -> out().println(number + " × " + outcome));
      out().printf("%d sent in %.1f s, %.0f/s%n", total, took.toMillis() / 1000.0, perSecond);
    }
    out().flush();
  }

  private static HttpClient client() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(5))
        .build();
  }

  private CompletableFuture<Sent> post(HttpClient client, HttpRequest request) {
    return client
        .sendAsync(request, HttpResponse.BodyHandlers.ofString())
        .thenApply(SendCommand::sent)
        .exceptionally(
            thrown -> {
              Throwable cause = thrown.getCause() == null ? thrown : thrown.getCause();
              String text =
                  cause instanceof ConnectException
                      ? "nobody answers at "
                          + request.uri()
                          + "; start the service with: ./payhook run"
                      : request.uri() + ": " + cause;
              return new Sent(0, "", "", text);
            });
  }

  private static Sent sent(HttpResponse<String> response) {
    try {
      JsonNode answer = Json.MAPPER.readTree(response.body());
      return new Sent(
          response.statusCode(),
          answer.path("status").asText(),
          answer.path("id").asText(),
          answer.path("error").asText());
    } catch (IOException e) {
      return new Sent(response.statusCode(), "", "", response.body());
    }
  }

  private void print(Sent sent) {
    if (json) {
      out()
          .println(
              Json.MAPPER
                  .createObjectNode()
                  .put("code", sent.status)
                  .put("status", sent.outcome)
                  .put("id", sent.id)
                  .put("error", sent.text));
    } else if (sent.status == 0) {
      note("payhook: " + sent.text);
    } else {
      out()
          .println(
              (sent.status + " " + sent.outcome + " " + (sent.id.isEmpty() ? sent.text : sent.id))
                  .strip());
    }
    out().flush();
  }

  private DeclaredEndpoint target(Settings settings) throws RouteFileException {
    Map<String, DeclaredEndpoint> all =
        DeclaredEndpoint.in(settings.routes(), Placeholders.of(settings));
    if (endpoint != null) {
      DeclaredEndpoint named = all.get(endpoint);
      if (named == null) {
        throw wrong(
            "there is no endpoint '%s' in %s; there are: %s"
                .formatted(endpoint, settings.routes(), all.keySet()));
      }
      return named;
    }
    List<DeclaredEndpoint> fitting =
        all.values().stream()
            .filter(each -> file != null || each.findSample(type).isPresent())
            .toList();
    if (fitting.size() == 1) {
      return fitting.get(0);
    }
    throw wrong(
        fitting.isEmpty()
            ? "no endpoint has a sample of '%s'; there are samples of: %s"
                .formatted(
                    type,
                    all.values().stream()
                        .flatMap(each -> each.samples().stream())
                        .map(Sample::type)
                        .collect(Collectors.toCollection(TreeSet::new)))
            : "several endpoints fit; say which with --endpoint: "
                + fitting.stream().map(DeclaredEndpoint::name).toList());
  }

  private Sample sample(DeclaredEndpoint of) {
    try {
      return of.sample(type);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }
}

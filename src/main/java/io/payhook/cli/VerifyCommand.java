package io.payhook.cli;

import io.payhook.intake.CertificateStore;
import io.payhook.routes.Providers;
import io.payhook.signature.Handshake;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.RawRequest.Header;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Undecided;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import io.payhook.tools.signing.SignatureDiagnosis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code payhook verify}. */
@Command(
    name = "verify",
    description = {
      "Says whether a request is authentic, or why not, in words a person can act on.",
      "Exit code 0: authentic; 1: not authentic; 2: usage error."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class VerifyCommand extends Printing {

  @Option(
      names = "--provider",
      paramLabel = "NAME",
      description = "The preset; 'payhook providers' lists them.")
  private @Nullable String provider;

  @Option(
      names = "--secret",
      paramLabel = "SECRET",
      description = {
        "The secret, or several separated by commas; env:NAME reads it from the environment,",
        "which keeps it out of the shell's history."
      })
  private List<String> secrets = new ArrayList<>();

  @Option(
      names = "--header",
      paramLabel = "'NAME: VALUE'",
      description = "A header of the request; may be repeated.")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = "--body",
      paramLabel = "FILE",
      description = "The body's exact bytes; - for standard input.")
  private @Nullable String body;

  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "http://localhost/",
      description =
          "The URL it was sent to, for platforms that sign it (default: ${DEFAULT-VALUE}).")
  private String url = "http://localhost/";

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "POST",
      description = "The request's method (default: ${DEFAULT-VALUE}).")
  private String method = "POST";

  @Option(
      names = "--now",
      paramLabel = "EPOCH",
      description =
          "The current time for checking timestamps, in seconds, milliseconds or ISO 8601.")
  private @Nullable String now;

  @Option(
      names = "--set",
      paramLabel = "SETTING=VALUE",
      description = "A setting of the preset, as an endpoint would override it; may be repeated.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--routes",
      paramLabel = "DIR",
      defaultValue = "routes",
      description = "The routes folder, for presets of your own in its providers folder.")
  private Path routes = Path.of("routes");

  @Option(
      names = "--vectors",
      paramLabel = "FILE",
      description = "Runs a file of test vectors instead, and prints how many passed.")
  private @Nullable Path vectors;

  @Option(names = "--json", description = "Prints JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Providers providers;
    try {
      providers = Providers.load(routes.resolve("providers"));
    } catch (ProviderException e) {
      throw wrongUse(e);
    }
    return vectors == null ? verifyOne(providers) : verifyAll(vectors, providers);
  }

  private int verifyOne(Providers providers) throws IOException {
    if (provider == null || body == null) {
      throw wrong("--provider and --body are needed, or --vectors alone");
    }
    try {
      Clock clock = clock();
      Provider preset = providers.get(provider).with(settings);
      List<Secret> known =
          Secret.parse(String.join(",", secrets.stream().map(this::secret).toList()));
      RawRequest request = new RawRequest(method, url, headers(), body(body));
      Verdict verdict =
          new Verifier(preset, known, clock, CertificateStore.atOnce(clock)).verify(request);
      List<String> advice =
          verdict instanceof Refused refused
              ? SignatureDiagnosis.of(preset, known, request, refused, clock)
              : List.of();
      if (json) {
        json(asJson(verdict, advice));
      } else {
        tell(verdict, advice);
      }
      return Vectors.isAuthentic(verdict) ? 0 : 1;
    } catch (ProviderException e) {
      throw wrongUse(e);
    }
  }

  private int verifyAll(Path file, Providers providers) {
    List<Vectors.Outcome> outcomes;
    try {
      outcomes = Vectors.run(file, providers);
    } catch (IOException e) {
      throw wrong("can't run the vectors: " + e.getMessage(), e);
    }
    long failed = outcomes.stream().filter(outcome -> !outcome.passed()).count();
    if (json) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("passed", outcomes.size() - failed);
      result.put("failed", failed);
      result.put("vectors", outcomes);
      json(result);
    } else {
      for (Vectors.Outcome outcome : outcomes) {
        out()
            .println(
                (outcome.passed() ? "ok      " : "FAILED  ")
                    + outcome.name()
                    + ": "
                    + outcome.told());
      }
      out().println((outcomes.size() - failed) + " passed, " + failed + " failed");
    }
    return failed == 0 ? 0 : 1;
  }

  private void tell(Verdict verdict, List<String> advice) {
    if (verdict instanceof VerifiedEvent event) {
      out().println("authentic");
      for (VerifiedEvent item : event.items()) {
        out().println("  type       " + item.type());
        out().println("  key        " + item.key());
        out().println("  entity     " + item.entity());
        if (item.occurredAt() != null) {
          out().println("  occurred   " + item.occurredAt());
        }
        if (item.amount() != null) {
          String currency = item.currency();
          out()
              .println(
                  "  amount     "
                      + item.amount().toPlainString()
                      + (currency == null ? "" : " " + currency));
        }
      }
      out().println("  secret     " + event.secretLabel());
    } else if (verdict instanceof Handshake answer) {
      out().println("a handshake; the answer is " + answer.status() + " " + answer.contentType());
      out().println(answer.text());
    } else if (verdict instanceof Refused refused) {
      boolean authentic = refused.category() == Refused.Category.MALFORMED;
      out()
          .println(
              (authentic ? "authentic, but the endpoint would answer 400: " : "not authentic: ")
                  + refused.reason()
                  + ": "
                  + refused.detail());
      advice.forEach(line -> out().println("  " + line));
    } else if (verdict instanceof Undecided undecided) {
      out().println("can't be decided now: " + undecided.why());
    }
    out().flush();
  }

  private static Map<String, Object> asJson(Verdict verdict, List<String> advice) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("authentic", Vectors.isAuthentic(verdict));
    if (verdict instanceof VerifiedEvent event) {
      result.put("verdict", "event");
      result.put("secret", event.secretLabel());
      result.put("events", event.items().stream().map(EventFacts::of).toList());
    } else if (verdict instanceof Handshake answer) {
      result.put("verdict", "handshake");
      result.put("status", answer.status());
      result.put("contentType", answer.contentType());
      result.put("body", answer.text());
    } else if (verdict instanceof Refused refused) {
      result.put("verdict", "refused");
      result.put("category", refused.category().name());
      result.put("reason", refused.reason());
      result.put("detail", refused.detail());
      result.put("advice", advice);
    } else if (verdict instanceof Undecided undecided) {
      result.put("verdict", "undecided");
      result.put("detail", undecided.why());
    }
    return result;
  }

  private String secret(String given) {
    if (!given.startsWith("env:")) {
      return given;
    }
    String name = given.substring(4);
    String value = System.getenv(name);
    if (value == null) {
      throw wrong("--secret env:" + name + ": the environment has no " + name);
    }
    return value;
  }

  private List<Header> headers() {
    List<Header> parsed = new ArrayList<>();
    for (String header : headers) {
      int colon = header.indexOf(':');
      if (colon < 1) {
        throw wrong("--header '" + header + "' has no colon; write 'X-Signature: 5f3a…'");
      }
      parsed.add(
          new Header(header.substring(0, colon).strip(), header.substring(colon + 1).strip()));
    }
    return parsed;
  }

  private byte[] body(String file) throws IOException {
    if (file.equals("-")) {
      return System.in.readAllBytes();
    }
    Path path = Path.of(file);
    if (!Files.isReadable(path) || Files.isDirectory(path)) {
      throw wrong("--body " + file + ": there is no such file to read");
    }
    return Files.readAllBytes(path);
  }

  private Clock clock() {
    if (now == null) {
      return Clock.systemUTC();
    }
    try {
      Instant at;
      if (now.matches("\\d{1,15}")) {
        long number = Long.parseLong(now);
        at =
            number > 100_000_000_000L
                ? Instant.ofEpochMilli(number)
                : Instant.ofEpochSecond(number);
      } else {
        at = OffsetDateTime.parse(now).toInstant();
      }
      return Clock.fixed(at, ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw wrong("--now '" + now + "' is not a time; write 1761988530 or 2026-11-01T09:15:30Z", e);
    }
  }

  private ParameterException wrongUse(ProviderException e) {
    String problems =
        String.join("; ", e.problems().stream().map(ProviderException.Problem::toString).toList());
    return wrong("provider '" + e.provider() + "': " + problems, e);
  }
}

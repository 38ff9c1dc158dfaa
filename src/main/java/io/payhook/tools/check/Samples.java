package io.payhook.tools.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import io.payhook.journal.Facts;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import io.payhook.kit.Location;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Checks the samples of endpoints, and makes of them the events that the rest is tried with. */
final class Samples {
  private static final String ID = "01890000-0000-7000-8000-000000000000";

  private final Findings findings;
  private final Clock clock;

  Samples(Findings findings, Clock clock) {
    this.findings = findings;
    this.clock = clock;
  }

  /** Those of one endpoint by type; a type whose sample is no good has none. */
  Map<String, List<SampleEvent>> of(String endpoint, Path folder, List<Provider> providers) {
    Map<String, List<SampleEvent>> events = new TreeMap<>();
    List<Provider> signing = providers.stream().map(Samples::signing).toList();
    for (Path file : Tree.level(folder).files()) {
      if (!Sample.isSample(file)) {
        unsound(
            file,
            "a sample's file can't end so",
            "one of %s is right, by its content".formatted(Sample.endings()));
        continue;
      }
      try {
        sample(file, endpoint, signing, events);
      } catch (IOException e) {
        findings.trouble(Trouble.of(file, e));
      }
    }
    return events;
  }

  private void unsound(Path file, String what, String right) {
    findings.unsound(Location.start(file), what, right);
  }

  /**
   * The provider with what a sample can't satisfy taken away: a private key nobody here has, and
   * times that have passed.
   */
  private static Provider signing(Provider provider) {
    Map<String, String> changes = new LinkedHashMap<>();
    String algorithm = provider.setting(Setting.SIGNATURE_ALGORITHM).orElse("");
    if (!provider.isUnsigned()
        && !Set.of("sha256", "sha512", "md5", "token", "basic").contains(algorithm)) {
      changes.put(Setting.SIGNATURE_ALGORITHM.key(), "hmac-sha256");
      changes.put(Setting.SIGNATURE_KEY.key(), "text");
      changes.put(Setting.SIGNATURE_CERTIFICATE_URL.key(), "");
      changes.put(Setting.SIGNATURE_CERTIFICATE_HOSTS.key(), "");
    }
    if (provider.setting(Setting.TIMESTAMP_TOLERANCE).isPresent()) {
      changes.put(Setting.TIMESTAMP_TOLERANCE.key(), "");
      changes.put(Setting.TIMESTAMP_TOLERANCE_FUTURE.key(), "");
    }
    try {
      return provider.with(changes);
    } catch (ProviderException e) {
      return provider;
    }
  }

  private void sample(
      Path file, String endpoint, List<Provider> providers, Map<String, List<SampleEvent>> into)
      throws IOException {
    Sample sample = Sample.read(file);
    if (!isReadable(file, sample)) {
      events(into, sample.type());
      return;
    }
    Provider provider =
        providers.stream()
            .filter(each -> providers.size() > 1 && sample.verifiedBy(each).isPresent())
            .findFirst()
            .orElse(providers.get(0));
    try {
      Secret secret = Secret.of("sample-secret");
      RawRequest unsigned = sample.request("https://localhost/webhooks/" + endpoint);
      RawRequest signed = new Signer(provider, secret, clock).sign(unsigned, sample.type());
      Verdict verdict = new Verifier(provider, List.of(secret), clock).verify(signed);
      if (verdict instanceof VerifiedEvent event) {
        named(file, sample, event, into);
        for (VerifiedEvent item : event.items()) {
          SampleEvent tried =
              new SampleEvent(file.getFileName().toString(), variables(endpoint, item));
          events(into, item.type()).add(tried);
          provider.confirmedTypes(item.type()).forEach(type -> events(into, type).add(tried));
        }
      } else {
        refused(file, endpoint, provider, verdict);
        events(into, sample.type());
      }
    } catch (ProviderException e) {
      events(into, sample.type());
      for (ProviderException.Problem problem : e.problems()) {
        unsound(
            file,
            "endpoint '%s' can't take this sample: %s".formatted(endpoint, problem.text()),
            "correct the sample or the endpoint");
      }
    }
  }

  private static List<SampleEvent> events(Map<String, List<SampleEvent>> of, String type) {
    return of.computeIfAbsent(type, key -> new ArrayList<>());
  }

  private boolean isReadable(Path file, Sample sample) throws IOException {
    if (sample.contentType().equals("application/json")) {
      try {
        Object unused = Json.STRICT.readValue(sample.body(), Object.class);
      } catch (JsonProcessingException e) {
        findings.unsound(
            new Location(file, e.getLocation().getLineNr(), e.getLocation().getColumnNr()),
            "the sample is not JSON: " + Lines.one(e.getOriginalMessage()),
            "one JSON document is right");
        return false;
      }
    }
    return true;
  }

  /** A batch is known by any event in it, or as what it is. */
  private void named(
      Path file, Sample sample, VerifiedEvent event, Map<String, List<SampleEvent>> into) {
    String type = sample.type();
    List<String> types = event.items().stream().map(VerifiedEvent::type).distinct().toList();
    if (Stream.concat(types.stream(), Stream.of(event.type()))
        .noneMatch(is -> type.equals(is) || type.startsWith(is + "-"))) {
      String is = types.get(0);
      unsound(
          file,
          types.size() > 1
              ? "the sample is a batch of events of the types " + String.join(", ", types)
              : "the sample is an event of type '%s'".formatted(is),
          "name the file " + new Sample(is, sample.contentType(), sample.body()).fileName());
      events(into, type);
    }
  }

  /** What a delivery of the event has. */
  private Map<String, Object> variables(String endpoint, VerifiedEvent event)
      throws JsonProcessingException {
    Map<String, Object> variables = new LinkedHashMap<>();
    put(
        variables,
        "event",
        event.json() == null ? null : Json.STRICT.treeToValue(event.json(), Object.class));
    variables.put("endpoint", endpoint);
    variables.put("eventId", ID);
    variables.put("eventType", event.type());
    variables.put("eventKey", event.key());
    variables.put("receivedAt", clock.instant());
    put(variables, "amount", event.amount());
    put(variables, "currency", event.currency());
    put(variables, "entity", event.entity());
    put(variables, "occurredAt", event.occurredAt());
    variables.put("origin", Facts.WEBHOOK);
    variables.put("attempt", 1);
    variables.put("idempotencyKey", ID + ".check");
    return variables;
  }

  private static void put(Map<String, Object> variables, String name, @Nullable Object value) {
    if (value != null) {
      variables.put(name, value);
    }
  }

  private void refused(Path file, String endpoint, Provider provider, Verdict verdict) {
    String detail =
        verdict instanceof Refused refused ? refused.detail() : "it is a handshake, not an event";
    unsound(
        file,
        "endpoint '%s' would refuse this sample: %s".formatted(endpoint, Lines.one(detail)),
        "its event type is at %s, its key at %s"
            .formatted(shown(provider, Setting.EVENT_TYPE), shown(provider, Setting.EVENT_KEY)));
  }

  private static String shown(Provider provider, Setting setting) {
    return provider.setting(setting).orElse("?").replace('\n', ' ');
  }
}

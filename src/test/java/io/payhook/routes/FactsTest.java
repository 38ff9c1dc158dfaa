package io.payhook.routes;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * What the presets say of real bodies, against what the platforms' own pages say. The expected
 * facts stand in {@code facts/PRESET.yaml}, each with its source.
 */
class FactsTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), ZoneOffset.UTC);
  private static final Path FACTS = Path.of("src/test/resources/facts");
  private static final Providers SHIPPED = Providers.shipped();

  @TestFactory
  Stream<DynamicContainer> facts() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(FACTS)) {
      files = all.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
    return files.stream().map(FactsTest::preset);
  }

  private static DynamicContainer preset(Path file) {
    String preset = name(file);
    return DynamicContainer.dynamicContainer(
        preset,
        expectations(file).stream()
            .map(
                each ->
                    DynamicTest.dynamicTest(
                        String.valueOf(each.get("body")), () -> compare(preset, each))));
  }

  /** Every sample that ships has its facts looked up. */
  @Test
  void every_sample_of_a_preset_with_facts_is_among_them() throws IOException {
    List<String> without = new ArrayList<>();
    try (Stream<Path> all = Files.list(FACTS)) {
      for (Path file : all.filter(each -> each.toString().endsWith(".yaml")).toList()) {
        List<String> known =
            expectations(file).stream().map(each -> String.valueOf(each.get("body"))).toList();
        for (Sample sample : SHIPPED.samples(name(file))) {
          if (!known.contains(sample.fileName())) {
            without.add(name(file) + "/" + sample.fileName());
          }
        }
      }
    }
    assertThat(without).isEmpty();
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName()).replaceFirst("\\.yaml$", "");
  }

  private static List<Map<String, Object>> expectations(Path file) {
    try {
      List<Map<String, Object>> read = new ArrayList<>();
      Object document =
          new Load(LoadSettings.builder().setSchema(new FailsafeSchema()).build())
              .loadFromString(Files.readString(file));
      for (Object item : (List<?>) Objects.requireNonNull(document)) {
        Map<String, Object> one = new LinkedHashMap<>();
        ((Map<?, ?>) item).forEach((name, value) -> one.put(String.valueOf(name), value));
        read.add(one);
      }
      return read;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void compare(String preset, Map<String, Object> expected) throws IOException {
    Provider provider =
        SHIPPED
            .get(preset)
            .with(
                SHIPPED.get(preset).settings().keySet().stream()
                    .filter(key -> key.startsWith("params."))
                    .collect(java.util.stream.Collectors.toMap(key -> key, key -> "parameter")));
    String body = String.valueOf(expected.get("body"));
    Sample sample =
        SHIPPED.samples(preset).stream()
            .filter(each -> each.fileName().equals(body))
            .findFirst()
            .orElseGet(() -> read(FACTS.resolve("bodies").resolve(preset).resolve(body)));
    RawRequest request = sample.request("https://shop.example.com/webhooks/shop");
    if (expected.get("headers") instanceof Map<?, ?> headers) {
      for (Map.Entry<?, ?> header : headers.entrySet()) {
        request =
            request.withHeader(String.valueOf(header.getKey()), String.valueOf(header.getValue()));
      }
    }
    Secret secret = SecretOf.provider(provider);
    Verdict verdict =
        new Verifier(provider, List.of(secret), CLOCK)
            .verify(
                new Signer(provider, secret, CLOCK)
                    .sign(request, String.valueOf(expected.get("type"))));
    assertThat(verdict).isInstanceOf(VerifiedEvent.class);
    VerifiedEvent event = ((VerifiedEvent) verdict).items().get(0);
    Map<String, String> actual = new LinkedHashMap<>();
    actual.put("type", event.type());
    actual.put("key", event.key());
    actual.put("entity", event.entity());
    BigDecimal amount = event.amount();
    actual.put("amount", amount == null ? "null" : amount.toPlainString());
    actual.put("currency", String.valueOf(event.currency()));
    actual.put("occurredAt", String.valueOf(event.occurredAt()));
    Map<String, String> wanted = new LinkedHashMap<>();
    Map<String, String> had = new LinkedHashMap<>();
    actual.forEach(
        (name, value) -> {
          if (expected.containsKey(name)) {
            wanted.put(name, String.valueOf(expected.get(name)));
            had.put(name, value);
          }
        });
    assertThat(had).isEqualTo(wanted);
  }

  private static Sample read(Path file) {
    try {
      return Sample.read(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A secret that both signs and verifies, of whatever kind the preset takes. */
  private static final class SecretOf {
    private static final Map<Secret.Kind, Secret> MADE = new java.util.EnumMap<>(Secret.Kind.class);

    static synchronized Secret provider(Provider provider) {
      return MADE.computeIfAbsent(provider.secretKind(), Secret::random);
    }
  }
}

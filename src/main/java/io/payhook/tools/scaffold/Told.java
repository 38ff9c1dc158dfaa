package io.payhook.tools.scaffold;

import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Setting;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a sample tells, as a test may state it: only facts that are the same whenever the sample is
 * sent.
 *
 * @param type the event type that counts; a batch may have others too
 * @param items the facts of each event in it, by name; none where the preset can't sign here
 */
public record Told(Sample sample, String type, List<Map<String, @Nullable String>> items) {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]*");

  /** One for each event type in a sample. */
  static List<Told> of(Provider provider, Sample sample) {
    List<Map<String, @Nullable String>> items = items(provider, sample);
    List<String> types =
        items.stream().map(item -> String.valueOf(item.get("type"))).distinct().toList();
    return (types.isEmpty() ? List.of(sample.type()) : types)
        .stream().map(type -> new Told(sample, provider.confirmedType(type), items)).toList();
  }

  static Told of(Provider provider, Sample sample, String type) {
    return new Told(sample, type, items(provider, sample));
  }

  /** The event that tells of money received, where one does. */
  static Told main(Provider provider, List<Sample> samples) {
    return samples.stream()
        .flatMap(sample -> of(provider, sample).stream())
        .min(
            Comparator.comparing(
                    (Told told) ->
                        !told.type()
                            .toLowerCase(Locale.ROOT)
                            .matches(
                                ".*(success|succeed|paid|captured|confirmed|completed|settled).*"))
                .thenComparing(
                    told ->
                        !told.type()
                            .toLowerCase(Locale.ROOT)
                            .matches(".*(pay|charge|order|transaction).*"))
                .thenComparing(Told::type)
                .thenComparing(told -> told.sample().name()))
        .orElseThrow();
  }

  private static List<Map<String, @Nullable String>> items(Provider provider, Sample sample) {
    if (provider.setting(Setting.CONFIRM_ENABLED).orElse("").equals("true")) {
      // What counts then is what the platform's API says.
      return List.of();
    }
    Clock now = Clock.systemUTC();
    List<Map<String, @Nullable String>> items = facts(provider, sample, now);
    List<Map<String, @Nullable String>> later =
        facts(provider, sample, Clock.offset(now, Duration.ofDays(1)));
    for (int i = 0; i < Math.min(items.size(), later.size()); i++) {
      Map<String, @Nullable String> then = later.get(i);
      items
          .get(i)
          .entrySet()
          .removeIf(fact -> !Objects.equals(fact.getValue(), then.get(fact.getKey())));
    }
    return items;
  }

  private static List<Map<String, @Nullable String>> facts(
      Provider provider, Sample sample, Clock clock) {
    List<Map<String, @Nullable String>> items = new ArrayList<>();
    try {
      Verdict verdict = sample.verdictOf(provider, clock);
      if (verdict instanceof VerifiedEvent event) {
        event.items().forEach(item -> items.add(facts(item)));
      }
    } catch (ProviderException e) {
      // Whoever has the platform's key will see.
    }
    return items;
  }

  private static Map<String, @Nullable String> facts(VerifiedEvent event) {
    Map<String, @Nullable String> facts = new LinkedHashMap<>();
    BigDecimal amount = event.amount();
    facts.put("type", event.type());
    facts.put("entity", event.entity());
    facts.put("amount", amount == null ? null : amount.toPlainString());
    facts.put("currency", event.currency());
    facts.put("occurredAt", event.occurredAt() == null ? null : event.occurredAt().toString());
    return facts;
  }

  /** The events of the type that counts. */
  Stream<Map<String, @Nullable String>> wanted() {
    return items.stream().filter(item -> type.equals(item.get("type")));
  }

  /** The member {@code facts:} of a test that sends it; empty where nothing can be said. */
  String facts() {
    List<String> names = List.of("type", "entity", "amount", "currency", "occurredAt");
    StringBuilder text = new StringBuilder();
    for (Map<String, @Nullable String> item : items) {
      text.append("      - ").append(flow(item, names)).append('\n');
    }
    return items.isEmpty() ? "" : "    facts:\n" + text;
  }

  /** The member {@code rows:} of a test for a table that has a row for each event that counts. */
  String rows(String table) {
    List<String> rows =
        wanted().map(item -> flow(item, List.of("entity", "amount", "currency"))).toList();
    String query = "    rows:\n      - query: select entity, amount, currency from " + table;
    return rows.size() != 1 || rows.contains("{}")
        ? query + "\n        count: " + Math.max(1, rows.size()) + "\n"
        : query + "\n        are: [" + rows.get(0) + "]\n";
  }

  /** Some facts of an event in YAML's short form. */
  static String flow(Map<String, @Nullable String> item, List<String> names) {
    List<String> parts = new ArrayList<>();
    for (String name : names) {
      if (item.containsKey(name)) {
        String value = item.get(name);
        boolean plain = value == null || (!name.equals("entity") && PLAIN.matcher(value).matches());
        parts.add(name + ": " + (plain ? value : quoted(value)));
      }
    }
    return "{" + String.join(", ", parts) + "}";
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}

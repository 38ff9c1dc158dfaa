package io.payhook.cli;

import io.payhook.kit.Currencies;
import io.payhook.routes.Sample;
import io.payhook.signature.Handshake;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Refused;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a preset reads off events, as it is printed; null is what is not known. */
final class EventFacts {
  private EventFacts() {}

  static Map<String, @Nullable Object> of(VerifiedEvent event) {
    Map<String, @Nullable Object> facts = new LinkedHashMap<>();
    BigDecimal amount = event.amount();
    String currency = event.currency();
    facts.put("type", event.type());
    facts.put("key", event.key());
    facts.put("entity", event.entity());
    facts.put(
        "amount", amount == null ? null : Currencies.normal(amount, currency).toPlainString());
    facts.put("currency", currency);
    facts.put("digits", currency == null ? null : Currencies.digits(currency));
    facts.put("occurredAt", event.occurredAt() == null ? null : event.occurredAt().toString());
    return facts;
  }

  /**
   * Of a preset's sample, signed as the platform signs with a secret made for it: one for each
   * event in it. What the preset would refuse has the member {@code refused} instead.
   */
  static List<Map<String, @Nullable Object>> of(Provider preset, Sample sample, Clock clock) {
    List<Map<String, @Nullable Object>> all = new ArrayList<>();
    try {
      Verdict verdict = sample.verdictOf(preset, clock);
      if (verdict instanceof VerifiedEvent event) {
        event.items().forEach(item -> all.add(row(preset, sample, of(item))));
      } else if (verdict instanceof Refused refused) {
        all.add(row(preset, sample, Map.of("refused", refused.reason() + ": " + refused.detail())));
      } else if (verdict instanceof Handshake) {
        all.add(row(preset, sample, Map.of("refused", "it is a handshake, not an event")));
      }
    } catch (ProviderException e) {
      all.add(row(preset, sample, Map.of("refused", e.problems().get(0).toString())));
    }
    return all;
  }

  private static Map<String, @Nullable Object> row(
      Provider preset, Sample sample, Map<String, ? extends @Nullable Object> facts) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put("provider", preset.name());
    row.put("sample", sample.fileName());
    row.putAll(facts);
    return row;
  }
}

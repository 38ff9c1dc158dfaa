package io.payhook.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import io.payhook.journal.Facts;
import io.payhook.journal.JournalReader;
import io.payhook.journal.Replay;
import io.payhook.kit.Json;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The journal's rows as JSON trees. Times are UTC; amounts are text. */
final class Trees {
  /**
   * Headers that carry credentials with any provider. Those that only a provider's preset knows
   * never reach the journal.
   */
  private static final Set<String> WITHHELD =
      Set.of("authorization", "proxy-authorization", "cookie");

  private static final ObjectReader EXACT =
      Json.MAPPER
          .reader()
          .with(
              DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES);

  private Trees() {}

  static @Nullable String time(@Nullable Instant instant) {
    return instant == null ? null : instant.toString();
  }

  private static @Nullable String amount(@Nullable BigDecimal amount) {
    return amount == null ? null : amount.toPlainString();
  }

  static Map<String, @Nullable Object> event(JournalReader.EventRow row) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("id", row.id().toString());
    tree.put("endpoint", row.endpoint());
    tree.put("type", row.type());
    tree.put("key", row.key());
    Facts facts = row.facts();
    tree.put("entity", facts.entity());
    tree.put("amount", amount(facts.amount()));
    tree.put("currency", facts.currency());
    tree.put("occurredAt", time(facts.occurredAt()));
    tree.put("receivedAt", time(row.receivedAt()));
    tree.put("origin", facts.origin());
    tree.put("state", row.state());
    tree.put("conflictOf", row.conflictOf() == null ? null : row.conflictOf().toString());
    tree.put("deliveries", row.deliveries());
    return tree;
  }

  static Map<String, @Nullable Object> event(JournalReader.EventDetail detail) {
    Map<String, @Nullable Object> tree = event(detail.event());
    tree.put("deliveryStates", tree.get("deliveries"));
    tree.put("secret", detail.secret());
    Map<String, @Nullable Object> request = new LinkedHashMap<>();
    request.put("method", detail.method());
    request.put("url", detail.url());
    request.put("contentType", detail.contentType());
    request.put("headers", headers(detail.headers()));
    request.put("body", body(detail.body()));
    tree.put("request", request);
    tree.put("deliveries", detail.deliveries().stream().map(Trees::delivery).toList());
    tree.put("attempts", detail.attempts().stream().map(Trees::attempt).toList());
    return tree;
  }

  /** Each as {@code [name, value]}, in wire order. */
  static List<List<String>> headers(String json) {
    List<List<String>> headers = new ArrayList<>();
    try {
      for (JsonNode pair : Json.MAPPER.readTree(json)) {
        String name = pair.path(0).asText();
        boolean secret = WITHHELD.contains(name.toLowerCase(Locale.ROOT));
        headers.add(List.of(name, secret ? "(withheld)" : pair.path(1).asText()));
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the journal's headers are JSON", e);
    }
    return headers;
  }

  private static Map<String, @Nullable Object> body(byte[] bytes) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("size", bytes.length);
    try {
      tree.put(
          "text", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      tree.put("base64", Base64.getEncoder().encodeToString(bytes));
      return tree;
    }
    try {
      JsonNode json = EXACT.readTree(bytes);
      if (json.isContainerNode()) {
        tree.put("json", json);
      }
    } catch (IOException e) {
      // Not JSON: the text itself.
    }
    return tree;
  }

  static Map<String, @Nullable Object> delivery(JournalReader.DeliveryRow row) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("event", row.event().toString());
    tree.put("route", row.route());
    tree.put("state", row.state());
    tree.put("orphaned", row.orphaned());
    tree.put("endpoint", row.endpoint());
    tree.put("type", row.type());
    tree.put("key", row.key());
    tree.put("receivedAt", time(row.receivedAt()));
    tree.put("attempts", row.attempts());
    tree.put("forgiven", row.forgiven());
    tree.put("run", row.run());
    tree.put("dueAt", time(row.dueAt()));
    tree.put("doneAt", time(row.doneAt()));
    tree.put("node", row.node());
    tree.put("category", row.category());
    tree.put("error", row.error());
    return tree;
  }

  private static Map<String, @Nullable Object> attempt(JournalReader.AttemptRow row) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("route", row.route());
    tree.put("run", row.run());
    tree.put("number", row.number());
    tree.put("startedAt", time(row.startedAt()));
    tree.put("milliseconds", row.took().toMillis());
    tree.put("outcome", row.outcome());
    tree.put("category", row.category());
    tree.put("error", row.error());
    tree.put("node", row.node());
    return tree;
  }

  static Map<String, @Nullable Object> rejection(JournalReader.RejectionRow row) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("id", row.id());
    tree.put("at", time(row.at()));
    tree.put("endpoint", row.endpoint());
    tree.put("category", row.category());
    tree.put("reason", row.reason());
    tree.put("detail", row.detail());
    tree.put("remote", row.remote());
    tree.put("headers", headers(row.headers()));
    tree.put("size", row.size());
    tree.put("excerpt", row.excerpt());
    return tree;
  }

  static Map<String, @Nullable Object> subscription(JournalReader.SubscriptionRow row) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("route", row.route());
    tree.put("endpoint", row.endpoint());
    tree.put("type", row.type());
    tree.put("ordered", row.ordered());
    tree.put("nodes", row.nodes());
    tree.put("since", time(row.since()));
    return tree;
  }

  /** Recent use of each secret that an endpoint has or had; empty if nothing is verified. */
  static List<Map<String, @Nullable Object>> matches(
      Catalogue.EndpointEntry endpoint, List<JournalReader.SecretRow> rows) {
    Map<String, JournalReader.@Nullable SecretRow> secrets = new LinkedHashMap<>();
    endpoint.secrets().forEach(label -> secrets.put(label, null));
    for (JournalReader.SecretRow row : rows) {
      if (row.endpoint().equals(endpoint.name()) && row.secret() != null && !secrets.isEmpty()) {
        secrets.put(row.secret(), row);
      }
    }
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    secrets.forEach(
        (label, row) -> {
          Map<String, @Nullable Object> tree = new LinkedHashMap<>();
          tree.put("secret", label);
          tree.put("inUse", endpoint.secrets().contains(label));
          tree.put("events", row == null ? 0 : row.events());
          tree.put("lastAt", row == null ? null : time(row.lastAt()));
          list.add(tree);
        });
    return list;
  }

  static Map<String, @Nullable Object> summary(JournalReader.Summary summary) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("eventsAbout", summary.events() < 0 ? null : summary.events());
    tree.put("newestAt", time(summary.newest()));
    tree.put("events", summary.remarkable());
    tree.put("more", summary.more());
    List<Map<String, @Nullable Object>> routes = new ArrayList<>();
    for (JournalReader.Backlog row : summary.backlog()) {
      Map<String, @Nullable Object> route = new LinkedHashMap<>();
      route.put("route", row.route());
      route.put("subscribed", row.subscribed());
      route.put("deliveries", row.states());
      route.put("more", row.more());
      route.put("lateSeconds", row.late().toSeconds());
      routes.add(route);
    }
    tree.put("routes", routes);
    return tree;
  }

  static Map<String, @Nullable Object> outcome(Replay.Outcome outcome) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("event", outcome.event().toString());
    tree.put("route", outcome.route());
    tree.put("action", outcome.action().name().toLowerCase(Locale.ROOT));
    tree.put("from", outcome.from());
    tree.put("run", outcome.run());
    tree.put("note", outcome.note());
    return tree;
  }
}

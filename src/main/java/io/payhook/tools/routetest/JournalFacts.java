package io.payhook.tools.routetest;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What the journal knows of the events that the last request of a test brought. */
final class JournalFacts {
  private static final List<String> NAMES =
      List.of("type", "key", "entity", "amount", "currency", "occurredAt", "origin");
  private static final List<String> ORIGINS = List.of("webhook", "reconciled", "own");

  /**
   * What a test says of one event.
   *
   * @param facts by name; null is what must not be known, and what is not named does not matter
   */
  record Expected(int line, Map<String, @Nullable String> facts) {}

  private final DataSource database;
  private final Set<UUID> earlier = new HashSet<>();

  JournalFacts(DataSource database) {
    this.database = database;
  }

  // What the test says

  static List<Expected> read(Item list) {
    return list.items().stream()
        .map(
            item -> {
              Map<String, @Nullable String> facts = new LinkedHashMap<>();
              item.members(NAMES)
                  .all()
                  .forEach((name, value) -> facts.put(name, fact(name, value)));
              return new Expected(item.line(), facts);
            })
        .toList();
  }

  private static @Nullable String fact(String name, Item item) {
    if (item.value() == null) {
      return null;
    }
    String text = item.text();
    switch (name) {
      case "amount" -> {
        if (!text.matches("-?\\d{1,30}(\\.\\d{1,20})?")) {
          item.problem(
              "'" + text + "' is no amount; 5000.00 would be one, in major units; null is unknown");
        }
      }
      case "occurredAt" -> {
        if (time(text) == null) {
          item.problem(
              "'" + text + "' is no time; 2026-11-23T10:15:30Z would be one; null is unknown");
        }
      }
      case "currency" -> {
        if (!text.matches("[A-Z][A-Z0-9]{1,9}")) {
          item.problem("'" + text + "' is no currency; NGN would be one; null is unknown");
        }
      }
      case "origin" -> item.isOneOf(ORIGINS, "'%s' is no origin");
      default -> {}
    }
    return text;
  }

  private static @Nullable Instant time(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  // What the journal says

  /** What is there now came before the next request. */
  void mark() throws SQLException {
    for (Map<String, @Nullable String> event : events()) {
      earlier.add(UUID.fromString(String.valueOf(event.get("id"))));
    }
  }

  /** What is not as the test says, if anything. */
  Optional<Mismatch> compare(List<Expected> expected) throws SQLException {
    boolean own = expected.stream().anyMatch(one -> "own".equals(one.facts().get("origin")));
    List<Map<String, @Nullable String>> actual = new ArrayList<>();
    for (Map<String, @Nullable String> event : events()) {
      boolean counts = own || !"own".equals(event.get("origin"));
      if (counts && !earlier.contains(UUID.fromString(String.valueOf(event.remove("id"))))) {
        actual.add(event);
      }
    }
    List<Map<String, @Nullable String>> open = new ArrayList<>(actual);
    boolean well = open.size() == expected.size();
    for (Expected one : expected) {
      well &=
          open.stream()
              .filter(event -> is(one.facts(), event))
              .findFirst()
              .map(open::remove)
              .orElse(false);
    }
    return well
        ? Optional.empty()
        : Optional.of(
            new Mismatch(
                "facts" + Looking.line(expected.stream().map(Expected::line)),
                expected.stream().map(one -> told(one.facts())).toList(),
                actual.stream().map(JournalFacts::told).toList()));
  }

  private List<Map<String, @Nullable String>> events() throws SQLException {
    List<Map<String, @Nullable String>> events = new ArrayList<>();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select id, type, key, entity, amount, currency, occurred_at, origin from"
                    + " payhook.event order by id")) {
      while (row.next()) {
        Map<String, @Nullable String> event = new LinkedHashMap<>();
        BigDecimal amount = row.getBigDecimal("amount");
        OffsetDateTime occurredAt = row.getObject("occurred_at", OffsetDateTime.class);
        event.put("id", row.getString("id"));
        event.put("type", row.getString("type"));
        event.put("key", row.getString("key"));
        event.put("entity", row.getString("entity"));
        event.put("amount", amount == null ? null : amount.toPlainString());
        event.put("currency", row.getString("currency"));
        event.put("occurredAt", occurredAt == null ? null : occurredAt.toInstant().toString());
        event.put("origin", row.getString("origin"));
        events.add(event);
      }
    }
    return events;
  }

  private static boolean is(
      Map<String, @Nullable String> expected, Map<String, @Nullable String> actual) {
    return expected.entrySet().stream()
        .allMatch(fact -> same(fact.getKey(), fact.getValue(), actual.get(fact.getKey())));
  }

  private static boolean same(String name, @Nullable String expected, @Nullable String actual) {
    if (expected == null || actual == null) {
      return expected == null && actual == null;
    }
    return switch (name) {
      case "amount" -> new BigDecimal(expected).compareTo(new BigDecimal(actual)) == 0;
      case "occurredAt" -> Instant.parse(actual).equals(time(expected));
      default -> expected.equals(actual);
    };
  }

  private static String told(Map<String, @Nullable String> facts) {
    List<String> parts = new ArrayList<>();
    facts.forEach((name, value) -> parts.add(name + " " + (value == null ? "null" : value)));
    return String.join(", ", parts);
  }
}

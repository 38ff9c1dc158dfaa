package io.payhook.tools.routetest;

import io.payhook.kit.Durations;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Nearest;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A part of a tests file. What is not as it should be goes to the list of problems, and reading
 * goes on.
 */
record Item(Located node, List<String> problems) {

  private Item of(Located part) {
    return new Item(part, problems);
  }

  int line() {
    return node.location().line();
  }

  void problem(String text) {
    problems.add(node.location() + ": " + text);
  }

  boolean isMap() {
    return node instanceof Located.Map;
  }

  boolean isList() {
    return node instanceof Located.Items;
  }

  /** Its members, all of known names. */
  Members members(List<String> known) {
    Map<String, Item> members = new LinkedHashMap<>();
    for (Located.Entry entry : entries()) {
      if (of(entry.key()).isOneOf(known, "there is no '%s' here")) {
        members.put(entry.key().value(), of(entry.value()));
      }
    }
    return new Members(members);
  }

  /** Its members, of any names. */
  Map<String, Item> members() {
    Map<String, Item> members = new LinkedHashMap<>();
    entries().forEach(entry -> members.put(entry.key().value(), of(entry.value())));
    return members;
  }

  private List<Located.Entry> entries() {
    if (node instanceof Located.Map map) {
      return map.entries();
    }
    problem("should be a map of names and values");
    return List.of();
  }

  /** The values of its members, of any names. */
  Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    entries().forEach(entry -> values.put(entry.key().value(), entry.value().typed()));
    return values;
  }

  /** Its items, each a map of columns. */
  List<Map<String, @Nullable Object>> rows() {
    if (!isList()) {
      problem("should be a list of rows, each a map of columns");
      return List.of();
    }
    return items().stream().map(Item::values).toList();
  }

  /** Its items; a single value counts as a list of one. */
  List<Item> items() {
    return node instanceof Located.Items list
        ? list.items().stream().map(this::of).toList()
        : List.of(this);
  }

  String text() {
    if (node instanceof Text text) {
      return text.value();
    }
    problem("should be a single text");
    return "";
  }

  /**
   * Whether its text is one of these words.
   *
   * @param otherwise what the problem then is, with {@code %s} for the text
   */
  boolean isOneOf(List<String> known, String otherwise) {
    String text = text();
    if (known.contains(text)) {
      return true;
    }
    problem(
        "%s%s; there are: %s"
            .formatted(
                otherwise.formatted(text),
                Nearest.didYouMean(text, known),
                String.join(", ", known)));
    return false;
  }

  /** Whether it is a text without quotes that a comment follows in the same line. */
  boolean isCut() {
    return node instanceof Text text && text.cut();
  }

  boolean yes() {
    if (value() instanceof Boolean yes) {
      return yes;
    }
    problem("should be true or false");
    return false;
  }

  int number(int least) {
    if (value() instanceof BigDecimal number
        && number.stripTrailingZeros().scale() <= 0
        && number.compareTo(BigDecimal.valueOf(least)) >= 0
        && number.compareTo(BigDecimal.valueOf(1_000_000)) <= 0) {
      return number.intValue();
    }
    problem("should be a whole number, " + least + " or more");
    return least;
  }

  /** Such as {@code 10m}, with or without a sign before it. */
  Duration duration() {
    Duration length = Durations.parse(text().replaceFirst("^[+-]", "")).orElse(null);
    if (length == null) {
      problem("should be a time with its unit, such as 500ms, 30s, 10m, 2h or 1d");
      return Duration.ZERO;
    }
    return text().startsWith("-") ? length.negated() : length;
  }

  /** Maps, lists, texts, {@link BigDecimal}, {@link Boolean} or null. */
  @Nullable Object value() {
    return node.typed();
  }
}

package io.payhook.tools.routetest;

import io.payhook.kit.Durations;
import io.payhook.kit.Nearest;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A part of a YAML file that knows where it stands. What is not as it should be goes to the list of
 * problems, and reading goes on.
 */
final class Item {
  private static final Pattern NUMBER = Pattern.compile("[-+]?\\d+(\\.\\d+)?([eE][-+]?\\d+)?");

  private final Node node;
  private final Path file;
  private final List<String> problems;

  Item(Node node, Path file, List<String> problems) {
    this.node = node;
    this.file = file;
    this.problems = problems;
  }

  private Item of(Node part) {
    return new Item(part, file, problems);
  }

  int line() {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
  }

  String place() {
    return file
        + node.getStartMark()
            .map(mark -> ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
            .orElse("");
  }

  void problem(String text) {
    problems.add(place() + ": " + text);
  }

  boolean isMap() {
    return node instanceof MappingNode;
  }

  boolean isList() {
    return node instanceof SequenceNode;
  }

  /** Its members, all of known names. */
  Map<String, Item> members(List<String> known) {
    Map<String, Item> members = new LinkedHashMap<>();
    for (Map.Entry<Item, Item> member : entries().entrySet()) {
      String name = member.getKey().text();
      if (member.getKey().isOneOf(known, "there is no '%s' here")
          && members.put(name, member.getValue()) != null) {
        member.getKey().problem("'" + name + "' stands here twice; keep one");
      }
    }
    return members;
  }

  /** Its members, of any names. */
  Map<String, Item> members() {
    Map<String, Item> members = new LinkedHashMap<>();
    entries().forEach((name, value) -> members.put(name.text(), value));
    return members;
  }

  private Map<Item, Item> entries() {
    Map<Item, Item> entries = new LinkedHashMap<>();
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        entries.put(of(tuple.getKeyNode()), of(tuple.getValueNode()));
      }
    } else {
      problem("should be a map of names and values");
    }
    return entries;
  }

  /** Its items; a single value counts as a list of one. */
  List<Item> items() {
    List<Item> items = new ArrayList<>();
    if (node instanceof SequenceNode sequence) {
      sequence.getValue().forEach(part -> items.add(of(part)));
    } else {
      items.add(this);
    }
    return items;
  }

  String text() {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
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
        otherwise.formatted(text)
            + Nearest.didYouMean(text, known)
            + "; there are: "
            + String.join(", ", known));
    return false;
  }

  /** Whether it is a text without quotes that a comment follows in the same line. */
  boolean isCut() {
    if (!(node instanceof ScalarNode scalar) || scalar.getScalarStyle() != ScalarStyle.PLAIN) {
      return false;
    }
    return node.getEndMark()
        .map(
            end -> {
              int[] text = end.getBuffer();
              int next = end.getPointer();
              while (next < text.length && text[next] == ' ') {
                next++;
              }
              return next > end.getPointer() && next < text.length && text[next] == '#';
            })
        .orElse(false);
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
    if (node instanceof MappingNode) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      members().forEach((name, item) -> map.put(name, item.value()));
      return map;
    }
    if (node instanceof SequenceNode) {
      List<@Nullable Object> list = new ArrayList<>();
      items().forEach(item -> list.add(item.value()));
      return list;
    }
    ScalarNode scalar = (ScalarNode) node;
    String text = scalar.getValue();
    if (scalar.getScalarStyle() != ScalarStyle.PLAIN) {
      return text;
    }
    return switch (text) {
      case "", "~", "null" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> NUMBER.matcher(text).matches() ? new BigDecimal(text) : text;
    };
  }
}

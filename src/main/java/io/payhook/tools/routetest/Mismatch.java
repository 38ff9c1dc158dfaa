package io.payhook.tools.routetest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One thing that is not as a test says.
 *
 * @param what with its line
 * @param expected a line each; empty where there is nothing to compare
 * @param actual likewise
 */
record Mismatch(String what, List<String> expected, List<String> actual) {
  private static final int WIDEST = 72;

  static Mismatch of(String what) {
    return new Mismatch(what, List.of(), List.of());
  }

  /** For a person: expected and actual side by side. */
  List<String> lines() {
    List<String> lines = new ArrayList<>(what.lines().toList());
    if (expected.isEmpty() && actual.isEmpty()) {
      return lines;
    }
    List<String> left = wrapped("expected", expected);
    List<String> right = wrapped("actual", actual);
    int width = left.stream().mapToInt(String::length).max().orElse(0);
    for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
      String one = i < left.size() ? left.get(i) : "";
      String other = i < right.size() ? right.get(i) : "";
      lines.add(("  " + one + " ".repeat(width - one.length()) + " | " + other).stripTrailing());
    }
    return lines;
  }

  private static List<String> wrapped(String head, List<String> lines) {
    List<String> wrapped = new ArrayList<>(List.of(head));
    (lines.isEmpty() ? Stream.of("(nothing)") : lines.stream())
        .flatMap(String::lines)
        .forEach(
            line -> {
              String rest = line;
              while (rest.length() > WIDEST) {
                wrapped.add(rest.substring(0, WIDEST));
                rest = "  " + rest.substring(WIDEST);
              }
              wrapped.add(rest);
            });
    return wrapped;
  }
}

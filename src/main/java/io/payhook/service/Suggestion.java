package io.payhook.service;

import java.util.Collection;
import java.util.Optional;

/** "Did you mean": the known name that a mistyped one is nearest to. */
final class Suggestion {
  private Suggestion() {}

  /** {@code "; did you mean 'x'?"}, or nothing when no name is near. */
  static String among(Collection<String> names, String mistyped) {
    return nearest(names, mistyped).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  /** The nearest name, at most a third of its letters away. */
  static Optional<String> nearest(Collection<String> names, String mistyped) {
    String best = null;
    int least = Integer.MAX_VALUE;
    for (String name : names) {
      int distance = distance(name, mistyped);
      if (distance < least && distance <= Math.max(1, name.length() / 3)) {
        best = name;
        least = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Letters to add, drop, change or swap with a neighbour to get from one to the other. */
  static int distance(String one, String other) {
    int[] beforeLast = new int[other.length() + 1];
    int[] last = new int[other.length() + 1];
    int[] row = new int[other.length() + 1];
    for (int j = 0; j <= other.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int change = one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j - 1] + 1, last[j] + 1), last[j - 1] + change);
        if (i > 1
            && j > 1
            && one.charAt(i - 1) == other.charAt(j - 2)
            && one.charAt(i - 2) == other.charAt(j - 1)) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
      int[] spare = beforeLast;
      beforeLast = last;
      last = row;
      row = spare;
    }
    return last[other.length()];
  }
}

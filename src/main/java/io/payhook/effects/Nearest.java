package io.payhook.effects;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds what a person meant who mistyped a name. */
final class Nearest {
  private Nearest() {}

  /** The name that differs least, if it differs by few enough letters to be meant. */
  static Optional<String> to(String name, Collection<String> names) {
    int best = Math.max(1, name.length() / 3) + 1;
    String nearest = null;
    for (String candidate : names) {
      int distance = distance(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (distance < best) {
        best = distance;
        nearest = candidate;
      }
    }
    return Optional.ofNullable(nearest);
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(change, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}

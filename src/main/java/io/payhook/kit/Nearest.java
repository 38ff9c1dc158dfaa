package io.payhook.kit;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the word a person meant. */
public final class Nearest {
  private Nearest() {}

  /** The closest of the words, or none when nothing is close enough to be a slip of the hand. */
  public static Optional<String> to(String word, Collection<String> words) {
    String wanted = word.toLowerCase(Locale.ROOT);
    String best = null;
    int least = Math.max(1, Math.min(4, wanted.length() / 3)) + 1;
    for (String candidate : words) {
      int distance = distance(wanted, candidate.toLowerCase(Locale.ROOT));
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  /** {@code ; did you mean 'x'?} or nothing. */
  public static String didYouMean(String word, Collection<String> words) {
    return to(word, words).map(found -> "; did you mean '" + found + "'?").orElse("");
  }

  /** {@code did you mean 'x'?}, or else what there is. */
  public static String meant(String word, Collection<String> words, String otherwise) {
    return to(word, words).map(found -> "did you mean '" + found + "'?").orElse(otherwise);
  }

  /** Edit distance in which two swapped neighbours are one slip. */
  public static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least = Math.min(d[i - 1][j - 1] + same, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, d[i - 2][j - 2] + 1);
        }
        d[i][j] = least;
      }
    }
    return d[a.length()][b.length()];
  }
}

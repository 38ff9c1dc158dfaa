package io.payhook.kit;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Texts of one line, for messages. */
public final class Lines {
  private Lines() {}

  /** The text with every run of white space, line ends among it, made one space. */
  public static String one(@Nullable String text) {
    return String.valueOf(text).replaceAll("\\s+", " ").strip();
  }

  /** As {@link #one}, without a full stop at its end, so that a sentence can go on behind it. */
  public static String open(@Nullable String text) {
    return one(text).replaceFirst("\\.$", "");
  }

  /** The first line of a text. */
  public static String first(@Nullable String text) {
    return String.valueOf(text).lines().findFirst().orElse("").strip();
  }

  /** The cause that no other stands behind. */
  public static Throwable root(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** {@code 1 event}, {@code 2 events}. */
  public static String count(long number, String one, String many) {
    return String.format(Locale.ROOT, "%d %s", number, number == 1 ? one : many);
  }
}

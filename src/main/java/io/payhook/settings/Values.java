package io.payhook.settings;

import io.payhook.kit.Durations;
import io.payhook.kit.Nearest;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses the texts of settings. An invalid one completes the sentence "'text' is …" in an {@link
 * IllegalArgumentException}.
 */
final class Values {
  /** A hundred years: nobody means more, and adding it to a time does not overflow. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private static final Pattern WITH_UNIT = Pattern.compile("(\\d{1,15})\\s*([A-Za-z]+)");

  /** An amount of time above 0. */
  static Duration duration(String text) {
    return Durations.parse(text)
        .filter(each -> !each.isZero() && each.compareTo(LONGEST) <= 0)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "not a duration; write a number above 0 and its unit, such as 500ms, 30s, 2m,"
                        + " 1h or 7d"));
  }

  /** Bytes. */
  static long size(String text) {
    Matcher matcher = WITH_UNIT.matcher(text);
    if (matcher.matches()) {
      long amount = Long.parseLong(matcher.group(1));
      long unit =
          switch (matcher.group(2).toUpperCase(Locale.ROOT)) {
            case "B" -> 1L;
            case "KB" -> 1L << 10;
            case "MB" -> 1L << 20;
            case "GB" -> 1L << 30;
            default -> 0L;
          };
      if (amount > 0 && unit > 0 && amount <= (1L << 40) / unit) {
        return amount * unit;
      }
    }
    throw new IllegalArgumentException(
        "not a size; write a number above 0 and its unit, such as 512KB, 1MB or 1GB");
  }

  /** An integer within limits. */
  static long whole(String text, long least, long most) {
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw new IllegalArgumentException("not a whole number from " + least + " to " + most);
  }

  /** One of several words, in lower case. */
  static String choice(String text, List<String> choices) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (choices.contains(lower)) {
      return lower;
    }
    throw new IllegalArgumentException(
        "not one of " + String.join(", ", choices) + Nearest.didYouMean(lower, choices));
  }

  /** The absolute path of a folder. */
  static Path folder(String text, Path base) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty; a folder is needed");
    }
    return base.resolve(text).toAbsolutePath().normalize();
  }

  /** An address of the web. */
  static URI url(String text) {
    try {
      URI uri = new URI(text);
      if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Reported below.
    }
    throw new IllegalArgumentException("not an address such as https://crm.example.com/api");
  }

  /** A name for a schema of the journal's own. */
  static String schema(String text) {
    if (text.matches("[a-z_][a-z0-9_]{0,62}")
        && !text.equals("public")
        && !text.startsWith("pg_")
        && !text.equals("information_schema")) {
      return text;
    }
    throw new IllegalArgumentException(
        "not a schema of the journal's own; write lower-case letters, digits and _, such as payhook_test");
  }

  /** A JDBC URL of PostgreSQL, or nothing. */
  static String jdbcUrl(String text) {
    if (text.isEmpty() || text.startsWith("jdbc:postgresql:")) {
      return text;
    }
    throw new IllegalArgumentException(
        "not a JDBC URL of PostgreSQL; it looks like jdbc:postgresql://127.0.0.1:5432/payhook");
  }

  private Values() {}
}

package io.payhook.service;

import io.payhook.kit.Durations;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Values of settings with units. An invalid one completes the sentence "'text' is …" in an {@link
 * IllegalArgumentException}.
 */
final class Units {
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

  private Units() {}
}

package io.payhook.kit;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as people write them: {@code 500ms}, {@code 30s}, {@code 5m}, {@code 7d}. */
public final class Durations {
  private static final Pattern WRITTEN = Pattern.compile("(\\d{1,10})\\s*(ms|s|m|h|d|w)");

  private Durations() {}

  /**
   * A whole number of ten digits at most and its unit, of ms, s, m, h, d and w.
   *
   * @return empty where the text is not one
   */
  public static Optional<Duration> parse(String text) {
    Matcher written = WRITTEN.matcher(text);
    if (!written.matches()) {
      return Optional.empty();
    }
    Duration unit =
        switch (written.group(2)) {
          case "ms" -> Duration.ofMillis(1);
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          case "h" -> Duration.ofHours(1);
          case "d" -> Duration.ofDays(1);
          default -> Duration.ofDays(7);
        };
    return Optional.of(unit.multipliedBy(Long.parseLong(written.group(1))));
  }
}

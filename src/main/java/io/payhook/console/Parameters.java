package io.payhook.console;

import io.payhook.kit.Durations;
import io.payhook.kit.Nearest;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The parameters of a request, each validated as it is read; errors name the parameter. */
final class Parameters {
  static final int LIMIT_DEFAULT = 50;
  static final int LIMIT_MAX = 500;

  private static final int TEXT_MAX = 500;
  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private final Map<String, String> values;
  private final Clock clock;

  /**
   * @param values as given
   * @param known the valid names
   */
  Parameters(Map<String, String> values, Collection<String> known, Clock clock) {
    this.values = values;
    this.clock = clock;
    for (Map.Entry<String, String> given : values.entrySet()) {
      String name = given.getKey();
      if (!known.contains(name)) {
        throw Problem.parameter(
            name,
            "there is no parameter '"
                + name
                + "'"
                + (known.isEmpty()
                    ? "; none is taken here"
                    : Nearest.to(name, known)
                        .map(near -> "; did you mean '" + near + "'?")
                        .orElse("; there are " + String.join(", ", known))));
      }
      if (given.getValue().length() > TEXT_MAX) {
        throw Problem.parameter(name, name + " is longer than " + TEXT_MAX + " characters");
      }
      if (given.getValue().indexOf('\0') >= 0) {
        throw Problem.parameter(name, name + " contains a NUL; no text in the journal has one");
      }
    }
  }

  /** Null if it is not given, or empty. */
  @Nullable String text(String name) {
    String value = values.get(name);
    return value == null || value.isEmpty() ? null : value;
  }

  @Nullable String oneOf(String name, List<String> words) {
    String value = text(name);
    if (value != null && !words.contains(value)) {
      throw Problem.parameter(
          name,
          name
              + " is '"
              + value
              + "'; it is one of "
              + String.join(", ", words)
              + Nearest.didYouMean(value, words));
    }
    return value;
  }

  boolean flag(String name) {
    return "true".equals(oneOf(name, List.of("true", "false")));
  }

  int limit(int normal, int most) {
    String value = text("limit");
    if (value == null) {
      return normal;
    }
    int limit = value.matches("\\d{1,9}") ? Integer.parseInt(value) : 0;
    if (limit < 1 || limit > most) {
      throw Problem.parameter(
          "limit", "limit is '" + value + "'; it is a whole number from 1 to " + most);
    }
    return limit;
  }

  @Nullable UUID uuid(String name) {
    String value = text(name);
    return value == null ? null : uuid(name, value);
  }

  static UUID uuid(String name, String value) {
    if (!UUID_TEXT.matcher(value).matches()) {
      throw Problem.parameter(
          name,
          name
              + " is '"
              + value
              + "'; an event's id looks like 0193f0a8-6f5c-7d3e-8a4b-5c6d7e8f9a0b");
    }
    return UUID.fromString(value);
  }

  @Nullable Long number(String name) {
    String value = text(name);
    if (value != null && !value.matches("\\d{1,18}")) {
      throw Problem.parameter(name, name + " is '" + value + "'; it is the 'next' of a page");
    }
    return value == null ? null : Long.valueOf(value);
  }

  /** A time, or a duration before now. */
  @Nullable Instant since() {
    String value = text("since");
    if (value == null) {
      return null;
    }
    try {
      Optional<Duration> ago = Durations.parse(value);
      if (ago.isPresent()) {
        Instant time = clock.instant().minus(ago.get());
        return time.isBefore(Instant.EPOCH) ? Instant.EPOCH : time;
      }
      Instant time =
          value.length() == 10
              ? LocalDate.parse(value).atStartOfDay(ZoneOffset.UTC).toInstant()
              : Instant.parse(value);
      if (time.isBefore(Instant.EPOCH)
          || time.isAfter(clock.instant().plus(Duration.ofDays(36_500)))) {
        throw new DateTimeException("out of range");
      }
      return time;
    } catch (DateTimeException e) {
      throw Problem.parameter(
          "since",
          "since is '"
              + value
              + "'; it is how long ago, such as 30m, 12h or 7d, or a time, such as 2026-11-23 or 2026-11-23T08:00:00Z");
    }
  }
}

package io.payhook.effects;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as platforms write them: ISO 8601, or seconds or milliseconds since 1970. */
public final class Times {
  private static final long MILLISECONDS_FROM = 100_000_000_000L;

  /** The last second of the year 9999. */
  private static final long LATEST = 253_402_300_799L;

  private static final Pattern SINCE_1970 = Pattern.compile("[0-9]{9,13}");

  private static final Pattern ISO =
      Pattern.compile(
          "([0-9]{4})-([0-9]{2})-([0-9]{2})"
              + "(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.[0-9]{1,9})?)?"
              + " ?([Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)?)?");

  private Times() {}

  /** Seconds since 1970, or milliseconds if as many seconds would be far in the future. */
  public static Instant since1970(long value) {
    return Math.abs(value) < MILLISECONDS_FROM
        ? Instant.ofEpochSecond(value)
        : Instant.ofEpochMilli(value);
  }

  /**
   * A time in a form that PostgreSQL reads unambiguously; null if it is not a time. PostgreSQL
   * itself also accepts {@code tomorrow} and {@code infinity}, and guesses which part of {@code
   * 12/11/2026} is the month.
   */
  public static @Nullable String iso(Object time) {
    String text = time.toString().strip();
    if (SINCE_1970.matcher(text).matches()) {
      Instant instant = since1970(Long.parseLong(text));
      return instant.getEpochSecond() > LATEST ? null : instant.toString();
    }
    Matcher matcher = ISO.matcher(text);
    return !(time instanceof Number) && matcher.matches() && exists(matcher) ? text : null;
  }

  private static boolean exists(Matcher iso) {
    try {
      LocalDate.of(number(iso, 1), number(iso, 2), number(iso, 3));
      String zone = iso.group(7);
      if (zone != null && zone.indexOf('/') > 0) {
        ZoneId.of(zone);
      }
    } catch (DateTimeException e) {
      return false;
    }
    // 24:00 is the end of a day, and leap seconds exist.
    int hour = number(iso, 4);
    return number(iso, 5) < 60
        && number(iso, 6) <= 60
        && (hour < 24 || (hour == 24 && number(iso, 5) + number(iso, 6) == 0));
  }

  private static int number(Matcher matcher, int group) {
    String digits = matcher.group(group);
    return digits == null ? 0 : Integer.parseInt(digits);
  }
}

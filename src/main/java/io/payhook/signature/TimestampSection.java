package io.payhook.signature;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** What the settings below {@code timestamp} say: how old a request may be. */
final class TimestampSection {
  final @Nullable Template from;
  private final String unit;
  private final @Nullable Duration tolerance;
  private final @Nullable Duration toleranceFuture;

  TimestampSection(SettingTexts settings) {
    from = settings.template(Setting.TIMESTAMP_FROM, Template.Context.WIRE);
    unit = settings.word(Setting.TIMESTAMP_UNIT, "s");
    tolerance = settings.span(Setting.TIMESTAMP_TOLERANCE);
    Duration future = settings.span(Setting.TIMESTAMP_TOLERANCE_FUTURE);
    toleranceFuture = future == null ? tolerance : future;
  }

  /** Ends the verification when the request is too old or too far ahead. */
  void check(Scope scope) throws Refusal {
    if (from == null || tolerance == null || toleranceFuture == null) {
      return;
    }
    String text = from.text(scope);
    if (text == null) {
      throw new Refusal("missing-timestamp", "there is no timestamp at " + from);
    }
    Instant at = instant(text);
    if (at == null) {
      throw new Refusal(
          "bad-timestamp",
          "the timestamp is not "
              + switch (unit) {
                case "iso" -> "ISO 8601";
                case "ms" -> "in milliseconds";
                default -> "in seconds";
              });
    }
    Instant now = scope.now;
    if (at.isBefore(now.minus(tolerance))) {
      throw beyond("timestamp-too-old", Duration.between(at, now), "ago", tolerance);
    }
    if (at.isAfter(now.plus(toleranceFuture))) {
      throw beyond(
          "timestamp-in-future", Duration.between(now, at), "ahead of our clock", toleranceFuture);
    }
  }

  private static Refusal beyond(String reason, Duration off, String where, Duration most) {
    return new Refusal(
        reason,
        "it was signed %d s %s; at most %d s are allowed"
            .formatted(off.toSeconds(), where, most.toSeconds()));
  }

  private @Nullable Instant instant(String text) {
    if (unit.equals("iso")) {
      return iso(text, ZoneOffset.UTC);
    }
    if (!isDigits(text)) {
      return null;
    }
    long number = Long.parseLong(text);
    return unit.equals("ms") ? Instant.ofEpochMilli(number) : Instant.ofEpochSecond(number);
  }

  /** How the clock's time is written where {@code {timestamp}} is. */
  String written(Instant now) {
    return switch (unit) {
      case "iso" -> now.toString();
      case "ms" -> Long.toString(now.toEpochMilli());
      default -> Long.toString(now.getEpochSecond());
    };
  }

  static boolean isDigits(String text) {
    if (text.isEmpty() || text.length() > 15) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  static @Nullable Instant iso(String text, ZoneId zone) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      // Perhaps without an offset.
    }
    try {
      return LocalDateTime.parse(text.replace(' ', 'T')).atZone(zone).toInstant();
    } catch (DateTimeException e) {
      return null;
    }
  }
}

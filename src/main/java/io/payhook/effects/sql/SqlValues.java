package io.payhook.effects.sql;

import io.payhook.effects.Bounds;
import io.payhook.effects.EffectException;
import io.payhook.effects.OneLine;
import io.payhook.effects.Times;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Values as a statement gets them. PostgreSQL accepts more as a number or a time than a payment's
 * amount or a date can be ({@code NaN}, {@code tomorrow}), so a text that the statement casts to
 * one is parsed here: a blank text is NULL, an invalid one is a data error.
 */
final class SqlValues {
  private static final Set<String> NUMBERS =
      Set.of(
          "numeric",
          "decimal",
          "real",
          "float",
          "float4",
          "float8",
          "double",
          "int",
          "integer",
          "int2",
          "int4",
          "int8",
          "smallint",
          "bigint");

  private static final Set<String> TIMES = Set.of("timestamptz", "timestamp", "date");

  /** PostgreSQL's own grammar accepts more: {@code 1_000}, {@code 0xff}. */
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?");

  /** Words that PostgreSQL accepts as a number or a time but nobody means. */
  private static final Pattern GUESSED =
      Pattern.compile(
          "(?i)[+-]?(?:nan|inf|infinity)|0[xob][0-9a-f_]+|[0-9]+(?:_[0-9]+)+(?:\\.[0-9_]*)?"
              + "|(?:now|today|tomorrow|yesterday|epoch)\\b.*"
              + "|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}\\b.*");

  private SqlValues() {}

  /**
   * A parameter's value as it is bound.
   *
   * @param place names the parameter in errors
   * @param mayBeAbsent whether the statement provides a default for a missing time
   * @throws EffectException if it is not of the type that the statement casts it to
   */
  static @Nullable Object of(
      @Nullable Object value, String cast, boolean mayBeAbsent, String place) {
    Object clean = Bounds.checked(value, place);
    boolean number = NUMBERS.contains(cast);
    boolean time = TIMES.contains(cast);
    if (clean instanceof String text && (number || time)) {
      return text.isBlank() ? null : number ? number(text, place) : time(text, mayBeAbsent, place);
    }
    return time && (clean instanceof Number || clean instanceof Boolean || clean instanceof Map)
        ? time(clean, mayBeAbsent, place)
        : clean;
  }

  /**
   * Refuses words that PostgreSQL would accept as a number or a time because of the parameter's
   * position. Only such a word costs a query, and hardly any event has one.
   *
   * @param values as they are bound
   */
  static void check(
      PreparedStatement prepared, SqlStatement statement, List<@Nullable Object> values)
      throws SQLException {
    ParameterMetaData types = null;
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i) instanceof String text && GUESSED.matcher(text.strip()).matches()) {
        types = types == null ? prepared.getParameterMetaData() : types;
        String type = types.getParameterTypeName(i + 1);
        if (NUMBERS.contains(type)) {
          number(text, statement.place(i + 1));
        } else if (TIMES.contains(type) && Times.iso(text) == null) {
          time(text, false, statement.place(i + 1));
        }
      }
    }
  }

  private static String number(String text, String place) {
    String number = text.strip();
    if (NUMBER.matcher(number).matches()) {
      try {
        Bounds.number(number, Bounds.DIGITS);
        return number;
      } catch (ArithmeticException e) {
        // Reported below.
      }
    }
    throw unusable(text, place, "a number such as 5000.00");
  }

  private static @Nullable String time(Object value, boolean mayBeAbsent, String place) {
    String time = Times.iso(value);
    if (time == null && !mayBeAbsent) {
      throw unusable(value.toString(), place, "a time such as 2026-11-23T20:15:00Z");
    }
    return time;
  }

  private static EffectException unusable(String text, String place, String right) {
    return new EffectException(
        place + " is '" + OneLine.of(text, 60) + "' in this event; " + right + " would be right");
  }
}

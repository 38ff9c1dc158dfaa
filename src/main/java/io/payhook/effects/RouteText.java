package io.payhook.effects;

import java.math.BigDecimal;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.jspecify.annotations.Nullable;

/**
 * Text that a route file passes to a kamelet, in which {@code ${…}} is a value of the exchange. It
 * separates the route's own text, which is trusted, from the values, which are not: a comma or a
 * slash in a value never means what it means in the route's own text.
 */
public final class RouteText {

  /** A part of the text. */
  sealed interface Piece {}

  /** The route's own text. */
  record Written(String text) implements Piece {}

  /** An expression, by its source, including the braces. */
  record Value(String source, Function<Exchange, @Nullable Object> read) implements Piece {}

  /** {@code variable.event[data][customer][email]}, read without reflection; absent is null. */
  private static final Pattern PATH =
      Pattern.compile("variable\\.([A-Za-z_][A-Za-z0-9_]*)((?:\\[[^\\[\\]]+])*)");

  private static final Pattern MEMBER = Pattern.compile("\\[(['\"]?)(.+?)\\1]");

  private final String source;
  private final List<Piece> pieces;

  private RouteText(String source, List<Piece> pieces) {
    this.source = source;
    this.pieces = List.copyOf(pieces);
  }

  /**
   * Parses a text in which {@code ${…}} is a value of the exchange.
   *
   * @throws EffectException if an expression is not closed or not valid
   */
  public static RouteText parse(CamelContext context, String text) {
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int start = text.indexOf("${", at);
      if (start < 0) {
        break;
      }
      if (start > at) {
        pieces.add(new Written(text.substring(at, start)));
      }
      int end = endOfExpression(text, start);
      pieces.add(value(context, text.substring(start, end)));
      at = end;
    }
    if (at < text.length()) {
      pieces.add(new Written(text.substring(at)));
    }
    return new RouteText(text, pieces);
  }

  private static int endOfExpression(String text, int start) {
    int depth = 0;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}') {
        depth--;
        if (depth == 0) {
          return i + 1;
        }
      }
    }
    throw new EffectException(
        "'" + text + "': the expression at character " + (start + 1) + " has no closing brace");
  }

  private static Value value(CamelContext context, String source) {
    Matcher path = PATH.matcher(source.substring(2, source.length() - 1).strip());
    if (path.matches()) {
      List<String> members = MEMBER.matcher(path.group(2)).results().map(m -> m.group(2)).toList();
      VariablePath variable = new VariablePath(path.group(1), members);
      return new Value(source, variable::in);
    }
    try {
      Expression expression = context.resolveLanguage("simple").createExpression(source);
      expression.init(context);
      return new Value(source, exchange -> expression.evaluate(exchange, Object.class));
    } catch (RuntimeException e) {
      throw new EffectException("'" + source + "' is no expression: " + e.getMessage(), e);
    }
  }

  /** The text as written in the route file, for messages. */
  String source() {
    return source;
  }

  List<Piece> pieces() {
    return pieces;
  }

  boolean isBlank() {
    return source.isBlank();
  }

  /** The texts between the commas in the route's own text, outside double quotes. */
  List<RouteText> splitAtCommas() {
    List<RouteText> parts = new ArrayList<>();
    List<Piece> part = new ArrayList<>();
    boolean quoted = false;
    for (Piece piece : pieces) {
      if (!(piece instanceof Written written)) {
        part.add(piece);
        continue;
      }
      int start = 0;
      String text = written.text;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == '"') {
          quoted = !quoted;
        } else if (c == ',' && !quoted) {
          part.add(new Written(text.substring(start, i)));
          parts.add(of(part));
          part = new ArrayList<>();
          start = i + 1;
        }
      }
      part.add(new Written(text.substring(start)));
    }
    parts.add(of(part));
    return parts;
  }

  /** This text from a character of the route's own text on, or null if it is not there. */
  @Nullable RouteText after(char mark) {
    return cut(mark, true);
  }

  /** This text up to a character of the route's own text, or null if it is not there. */
  @Nullable RouteText before(char mark) {
    return cut(mark, false);
  }

  private @Nullable RouteText cut(char mark, boolean after) {
    for (int i = 0; i < pieces.size(); i++) {
      if (pieces.get(i) instanceof Written written && written.text.indexOf(mark) >= 0) {
        int at = written.text.indexOf(mark);
        List<Piece> part = new ArrayList<>();
        if (after) {
          part.add(new Written(written.text.substring(at + 1)));
          part.addAll(pieces.subList(i + 1, pieces.size()));
        } else {
          part.addAll(pieces.subList(0, i));
          part.add(new Written(written.text.substring(0, at)));
        }
        return of(part);
      }
    }
    return null;
  }

  private static RouteText of(List<Piece> pieces) {
    StringBuilder source = new StringBuilder();
    for (Piece piece : pieces) {
      source.append(piece instanceof Written w ? w.text : ((Value) piece).source);
    }
    return new RouteText(source.toString(), pieces);
  }

  /**
   * The text with its values inserted; a missing value is empty text.
   *
   * @throws EffectException if a value is an object or an array
   */
  String in(Exchange exchange) {
    return in(exchange, (value, text) -> text);
  }

  /** Like {@link #in(Exchange)}, with a function applied to the text of each value. */
  String in(Exchange exchange, BiFunction<Value, String, String> encode) {
    StringBuilder text = new StringBuilder();
    for (Piece piece : pieces) {
      if (piece instanceof Value value) {
        text.append(encode.apply(value, plain(value, value.read.apply(exchange))));
      } else {
        text.append(((Written) piece).text);
      }
    }
    return text.toString();
  }

  private static String plain(Value value, @Nullable Object read) {
    if (read == null) {
      return "";
    }
    if (Bounds.checked(read, value.source()) instanceof BigDecimal number) {
      return number.toPlainString();
    }
    if (read instanceof CharSequence
        || read instanceof Number
        || read instanceof Boolean
        || read instanceof UUID
        || read instanceof Temporal) {
      return read.toString();
    }
    throw new EffectException(
        value.source + " is a " + kind(read) + " in this event; text or a number would be right");
  }

  private static String kind(Object value) {
    return value instanceof Map
        ? "JSON object"
        : value instanceof Collection ? "JSON array" : value.getClass().getSimpleName();
  }
}

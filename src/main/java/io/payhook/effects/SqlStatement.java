package io.payhook.effects;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.kit.Nearest;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.Temporal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/**
 * One SQL file of an integration, read once: the text for JDBC and where its parameters come from.
 *
 * <p>A parameter is a colon and a variable of the exchange, then members and indexes into it:
 * {@code :event.data.customer.email}, {@code :event.data.items.0.sku}, {@code :event.data."odd
 * name"}.
 *
 * <table>
 * <caption>What Payhook gives every delivery</caption>
 * <tr><th>parameter</th><th>is</th><th>bound as</th></tr>
 * <tr><td>{@code :event}</td><td>the whole JSON of the event</td><td>jsonb</td></tr>
 * <tr><td>{@code :event.data.amount}</td><td>a member of it; NULL where the event has none</td>
 *     <td>by its JSON type, see below</td></tr>
 * <tr><td>{@code :endpoint}</td><td>the endpoint's name, as in its URL</td><td>untyped</td></tr>
 * <tr><td>{@code :eventId}</td><td>the journal's id of the event, a UUID</td><td>untyped</td></tr>
 * <tr><td>{@code :eventType}</td><td>the event type, aliases resolved</td><td>untyped</td></tr>
 * <tr><td>{@code :eventKey}</td><td>the key that tells duplicates</td><td>untyped</td></tr>
 * <tr><td>{@code :amount}</td><td>the event's amount in major units (naira, not kobo)</td>
 *     <td>numeric</td></tr>
 * <tr><td>{@code :currency}</td><td>its currency, ISO 4217</td><td>untyped</td></tr>
 * <tr><td>{@code :entity}</td><td>what the event is about, such as the payment</td>
 *     <td>untyped</td></tr>
 * <tr><td>{@code :occurredAt}</td><td>when it happened, as the platform says</td>
 *     <td>timestamptz</td></tr>
 * <tr><td>{@code :receivedAt}</td><td>when the event came in</td><td>timestamptz</td></tr>
 * <tr><td>{@code :origin}</td><td>webhook, reconciled or own</td><td>untyped</td></tr>
 * <tr><td>{@code :confirmation}</td><td>what the platform's API said of the event</td>
 *     <td>jsonb</td></tr>
 * <tr><td>{@code :attempt}</td><td>1 for the first run of the delivery</td><td>bigint</td></tr>
 * <tr><td>{@code :idempotencyKey}</td><td>the same for every attempt of the delivery</td>
 *     <td>untyped</td></tr>
 * <tr><td>{@code :anything}</td><td>a variable that the route set before</td>
 *     <td>by its type</td></tr>
 * </table>
 *
 * <p>Integers are bound as bigint, other numbers as numeric, booleans as boolean, objects and
 * arrays as jsonb, and text untyped, so that PostgreSQL takes the type from the place where it
 * stands; where it can't, the statement says it: {@code :event.data.code::text}. What is not known
 * is NULL, of the type that it otherwise has. A value that is cast to a number or a time has to be
 * one, see {@link SqlValues}.
 *
 * <p>Casts ({@code ::}), named arguments ({@code :=}), array slices ({@code a[1:n]}; write {@code
 * a[(:index)]} for a parameter there), text, quoted names and comments hold no parameters. A
 * question mark is PostgreSQL's operator, never a parameter.
 */
public final class SqlStatement {

  /**
   * A parameter and its position.
   *
   * @param start offset of its colon in the file
   * @param end offset after it
   * @param mayBeAbsent whether the statement provides a default: it is within {@code coalesce(…)}
   * @param cast the type that the statement casts it to; empty if none
   */
  public record Parameter(
      VariablePath path, int line, int start, int end, boolean mayBeAbsent, String cast) {

    /** The value of this parameter as it is bound. */
    @Nullable Object bound(String file, @Nullable Object value) {
      return path.bound(SqlValues.of(value, cast, mayBeAbsent, place(file)));
    }

    /** Like {@link #bound}, but an invalid value is left for PostgreSQL to report. */
    public @Nullable Object rehearsed(String file, @Nullable Object value) {
      try {
        return bound(file, value);
      } catch (EffectException e) {
        return path.bound(value);
      }
    }

    /** Names it in errors. */
    String place(String file) {
      return file + ":" + line + ": :" + String.join(".", path.names());
    }
  }

  /**
   * One of the file's statements, which are separated by semicolons.
   *
   * @param start offset of its text in the file
   * @param sql for JDBC
   */
  public record Piece(int start, String sql, List<Parameter> parameters) {

    /**
     * Converts a position in PostgreSQL's view of this statement to an offset in the file.
     *
     * @param position counted from 1, with parameters written as {@code $1}
     */
    public int offset(int position) {
      int wanted = position - 1;
      int seen = 0;
      int at = start;
      for (int i = 0; i < parameters.size(); i++) {
        Parameter parameter = parameters.get(i);
        int gap = parameter.start - at;
        if (wanted < seen + gap) {
          break;
        }
        seen += gap;
        int width = 1 + String.valueOf(i + 1).length();
        if (wanted < seen + width) {
          return parameter.start;
        }
        seen += width;
        at = parameter.end;
      }
      return at + wanted - seen;
    }
  }

  private final String file;
  private final String sql;
  private final List<Parameter> parameters;
  private final List<Piece> pieces;

  private SqlStatement(String file, String sql, List<Parameter> parameters, List<Piece> pieces) {
    this.file = file;
    this.sql = sql;
    this.parameters = List.copyOf(parameters);
    this.pieces = List.copyOf(pieces);
  }

  /**
   * Reads a statement.
   *
   * @param file names it in errors
   * @throws EffectException if a text, a quoted name or a comment is not closed
   */
  public static SqlStatement parse(String file, String text) {
    return new Parser(file, text).parse();
  }

  /** The text for JDBC: every parameter a question mark. */
  String sql() {
    return sql;
  }

  /** The statements of the file, one by one. */
  public List<Piece> pieces() {
    return pieces;
  }

  /** The parameters as written, in order: {@code event.data.amount}. */
  List<VariablePath> parameters() {
    return parameters.stream().map(Parameter::path).toList();
  }

  /**
   * The values of the parameters, in order.
   *
   * @throws EffectException if a parameter names a variable that the exchange does not have
   */
  List<@Nullable Object> values(Exchange exchange) {
    List<@Nullable Object> values = new ArrayList<>(parameters.size());
    for (Parameter parameter : parameters) {
      Object value = parameter.path.in(exchange);
      if (value == null && !parameter.path.isKnown(exchange)) {
        throw unknown(parameter, exchange);
      }
      values.add(parameter.bound(file, value));
    }
    return values;
  }

  /** Names a parameter in errors; the index starts at 1. */
  String place(int index) {
    return parameters.get(index - 1).place(file);
  }

  private EffectException unknown(Parameter parameter, Exchange exchange) {
    String name = parameter.path.variable();
    List<String> names = new ArrayList<>(VariablePath.OF_A_DELIVERY);
    exchange.getVariables().keySet().stream().filter(n -> !names.contains(n)).forEach(names::add);
    return new EffectException(
        file
            + ":"
            + parameter.line
            + ": the parameter :"
            + name
            + " names no variable; "
            + Nearest.to(name, names)
                .map(n -> "did you mean :" + n + "?")
                .orElse("there are :" + String.join(", :", names)));
  }

  /**
   * An unknown value of a known type.
   *
   * @param type PostgreSQL's name of it
   */
  public record Absent(String type) {}

  /** Binds one value; the index starts at 1. */
  public static void bind(PreparedStatement statement, int index, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(index, Types.NULL);
    } else if (value instanceof Absent absent) {
      PGobject none = new PGobject();
      none.setType(absent.type());
      statement.setObject(index, none);
    } else if (value instanceof String text) {
      statement.setObject(index, text, Types.OTHER);
    } else if (value instanceof Long || value instanceof Integer || value instanceof Short) {
      statement.setLong(index, ((Number) value).longValue());
    } else if (value instanceof BigDecimal number) {
      statement.setBigDecimal(index, number);
    } else if (value instanceof BigInteger number) {
      statement.setBigDecimal(index, new BigDecimal(number));
    } else if (value instanceof Boolean bool) {
      statement.setBoolean(index, bool);
    } else if (value instanceof Instant instant) {
      statement.setObject(index, instant.atOffset(ZoneOffset.UTC));
    } else if (value instanceof Map
        || value instanceof Collection
        || value instanceof JsonNode
        || value instanceof Object[]) {
      PGobject json = new PGobject();
      json.setType("jsonb");
      json.setValue(json(value));
      statement.setObject(index, json);
    } else if (value instanceof byte[] bytes) {
      statement.setBytes(index, bytes);
    } else if (value instanceof Number number) {
      statement.setBigDecimal(index, new BigDecimal(number.toString()));
    } else if (value instanceof Temporal) {
      statement.setObject(index, value);
    } else {
      statement.setObject(index, value.toString(), Types.OTHER);
    }
  }

  private static String json(Object value) {
    try {
      return Json.STRICT.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new EffectException(
          "a parameter can't be written as JSON: " + e.getOriginalMessage(), e);
    }
  }

  @Override
  public String toString() {
    return file;
  }

  /**
   * Follows PostgreSQL's lexical rules as far as they decide whether a colon starts a parameter and
   * whether a question mark is an operator.
   */
  private static final class Parser {
    /** The kind of the last token, which determines what an opening bracket means. */
    private enum Last {
      /** A token that a subscript can follow. */
      VALUE,
      OTHER
    }

    private final String file;
    private final String text;
    private final StringBuilder sql;
    private final List<Parameter> parameters = new ArrayList<>();

    /** Open brackets: '(' , '[' of an array's items, 's' for the bracket of a subscript. */
    private final Deque<Character> open = new ArrayDeque<>();

    private final List<Piece> pieces = new ArrayList<>();
    private int pieceStart;
    private int pieceSql;
    private int pieceParameters;

    /** Number of open brackets within the outermost coalesce, or 0 outside of one. */
    private int coalesce;

    private String word = "";
    private Last last = Last.OTHER;
    private int at = 0;
    private int line = 1;

    Parser(String file, String text) {
      this.file = file;
      this.text = text;
      this.sql = new StringBuilder(text.length());
    }

    SqlStatement parse() {
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '\'') {
          quoted('\'', false, "text");
        } else if (c == '"') {
          quoted('"', false, "quoted name");
        } else if (c == '-' && next(1) == '-') {
          lineComment();
        } else if (c == '/' && next(1) == '*') {
          blockComment();
        } else if (c == '$' && dollarTag() > 0) {
          dollarQuoted();
        } else if (isNameStart(c)) {
          word();
        } else if (c >= '0' && c <= '9') {
          number();
        } else if (c == ':') {
          colon();
        } else if (c == '?') {
          sql.append("??");
          at++;
          last = Last.OTHER;
        } else {
          other(c);
        }
      }
      endPiece();
      return new SqlStatement(file, sql.toString(), parameters, pieces);
    }

    private void endPiece() {
      String statement = sql.substring(pieceSql);
      if (hasWords(statement)) {
        pieces.add(
            new Piece(
                pieceStart,
                statement,
                List.copyOf(parameters.subList(pieceParameters, parameters.size()))));
      }
      pieceStart = at + 1;
      pieceSql = sql.length() + 1;
      pieceParameters = parameters.size();
    }

    /** Whether there is anything but spaces and comments. */
    private static boolean hasWords(String statement) {
      return !statement.replaceAll("--[^\n]*", "").replaceAll("(?s)/\\*.*?\\*/", "").isBlank();
    }

    private char next(int distance) {
      return at + distance < text.length() ? text.charAt(at + distance) : '\0';
    }

    private void copy(int end) {
      for (int i = at; i < end; i++) {
        if (text.charAt(i) == '\n') {
          line++;
        }
      }
      sql.append(text, at, end);
      at = end;
    }

    private void quoted(char quote, boolean escapes, String what) {
      int end = at + 1;
      while (end < text.length()) {
        char c = text.charAt(end);
        if (c == '\\' && escapes) {
          end += 2;
        } else if (c != quote) {
          end++;
        } else if (end + 1 < text.length() && text.charAt(end + 1) == quote) {
          end += 2;
        } else {
          copy(end + 1);
          last = Last.VALUE;
          return;
        }
      }
      throw unclosed(what);
    }

    private void lineComment() {
      int end = text.indexOf('\n', at);
      copy(end < 0 ? text.length() : end);
    }

    private void blockComment() {
      int depth = 0;
      for (int end = at; end < text.length() - 1; end++) {
        if (text.charAt(end) == '/' && text.charAt(end + 1) == '*') {
          depth++;
          end++;
        } else if (text.charAt(end) == '*' && text.charAt(end + 1) == '/') {
          depth--;
          end++;
          if (depth == 0) {
            copy(end + 1);
            return;
          }
        }
      }
      throw unclosed("comment");
    }

    /** The length of the dollar quote's tag that starts here, with both dollars, or 0. */
    private int dollarTag() {
      int end = at + 1;
      if (end < text.length() && isNameStart(text.charAt(end))) {
        while (end < text.length() && isName(text.charAt(end)) && text.charAt(end) != '$') {
          end++;
        }
      }
      return end < text.length() && text.charAt(end) == '$' ? end + 1 - at : 0;
    }

    private void dollarQuoted() {
      int length = dollarTag();
      int close = text.indexOf(text.substring(at, at + length), at + length);
      if (close < 0) {
        throw unclosed("dollar-quoted text");
      }
      copy(close + length);
      last = Last.VALUE;
    }

    private void word() {
      if ((text.charAt(at) == 'E' || text.charAt(at) == 'e') && next(1) == '\'') {
        sql.append(text.charAt(at));
        at++;
        quoted('\'', true, "text");
        return;
      }
      int end = at;
      while (end < text.length() && isName(text.charAt(end))) {
        end++;
      }
      // In ARRAY[:a, :b] the bracket contains items; after any other word it is a subscript.
      word = text.substring(at, end);
      boolean array = word.equalsIgnoreCase("array");
      copy(end);
      last = array ? Last.OTHER : Last.VALUE;
    }

    private void number() {
      int end = at;
      while (end < text.length() && (isName(text.charAt(end)) || text.charAt(end) == '.')) {
        end++;
      }
      copy(end);
      last = Last.VALUE;
    }

    private void colon() {
      boolean slice = !open.isEmpty() && open.peek() == 's';
      if (next(1) == ':' || next(1) == '=') {
        copy(at + 2);
        last = Last.OTHER;
      } else if (!slice && isNameStart(next(1))) {
        parameter();
      } else {
        copy(at + 1);
        last = Last.OTHER;
      }
    }

    private void parameter() {
      int start = at;
      at++;
      String variable = name();
      List<String> members = new ArrayList<>();
      while (next(0) == '.' && (isMember(next(1)) || next(1) == '"')) {
        at++;
        if (text.charAt(at) == '"') {
          int close = text.indexOf('"', at + 1);
          if (close < 0) {
            throw unclosed("quoted member");
          }
          members.add(text.substring(at + 1, close));
          at = close + 1;
        } else {
          members.add(name());
        }
      }
      parameters.add(
          new Parameter(
              new VariablePath(variable, List.copyOf(members)),
              line,
              start,
              at,
              coalesce > 0,
              SqlValues.cast(text, start, at)));
      sql.append('?');
      last = Last.VALUE;
    }

    private String name() {
      int end = at;
      while (end < text.length() && isMember(text.charAt(end))) {
        end++;
      }
      String name = text.substring(at, end);
      at = end;
      return name;
    }

    private void other(char c) {
      if (c == ';' && open.isEmpty()) {
        endPiece();
        last = Last.OTHER;
      } else if (c == '(') {
        coalesce += coalesce > 0 || word.equalsIgnoreCase("coalesce") ? 1 : 0;
        open.push('(');
        last = Last.OTHER;
      } else if (c == '[') {
        open.push(last == Last.VALUE ? 's' : '[');
        last = Last.OTHER;
      } else if (c == ')' || c == ']') {
        open.poll();
        coalesce -= coalesce > 0 && c == ')' ? 1 : 0;
        last = Last.VALUE;
      } else if (!Character.isWhitespace(c)) {
        last = Last.OTHER;
      }
      if (!Character.isWhitespace(c)) {
        word = "";
      }
      copy(at + 1);
    }

    private static boolean isNameStart(char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    }

    private static boolean isName(char c) {
      return isNameStart(c) || (c >= '0' && c <= '9') || c == '$';
    }

    private static boolean isMember(char c) {
      return isNameStart(c) || (c >= '0' && c <= '9');
    }

    private EffectException unclosed(String what) {
      return new EffectException(
          file
              + ":"
              + line
              + ":"
              + column()
              + ": a "
              + what
              + " starts here and never ends; close it");
    }

    private int column() {
      return at - text.lastIndexOf('\n', Math.max(0, at - 1));
    }
  }
}

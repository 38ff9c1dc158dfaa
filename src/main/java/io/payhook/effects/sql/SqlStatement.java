package io.payhook.effects.sql;

import io.payhook.effects.EffectException;
import io.payhook.effects.VariablePath;
import io.payhook.kit.Nearest;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

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
      return SqlBinding.typed(path, SqlValues.of(value, cast, mayBeAbsent, place(file)));
    }

    /** Like {@link #bound}, but an invalid value is left for PostgreSQL to report. */
    public @Nullable Object rehearsed(String file, @Nullable Object value) {
      try {
        return bound(file, value);
      } catch (EffectException e) {
        return SqlBinding.typed(path, value);
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

  SqlStatement(String file, String sql, List<Parameter> parameters, List<Piece> pieces) {
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
    return new SqlParser(file, text).parse();
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
    String right =
        Nearest.to(name, names)
            .map(n -> "did you mean :" + n + "?")
            .orElse("there are :" + String.join(", :", names));
    return new EffectException(
        "%s:%s: the parameter :%s names no variable; %s"
            .formatted(file, parameter.line, name, right));
  }

  @Override
  public String toString() {
    return file;
  }
}

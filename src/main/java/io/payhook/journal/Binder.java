package io.payhook.journal;

import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sets the parameters of a statement, one after the other. */
final class Binder {
  private final PreparedStatement statement;
  private int index;

  Binder(PreparedStatement statement) {
    this.statement = statement;
  }

  /**
   * The next ones; an instant becomes a {@code timestamptz}, a null takes the type it stands for.
   */
  Binder add(@Nullable Object... values) throws SQLException {
    for (Object value : values) {
      index++;
      if (value instanceof String text) {
        statement.setString(index, text);
      } else if (value instanceof byte[] bytes) {
        statement.setBytes(index, bytes);
      } else if (value instanceof BigDecimal number) {
        statement.setBigDecimal(index, number);
      } else {
        statement.setObject(index, sent(value));
      }
    }
    return this;
  }

  /**
   * The next one: a column of many rows, as an array.
   *
   * @param type of PostgreSQL's
   */
  <T> Binder column(String type, Collection<T> rows, Function<? super T, ?> value)
      throws SQLException {
    // The driver takes bytes in an array of their own type alone.
    @Nullable Object[] values =
        type.equals("bytea") ? new byte[rows.size()][] : new Object[rows.size()];
    int i = 0;
    for (T row : rows) {
      values[i++] = sent(value.apply(row));
    }
    statement.setArray(++index, statement.getConnection().createArrayOf(type, values));
    return this;
  }

  private static @Nullable Object sent(@Nullable Object value) {
    return value instanceof Instant instant ? instant.atOffset(ZoneOffset.UTC) : value;
  }
}

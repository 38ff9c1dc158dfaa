package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement assembled from constant text; every value is a parameter. */
final class Query {
  private final StringBuilder text = new StringBuilder();
  private final List<Object> values = new ArrayList<>();

  Query(String text, Object... values) {
    add(text, values);
  }

  Query add(String more, Object... its) {
    text.append(more).append('\n');
    for (Object value : its) {
      values.add(value);
    }
    return this;
  }

  /** Adds text with one parameter, unless its value is null. */
  Query addIf(@Nullable Object value, String more) {
    return value == null ? this : add(more, value);
  }

  PreparedStatement prepare(Connection connection) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(text.toString());
    try {
      for (int i = 0; i < values.size(); i++) {
        Object value = values.get(i);
        if (value instanceof Instant instant) {
          statement.setObject(i + 1, instant.atOffset(ZoneOffset.UTC));
        } else if (value instanceof String[] texts) {
          statement.setArray(i + 1, connection.createArrayOf("text", texts));
        } else if (value instanceof java.util.UUID[] ids) {
          statement.setArray(i + 1, connection.createArrayOf("uuid", ids));
        } else {
          statement.setObject(i + 1, value);
        }
      }
      return statement;
    } catch (SQLException | RuntimeException e) {
      statement.close();
      throw e;
    }
  }

  /**
   * SQL that is true if the pattern in {@code pattern}, in which {@code *} matches any text,
   * matches {@code text}.
   */
  static String matches(String text, String pattern) {
    return text
        + " like replace(replace(replace(replace("
        + pattern
        + ", '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%')";
  }
}

package io.payhook.journal;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads what queries find. */
final class Rows {
  private Rows() {}

  interface Reader<T> {
    T of(ResultSet row) throws SQLException;
  }

  static <T> List<T> list(Connection connection, Query query, Reader<T> reader)
      throws SQLException {
    try (PreparedStatement statement = query.prepare(connection);
        ResultSet row = statement.executeQuery()) {
      List<T> rows = new ArrayList<>();
      while (row.next()) {
        rows.add(reader.of(row));
      }
      return rows;
    }
  }

  static <T> @Nullable T first(List<T> rows) {
    return rows.isEmpty() ? null : rows.get(0);
  }

  /**
   * A reader of rows as records: the component {@code startedAt} is the column {@code started_at};
   * a duration is a number of milliseconds.
   */
  static <T extends Record> Reader<T> as(Class<T> type) {
    RecordComponent[] components = type.getRecordComponents();
    Constructor<T> constructor;
    try {
      constructor =
          type.getDeclaredConstructor(
              Stream.of(components).map(RecordComponent::getType).toArray(Class[]::new));
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
    List<String> columns =
        Stream.of(components)
            .map(each -> each.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT))
            .toList();
    return row -> {
      @Nullable Object[] values = new Object[components.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = value(row, columns.get(i), components[i].getType());
      }
      try {
        return constructor.newInstance(values);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    };
  }

  private static @Nullable Object value(ResultSet row, String column, Class<?> type)
      throws SQLException {
    if (type == String.class) {
      return row.getString(column);
    } else if (type == UUID.class) {
      return row.getObject(column, UUID.class);
    } else if (type == Instant.class) {
      return instantOrNull(row, column);
    } else if (type == Duration.class) {
      return Duration.ofMillis(row.getLong(column));
    } else if (type == int.class) {
      return row.getInt(column);
    } else if (type == long.class) {
      return row.getLong(column);
    } else if (type == boolean.class) {
      return row.getBoolean(column);
    } else if (type == List.class) {
      return List.of((Object[]) row.getArray(column).getArray());
    }
    throw new IllegalArgumentException(column + " as " + type);
  }

  static Instant instant(ResultSet row, String column) throws SQLException {
    return Objects.requireNonNull(instantOrNull(row, column));
  }

  static @Nullable Instant instantOrNull(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}

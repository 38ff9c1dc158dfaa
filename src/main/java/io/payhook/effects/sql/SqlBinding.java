package io.payhook.effects.sql;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.effects.EffectException;
import io.payhook.effects.VariablePath;
import io.payhook.kit.Json;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.Temporal;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/** How a value becomes a JDBC parameter; {@link SqlStatement} has the table of types. */
public final class SqlBinding {
  /** The variables whose SQL type is known even without a value. */
  private static final Map<String, String> TYPES =
      Map.of("amount", "numeric", "occurredAt", "timestamptz", "confirmation", "jsonb");

  private SqlBinding() {}

  /**
   * An unknown value of a known type.
   *
   * @param type PostgreSQL's name of it
   */
  private record Absent(String type) {}

  /** The value for SQL: PostgreSQL cannot infer the type of every NULL. */
  static @Nullable Object typed(VariablePath path, @Nullable Object value) {
    String type = value == null && path.members().isEmpty() ? TYPES.get(path.variable()) : null;
    return type == null ? value : new Absent(type);
  }

  /** Binds one value; the index starts at 1. */
  public static void bind(PreparedStatement statement, int index, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(index, Types.NULL);
    } else if (value instanceof Absent absent) {
      statement.setObject(index, object(absent.type, null));
    } else if (value instanceof String text) {
      statement.setObject(index, text, Types.OTHER);
    } else if (value instanceof Long || value instanceof Integer || value instanceof Short) {
      statement.setLong(index, ((Number) value).longValue());
    } else if (value instanceof BigDecimal number) {
      statement.setBigDecimal(index, number);
    } else if (value instanceof Number number) {
      statement.setBigDecimal(index, new BigDecimal(number.toString()));
    } else if (value instanceof Boolean bool) {
      statement.setBoolean(index, bool);
    } else if (value instanceof Instant instant) {
      statement.setObject(index, instant.atOffset(ZoneOffset.UTC));
    } else if (value instanceof Temporal) {
      statement.setObject(index, value);
    } else if (value instanceof byte[] bytes) {
      statement.setBytes(index, bytes);
    } else if (value instanceof Map
        || value instanceof Collection
        || value instanceof JsonNode
        || value instanceof Object[]) {
      statement.setObject(index, object("jsonb", json(value)));
    } else {
      statement.setObject(index, value.toString(), Types.OTHER);
    }
  }

  private static PGobject object(String type, @Nullable String value) throws SQLException {
    PGobject object = new PGobject();
    object.setType(type);
    object.setValue(value);
    return object;
  }

  private static String json(Object value) {
    try {
      return Json.STRICT.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new EffectException(
          "a parameter can't be written as JSON: " + e.getOriginalMessage(), e);
    }
  }
}

package io.payhook.effects;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * A variable of the exchange and the path to a value inside it: names of members of JSON objects
 * and indexes of JSON arrays.
 */
public record VariablePath(String variable, List<String> members) {

  /**
   * The variables that every delivery has; a path that starts with one of them is never unknown.
   */
  public static final List<String> OF_A_DELIVERY =
      List.of(
          "endpoint",
          "eventId",
          "eventType",
          "eventKey",
          "receivedAt",
          "attempt",
          "event",
          "idempotencyKey",
          "confirmation",
          "amount",
          "currency",
          "entity",
          "occurredAt",
          "origin");

  /** The variable's name and those of the members. */
  public List<String> names() {
    return Stream.concat(Stream.of(variable), members.stream()).toList();
  }

  /** Whether the variable exists, or is one that every delivery has. */
  public boolean isKnown(Exchange exchange) {
    return exchange.getVariable(variable) != null || OF_A_DELIVERY.contains(variable);
  }

  /** The value, or null if the variable, a member or an index does not exist. */
  public @Nullable Object in(Exchange exchange) {
    return in(exchange.getVariable(variable));
  }

  /** The value among these variables, or null, as in {@link #in(Exchange)}. */
  public @Nullable Object in(Map<String, Object> variables) {
    return in(variables.get(variable));
  }

  private @Nullable Object in(@Nullable Object start) {
    Object value = start;
    for (int i = 0; value != null && i < members.size(); i++) {
      value = member(value, members.get(i));
    }
    return value;
  }

  private static @Nullable Object member(Object container, String name) {
    if (container instanceof Map<?, ?> map) {
      return map.get(name);
    }
    if (container instanceof List<?> list) {
      int index = index(name);
      return index >= 0 && index < list.size() ? list.get(index) : null;
    }
    return null;
  }

  private static int index(String text) {
    if (text.isEmpty() || text.length() > 9) {
      return -1;
    }
    int index = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      index = index * 10 + (c - '0');
    }
    return index;
  }
}

package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether something is as a test says. */
final class Compare {
  private Compare() {}

  /** A value of a database; numbers by their amount, everything else by its text. */
  static boolean same(@Nullable Object expected, @Nullable Object actual) {
    if (expected == null || actual == null) {
      return expected == null && actual == null;
    }
    if (expected instanceof BigDecimal number) {
      try {
        return number.compareTo(new BigDecimal(String.valueOf(actual))) == 0;
      } catch (NumberFormatException e) {
        return false;
      }
    }
    return String.valueOf(expected).equals(String.valueOf(actual));
  }

  /** Whether JSON has everything that is expected of it; objects may have more. */
  static boolean within(@Nullable Object expected, @Nullable JsonNode actual) {
    if (actual == null || actual.isMissingNode()) {
      return false;
    }
    if (expected == null) {
      return actual.isNull();
    }
    if (expected instanceof Map<?, ?> map) {
      return actual.isObject()
          && map.entrySet().stream()
              .allMatch(
                  member ->
                      within(member.getValue(), actual.path(String.valueOf(member.getKey()))));
    }
    if (expected instanceof List<?> list) {
      if (!actual.isArray() || actual.size() != list.size()) {
        return false;
      }
      for (int i = 0; i < list.size(); i++) {
        if (!within(list.get(i), actual.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (expected instanceof BigDecimal number) {
      return actual.isNumber() && number.compareTo(actual.decimalValue()) == 0;
    }
    if (expected instanceof Boolean yes) {
      return actual.isBoolean() && actual.booleanValue() == yes;
    }
    return actual.isTextual() && actual.textValue().equals(expected);
  }
}

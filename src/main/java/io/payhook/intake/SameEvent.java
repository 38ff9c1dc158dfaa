package io.payhook.intake;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Whether two bodies under one key are the same event: compared as JSON, numbers by value, without
 * the members that the provider may change between retries. Only evaluated if a key arrives again.
 */
final class SameEvent {
  private SameEvent() {}

  static boolean test(byte[] stored, byte[] received, List<JsonPointer> ignored) {
    if (Arrays.equals(stored, received)) {
      return true;
    }
    try {
      JsonNode first = Json.MAPPER.readTree(stored);
      JsonNode again = Json.MAPPER.readTree(received);
      for (JsonPointer pointer : ignored) {
        remove(first, pointer);
        remove(again, pointer);
      }
      return first.isContainerNode() && first.equals(SameEvent::compared, again);
    } catch (IOException e) {
      return false;
    }
  }

  /** 5000, 5000.00 and 5e3 are the same number. */
  private static int compared(JsonNode one, JsonNode other) {
    if (one.isNumber() && other.isNumber()) {
      return one.decimalValue().compareTo(other.decimalValue());
    }
    return one.equals(other) ? 0 : 1;
  }

  private static void remove(JsonNode root, JsonPointer pointer) {
    JsonNode parent = root.at(pointer.head());
    if (parent instanceof ObjectNode object) {
      object.remove(pointer.last().getMatchingProperty());
    } else if (parent instanceof ArrayNode array) {
      array.remove(pointer.last().getMatchingIndex());
    }
  }
}

package io.payhook.service;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.journal.StoredEvent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What routes see as the variable {@code event}: the JSON as maps, lists and values, with no number
 * in floating point.
 */
final class EventJson {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private EventJson() {}

  static @Nullable Object parse(StoredEvent event) {
    try {
      return JSON.readValue(event.body(), Object.class);
    } catch (IOException e) {
      return null;
    }
  }
}

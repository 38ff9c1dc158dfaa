package io.payhook.tools.check;

import java.util.Map;

/**
 * One event to try with.
 *
 * @param name names it in messages, such as {@code payment.success.json}
 * @param variables those of a delivery
 */
record SampleEvent(String name, Map<String, Object> variables) {
  SampleEvent {
    variables = Map.copyOf(variables);
  }
}

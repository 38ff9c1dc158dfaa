package io.payhook.effects;

import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * The key of one e-mail or HTTP call, the same at every attempt of its delivery: the variable
 * {@code idempotencyKey}, followed by {@code .2}, {@code .3}, … in the order of the calls if a
 * route calls a sink more than once. In a {@code split}, the split's index is added. The sinks'
 * parameter {@code key} replaces the count by a name that the route chooses.
 */
public final class CallKey {
  private CallKey() {}

  /**
   * The key of the call that is about to be made.
   *
   * @param sink whose calls are counted
   * @param key the route's own name for the call, or null
   */
  public static String of(Exchange exchange, String sink, @Nullable RouteText key) {
    String base = exchange.getVariable("idempotencyKey", String.class);
    if (base == null || base.isBlank()) {
      throw new EffectException(
          sink
              + ": the exchange has no variable idempotencyKey; a delivery always has one, so call"
              + " the kamelet from a route that starts with event:…");
    }
    String given = key == null ? "" : key.in(exchange);
    String call = given.isBlank() ? count(exchange, sink) : "." + given;
    return safe(base + call);
  }

  private static String count(Exchange exchange, String sink) {
    String property = "PayhookCalls-" + sink;
    Integer before = exchange.getProperty(property, 0, Integer.class);
    exchange.setProperty(property, before + 1);
    Integer split = exchange.getProperty(Exchange.SPLIT_INDEX, Integer.class);
    return (split == null ? "" : ".s" + split) + (before == 0 ? "" : "." + (before + 1));
  }

  /** Only characters that are allowed in a Message-ID and in any HTTP header. */
  private static String safe(String key) {
    StringBuilder safe = new StringBuilder(key.length());
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      boolean kept =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '-'
              || c == '_'
              || c == '.';
      safe.append(kept ? c : '-');
    }
    return safe.toString();
  }
}

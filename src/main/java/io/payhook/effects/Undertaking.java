package io.payhook.effects;

import io.payhook.delivery.Remarks;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.jspecify.annotations.Nullable;

/**
 * An effect in progress inside a kamelet: the route's message, set aside while a message of the
 * effect's own goes to the database, the mail server or the CRM. Begun by a sink, read by {@code
 * payhookEffectResult} if the call succeeded, always ended by {@code payhookEffectEnd}. So no
 * header of any origin gets outside, and none from outside gets to the route.
 */
public final class Undertaking {
  private static final String PROPERTY = "PayhookUndertaking";

  private record Kept(
      @Nullable Object body,
      Map<String, Object> headers,
      Consumer<Exchange> result,
      @Nullable Object plan) {}

  private Undertaking() {}

  /**
   * Replaces the message by the effect's own.
   *
   * @param newHeaders its only headers
   * @param plan what later steps of the effect need to know
   * @param result receives what came back and sets the variables for the route
   */
  public static void begin(
      Exchange exchange,
      @Nullable Object newBody,
      Map<String, Object> newHeaders,
      @Nullable Object plan,
      Consumer<Exchange> result) {
    Message message = exchange.getMessage();
    exchange.setProperty(PROPERTY, new Kept(message.getBody(), message.getHeaders(), result, plan));
    message.setHeaders(newHeaders);
    message.setBody(newBody);
  }

  public static <T> T plan(Exchange exchange, Class<T> type) {
    return Objects.requireNonNull(type.cast(exchange.getProperty(PROPERTY, Kept.class).plan));
  }

  public static void result(Exchange exchange) {
    exchange.getProperty(PROPERTY, Kept.class).result.accept(exchange);
    Remarks.done(exchange);
  }

  public static void end(Exchange exchange) {
    if (exchange.removeProperty(PROPERTY) instanceof Kept kept) {
      Message message = exchange.getMessage();
      message.setBody(kept.body);
      message.setHeaders(kept.headers);
    }
  }
}

package io.payhook.intake;

import io.payhook.journal.Receipt;
import io.payhook.signature.VerifiedEvent;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/** What the steps of the intake route know about one request. */
final class Reception {
  private static final String PROPERTY = "payhookReception";

  final ActiveEndpoint endpoint;
  final VerifiedEvent event;

  /** The request target as sent. */
  final String target;

  @Nullable Receipt receipt;

  private Reception(ActiveEndpoint endpoint, VerifiedEvent event, String target) {
    this.target = target;
    this.endpoint = endpoint;
    this.event = event;
  }

  static void begin(
      Exchange exchange, ActiveEndpoint endpoint, VerifiedEvent event, String target) {
    exchange.setProperty(PROPERTY, new Reception(endpoint, event, target));
  }

  /** Null until the signature step has let the request through. */
  static @Nullable Reception of(Exchange exchange) {
    return exchange.getProperty(PROPERTY, Reception.class);
  }
}

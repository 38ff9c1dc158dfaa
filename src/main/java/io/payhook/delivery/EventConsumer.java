package io.payhook.delivery;

import io.payhook.journal.Claim;
import io.payhook.journal.Facts;
import io.payhook.journal.StoredEvent;
import io.payhook.kit.Json;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a route for one claim at a time, on the caller's thread. Each attempt starts with a new
 * message that is built from the journal.
 */
final class EventConsumer extends DefaultConsumer implements Work {
  private final @Nullable DeliveryEngine engine;
  private @Nullable Lane lane;

  EventConsumer(EventEndpoint endpoint, Processor processor, @Nullable DeliveryEngine engine) {
    super(endpoint, processor);
    this.engine = engine;
  }

  @Override
  public EventEndpoint getEndpoint() {
    return (EventEndpoint) super.getEndpoint();
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    if (engine == null) {
      throw new IllegalStateException(
          "this Camel context only reads route files; it has no journal to receive events from");
    }
    lane = engine.open(getRouteId(), this);
  }

  @Override
  protected void doStop() throws Exception {
    if (lane != null && engine != null) {
      engine.close(lane);
      lane = null;
    }
    super.doStop();
  }

  /** Runs the route once; returns the exception it ended with, or null. */
  @Override
  public @Nullable Exception run(Claim claim, @Nullable Object parsed) {
    Exchange exchange = createExchange(false);
    try {
      StoredEvent event = claim.event();
      exchange.getMessage().setBody(event.body());
      exchange.setVariable("endpoint", event.endpoint());
      exchange.setVariable("eventId", event.id().toString());
      exchange.setVariable("eventType", event.type());
      exchange.setVariable("eventKey", event.key());
      exchange.setVariable("receivedAt", event.receivedAt());
      Facts facts = event.facts();
      exchange.setVariable("amount", facts.amount());
      exchange.setVariable("currency", facts.currency());
      exchange.setVariable("entity", facts.entity());
      exchange.setVariable("occurredAt", facts.occurredAt());
      exchange.setVariable("origin", facts.origin());
      exchange.setVariable("attempt", claim.attempt());
      exchange.setVariable("idempotencyKey", claim.idempotencyKey());
      if (parsed != null) {
        exchange.setVariable("event", parsed);
      }
      if (event.confirmation() != null) {
        exchange.setVariable(
            "confirmation", Json.MAPPER.readValue(event.confirmation(), Object.class));
      }
      Remarks.begin(exchange);
      createUoW(exchange);
      try {
        getProcessor().process(exchange);
      } finally {
        doneUoW(exchange);
      }
      if (exchange.getException() != null) {
        return exchange.getException();
      }
      return Remarks.ended(exchange);
    } catch (Exception e) {
      return e;
    } finally {
      releaseExchange(exchange, false);
    }
  }
}

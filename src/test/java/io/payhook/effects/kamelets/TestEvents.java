package io.payhook.effects.kamelets;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;

/** Stands where {@code event:} will: gives an exchange to one subscribed route, and that is all. */
final class TestEvents extends DefaultComponent {
  private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();

  /** Runs one route with an exchange that a test has prepared. */
  Exchange run(String route, java.util.function.Consumer<Exchange> prepare) {
    Subscription subscription = subscriptions.get(route);
    if (subscription == null) {
      throw new AssertionError("no route " + route + " among " + subscriptions.keySet());
    }
    Exchange exchange = subscription.createExchange(false);
    prepare.accept(exchange);
    try {
      subscription.getProcessor().process(exchange);
    } catch (Exception e) {
      exchange.setException(e);
    }
    return exchange;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    parameters.clear();
    return new Subscribed(uri);
  }

  private final class Subscribed extends DefaultEndpoint implements MultipleConsumersSupport {
    Subscribed(String uri) {
      super(uri, TestEvents.this);
    }

    @Override
    public boolean isMultipleConsumersSupported() {
      return true;
    }

    @Override
    public Producer createProducer() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Consumer createConsumer(Processor processor) {
      return new Subscription(this, processor);
    }
  }

  private final class Subscription extends DefaultConsumer {
    Subscription(Endpoint endpoint, Processor processor) {
      super(endpoint, processor);
    }

    @Override
    protected void doStart() throws Exception {
      super.doStart();
      subscriptions.put(getRouteId(), this);
    }
  }
}

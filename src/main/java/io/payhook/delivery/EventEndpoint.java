package io.payhook.delivery;

import java.time.Duration;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * Receives the events of an endpoint from the journal, each as a durable delivery with its own
 * retries.
 */
@UriEndpoint(
    firstVersion = "0.1.0",
    scheme = "event",
    title = "Event",
    syntax = "event:endpoint/type",
    consumerOnly = true,
    category = Category.MESSAGING)
public final class EventEndpoint extends DefaultEndpoint implements MultipleConsumersSupport {
  private final @Nullable DeliveryEngine engine;

  @UriPath(
      description = "Name of the endpoint that received the event; an asterisk matches any text")
  @Metadata(required = true)
  private String endpoint;

  @UriPath(
      description =
          "Event type; an asterisk matches any text, for example at the end of 'payment.'")
  @Metadata(required = true)
  private String type;

  @UriParam(
      description =
          "Commits the route's database updates and the completion of its delivery in one transaction",
      defaultValue = "false")
  private boolean transacted;

  @UriParam(
      description =
          "Maximum number of attempts before the delivery is dead; 0 means payhook.delivery.max-attempts",
      defaultValue = "0")
  private int maxAttempts;

  @UriParam(
      description =
          "Wait before the second attempt, doubled for each further one, such as 1s; empty means payhook.delivery.backoff")
  private @Nullable Duration backoff;

  @UriParam(
      description = "Timeout of an attempt, such as 30s; empty means payhook.delivery.timeout")
  private @Nullable Duration timeout;

  @UriParam(
      description =
          "Maximum number of deliveries that run at once on one node; 0 means payhook.delivery.concurrency",
      defaultValue = "0")
  private int concurrency;

  @UriParam(
      description =
          "Hands the events of one entity to the route one at a time, in the order received",
      defaultValue = "false")
  private boolean ordered;

  EventEndpoint(
      String uri,
      EventComponent component,
      @Nullable DeliveryEngine engine,
      String endpoint,
      String type) {
    super(uri, component);
    this.engine = engine;
    this.endpoint = endpoint;
    this.type = type;
  }

  @Override
  public Consumer createConsumer(Processor processor) throws Exception {
    EventConsumer consumer = new EventConsumer(this, processor, engine);
    configureConsumer(consumer);
    return consumer;
  }

  @Override
  public Producer createProducer() {
    throw new UnsupportedOperationException(
        "event: only starts a route (from); an event comes into the journal through a webhook or 'payhook replay'");
  }

  /** Each route is a subscription of its own, even if two want the same events. */
  @Override
  public boolean isMultipleConsumersSupported() {
    return true;
  }

  /** How this route's deliveries run: its own options, and the defaults for the rest. */
  DeliveryOptions options(DeliveryOptions defaults) {
    return new DeliveryOptions(
        maxAttempts > 0 ? maxAttempts : defaults.maxAttempts(),
        backoff != null ? backoff : defaults.backoff(),
        defaults.backoffMax(),
        timeout != null ? timeout : defaults.timeout(),
        concurrency > 0 ? concurrency : defaults.concurrency(),
        defaults.lease(),
        defaults.poll());
  }

  public String getEndpoint() {
    return endpoint;
  }

  public void setEndpoint(String endpoint) {
    this.endpoint = endpoint;
  }

  public String getType() {
    return type;
  }

  public void setType(String type) {
    this.type = type;
  }

  public boolean isTransacted() {
    return transacted;
  }

  public void setTransacted(boolean transacted) {
    this.transacted = transacted;
  }

  public int getMaxAttempts() {
    return maxAttempts;
  }

  public void setMaxAttempts(int maxAttempts) {
    this.maxAttempts = maxAttempts;
  }

  public @Nullable Duration getBackoff() {
    return backoff;
  }

  public void setBackoff(Duration backoff) {
    this.backoff = backoff;
  }

  public @Nullable Duration getTimeout() {
    return timeout;
  }

  public void setTimeout(Duration timeout) {
    this.timeout = timeout;
  }

  public int getConcurrency() {
    return concurrency;
  }

  public void setConcurrency(int concurrency) {
    this.concurrency = concurrency;
  }

  public boolean isOrdered() {
    return ordered;
  }

  public void setOrdered(boolean ordered) {
    this.ordered = ordered;
  }
}

package io.payhook.delivery;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;
import org.jspecify.annotations.Nullable;

/**
 * {@code event:<endpoint>/<type>}: a route that starts from it is a durable subscription, named by
 * its route id. In endpoint and type, {@code *} matches any text.
 */
@Component("event")
public final class EventComponent extends DefaultComponent {
  private final @Nullable DeliveryEngine engine;

  /**
   * For tools that only read route files: this component creates endpoints but cannot start a
   * route.
   */
  public EventComponent() {
    this.engine = null;
  }

  public EventComponent(DeliveryEngine engine) {
    this.engine = engine;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    int slash = remaining.indexOf('/');
    if (slash <= 0 || slash == remaining.length() - 1) {
      throw new IllegalArgumentException(
          "'event:"
              + remaining
              + "' names no endpoint and type; right would be event:<endpoint>/<type>, such as event:payments/payment.success");
    }
    EventEndpoint endpoint =
        new EventEndpoint(
            uri, this, engine, remaining.substring(0, slash), remaining.substring(slash + 1));
    setProperties(endpoint, parameters);
    return endpoint;
  }
}

package io.payhook.tools.routetest;

import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.processor.DelegateAsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * The step that runs.
 *
 * @param step its id
 * @param route the route it stands in; null within a kamelet, which many routes call
 */
record Place(String step, @Nullable String route) {
  private static final String PROPERTY = "PayhookTestPlace";
  private static final ThreadLocal<@Nullable Place> CURRENT = new ThreadLocal<>();

  /** Where this thread is, if it is in a step. */
  static @Nullable Place current() {
    return CURRENT.get();
  }

  /** Where an exchange is, also on a thread of its own. */
  static @Nullable Place of(Exchange exchange) {
    return exchange.getProperty(PROPERTY, Place.class);
  }

  /** Has every step say where it is. */
  static final class Marks implements InterceptStrategy {
    @Override
    public Processor wrapProcessorInInterceptors(
        CamelContext context, NamedNode definition, Processor target, Processor nextTarget) {
      String id = definition.getId();
      return id != null && target instanceof AsyncProcessor async
          ? new Marked(async, new Place(id, route(definition)))
          : target;
    }

    private static @Nullable String route(NamedNode definition) {
      NamedNode node = definition;
      while (node.getParent() != null) {
        node = node.getParent();
      }
      return node instanceof RouteDefinition route && !Boolean.TRUE.equals(route.isKamelet())
          ? route.getRouteId()
          : null;
    }
  }

  /** The same step, of the route that has called the kamelet it stands in. */
  private Place within(@Nullable Place caller) {
    return route != null || caller == null ? this : new Place(step, caller.route);
  }

  private static final class Marked extends DelegateAsyncProcessor {
    private final Place place;

    Marked(AsyncProcessor target, Place place) {
      super(target);
      this.place = place;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
      Place outer = CURRENT.get();
      Place now = place.within(of(exchange));
      CURRENT.set(now);
      exchange.setProperty(PROPERTY, now);
      try {
        return super.process(exchange, callback);
      } finally {
        if (outer == null) {
          CURRENT.remove();
        } else {
          CURRENT.set(outer);
        }
      }
    }
  }
}

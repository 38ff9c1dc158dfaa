package io.payhook.effects;

import java.nio.file.Path;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.RoutePolicySupport;
import org.jspecify.annotations.Nullable;

/**
 * Records on the exchange which route it is in. A kamelet's steps run on a copy of the exchange
 * that only knows the kamelet's route, and routes that call a kamelet with the same parameters
 * share one: only the exchange can tell whose folder {@code sql/record-payment.sql} is relative to.
 */
public final class Callers extends RoutePolicySupport implements RoutePolicyFactory {
  private static final String PROPERTY = "PayhookCaller";

  /** A route that an exchange is in, and the one it came from by {@code direct:}. */
  private record Caller(Route route, @Nullable Caller before) {}

  @Override
  public @Nullable RoutePolicy createRoutePolicy(
      CamelContext context, String routeId, NamedNode definition) {
    return definition instanceof RouteDefinition route && Boolean.TRUE.equals(route.isKamelet())
        ? null
        : this;
  }

  @Override
  public void onExchangeBegin(Route route, Exchange exchange) {
    exchange.setProperty(PROPERTY, new Caller(route, exchange.getProperty(PROPERTY, Caller.class)));
  }

  @Override
  public void onExchangeDone(Route route, Exchange exchange) {
    Caller caller = exchange.getProperty(PROPERTY, Caller.class);
    if (caller != null && caller.route == route) {
      exchange.setProperty(PROPERTY, caller.before);
    }
  }

  /** The id of the route that called the kamelet. */
  public static String route(Exchange exchange) {
    return caller(exchange).getRouteId();
  }

  /**
   * The file at a path relative to the folder of the calling route's file.
   *
   * @throws EffectException if the route was not loaded from a file
   */
  public static Path file(Exchange exchange, String path) {
    Route route = caller(exchange);
    Resource source = route.getSourceResource();
    String location = source == null ? "" : source.getLocation();
    if (!location.startsWith("file:")) {
      throw new EffectException(
          "route %s: %s is relative to the route's file, but the route wasn't loaded from a file"
              .formatted(route.getRouteId(), path));
    }
    return Path.of(location.substring("file:".length())).resolveSibling(path).normalize();
  }

  private static Route caller(Exchange exchange) {
    Caller caller = exchange.getProperty(PROPERTY, Caller.class);
    if (caller == null) {
      throw new IllegalStateException(
          "the exchange came through no route that began after Effects.bind(…)");
    }
    return caller.route;
  }
}

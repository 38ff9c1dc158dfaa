package io.payhook.service;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.component.log.LogComponent;

/**
 * The component {@code log}, whose lines a route's author wants to read: they are logged at
 * Payhook's own level, while those of libraries are suppressed.
 */
final class RouteLog extends LogComponent {
  /** Prefix of the names of the routes' loggers. */
  static final String LOGGER = "io.payhook.route.";

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    return super.createEndpoint(uri, LOGGER + remaining, parameters);
  }
}

package io.payhook.service;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.component.log.LogComponent;

/**
 * The component {@code log}, whose lines a route's author wants to read: they come under Payhook's
 * own level, where those of libraries are left out.
 */
final class RouteLog extends LogComponent {
  /** What the loggers of routes are named below. */
  static final String LOGGER = "io.payhook.route.";

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    return super.createEndpoint(uri, LOGGER + remaining, parameters);
  }
}

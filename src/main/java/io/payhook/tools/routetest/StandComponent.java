package io.payhook.tools.routetest;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.PropertyConfigurer;
import org.apache.camel.support.DefaultComponent;

/** In place of a component that leads outside; that one isn't even made. */
final class StandComponent extends DefaultComponent {
  private final Outside outside;

  StandComponent(Outside outside) {
    this.outside = outside;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    // What they mean, only the real one knows.
    parameters.clear();
    return new StandEndpoint(uri, this, outside, "");
  }

  @Override
  public PropertyConfigurer getComponentPropertyConfigurer() {
    return (context, target, name, value, ignoreCase) -> true;
  }
}

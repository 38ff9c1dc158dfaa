package io.payhook.tools.routetest;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/** Any component that leads outside; counts how often somebody makes one. */
public final class PigeonComponent extends DefaultComponent {
  static final AtomicInteger MADE = new AtomicInteger();

  public PigeonComponent() {
    MADE.incrementAndGet();
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    throw new IllegalStateException("a pigeon flies");
  }
}

package io.payhook.intake;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The endpoints that take requests, by name. They change while requests run. */
public final class Endpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

  private final Map<String, ActiveEndpoint> byName = new ConcurrentHashMap<>();

  public void put(ActiveEndpoint endpoint) {
    byName.put(endpoint.name(), endpoint);
    if (endpoint.provider().isUnsigned()) {
      LOG.warn(
          "Endpoint {} checks no signature (provider {}): anybody who knows its URL can send it events. Give it a provider that"
              + " signs, or keep strangers away from it.",
          endpoint.name(),
          endpoint.provider().name());
    }
  }

  public void remove(String name) {
    byName.remove(name);
  }

  public @Nullable ActiveEndpoint get(String name) {
    return byName.get(name);
  }

  public Map<String, ActiveEndpoint> all() {
    return new TreeMap<>(byName);
  }
}

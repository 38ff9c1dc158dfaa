package io.payhook.intake;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The endpoints that take requests, by name. They change while requests run. */
public final class Endpoints {
  private final Map<String, ActiveEndpoint> byName = new ConcurrentHashMap<>();

  public void put(ActiveEndpoint endpoint) {
    byName.put(endpoint.name(), endpoint);
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

package io.payhook.intake;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The endpoints that take requests, by name. They change while requests run. */
public final class Endpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

  private volatile Consumer<String> listener = name -> {};
  private final Map<String, ActiveEndpoint> byName = new ConcurrentHashMap<>();

  public void put(ActiveEndpoint endpoint) {
    byName.put(endpoint.name(), endpoint);
    listener.accept(endpoint.name());
    boolean open =
        endpoint.providers().stream()
            .anyMatch(provider -> provider.isUnsigned() && provider.confirmation().isEmpty());
    if (open) {
      LOG.warn(
          "Endpoint {} checks no signature (provider {}): anybody who knows its URL can send it events. Give it a provider that"
              + " signs, or keep strangers away from it.",
          endpoint.name(),
          endpoint.providerNames());
    }
  }

  /**
   * Sets who is told of changes.
   *
   * @param changed told the name of every endpoint that comes, changes or goes, on the thread that
   *     changes it
   */
  public void onChange(Consumer<String> changed) {
    listener = changed;
  }

  public void remove(String name) {
    byName.remove(name);
    listener.accept(name);
  }

  public @Nullable ActiveEndpoint get(String name) {
    return byName.get(name);
  }

  public Map<String, ActiveEndpoint> all() {
    return new TreeMap<>(byName);
  }
}

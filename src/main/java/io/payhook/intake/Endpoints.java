package io.payhook.intake;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The endpoints that take requests, by name. They change while requests run. */
public final class Endpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

  /**
   * How long a name that is gone counts as one that comes back: platforms give up on a 404 for
   * good, and a deploy that replaces its files is done by then.
   */
  private static final Duration REPLACED = Duration.ofMinutes(1);

  private volatile Consumer<String> listener = name -> {};
  private final Map<String, ActiveEndpoint> byName = new ConcurrentHashMap<>();
  private final Map<String, Long> gone = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;

  public Endpoints() {
    this(System::nanoTime);
  }

  Endpoints(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  public void put(ActiveEndpoint endpoint) {
    byName.put(endpoint.name(), endpoint);
    gone.remove(endpoint.name());
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
    gone.put(name, nanoTime.getAsLong());
    byName.remove(name);
    listener.accept(name);
  }

  public @Nullable ActiveEndpoint get(String name) {
    return byName.get(name);
  }

  /** What a request for a name that is not there is answered: it may be there again in a moment. */
  Answer missing(@Nullable String name) {
    Long since = name == null ? null : gone.get(name);
    return since != null && nanoTime.getAsLong() - since < REPLACED.toNanos()
        ? Answer.REPLACED
        : Answer.NOT_FOUND;
  }

  public Map<String, ActiveEndpoint> all() {
    return new TreeMap<>(byName);
  }
}

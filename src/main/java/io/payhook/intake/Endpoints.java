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

/** The active endpoints, by name. They change while requests are running. */
public final class Endpoints {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

  /**
   * How long a removed name is expected to return: platforms give up for good on a 404, and a
   * deployment that replaces its files is done by then.
   */
  private static final Duration REPLACED = Duration.ofMinutes(1);

  private final boolean addressKnown;
  private volatile Consumer<String> listener = name -> {};
  private final Map<String, ActiveEndpoint> byName = new ConcurrentHashMap<>();
  private final Map<String, Long> gone = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;

  Endpoints(LongSupplier nanoTime) {
    this(true, nanoTime);
  }

  private Endpoints(boolean addressKnown, LongSupplier nanoTime) {
    this.addressKnown = addressKnown;
    this.nanoTime = nanoTime;
  }

  /** For a server that knows its public address. */
  public Endpoints() {
    this(true);
  }

  /**
   * @param addressKnown whether {@code payhook.public-url} is set
   */
  public Endpoints(boolean addressKnown) {
    this(addressKnown, System::nanoTime);
  }

  private boolean trustsHostOfSender(ActiveEndpoint endpoint) {
    return endpoint.providers().stream()
        .anyMatch(provider -> provider.trustsHostOfSender(addressKnown));
  }

  public void put(ActiveEndpoint endpoint) {
    byName.put(endpoint.name(), endpoint);
    gone.remove(endpoint.name());
    listener.accept(endpoint.name());
    if (trustsHostOfSender(endpoint)) {
      LOG.warn(
          "Endpoint {}: its platform ({}) signs the URL it calls, and here only the request"
              + " itself says which that is. A request signed for another server with the same "
              + "secret passes here too; set payhook.public-url. Profile prod refuses to start "
              + "without it.",
          endpoint.name(),
          endpoint.providerNames());
    }
    boolean open =
        endpoint.providers().stream()
            .anyMatch(provider -> provider.isUnsigned() && provider.confirmation().isEmpty());
    if (open) {
      LOG.warn(
          "Endpoint {} checks no signature (provider {}): anybody who knows its URL can "
              + "send it events. Use a provider that signs, or restrict access to it.",
          endpoint.name(),
          endpoint.providerNames());
    }
  }

  /**
   * Sets the listener for changes.
   *
   * @param changed called with the name of each endpoint that is added, changed or removed, on the
   *     thread that makes the change
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

  /** The answer to a request for an unknown name. */
  Answer missing(@Nullable String name) {
    return isReplaced(name) ? Answer.REPLACED : Answer.NOT_FOUND;
  }

  /** Whether a name existed a moment ago: it may return at any moment. */
  boolean isReplaced(@Nullable String name) {
    Long since = name == null ? null : gone.get(name);
    return since != null && nanoTime.getAsLong() - since < REPLACED.toNanos();
  }

  public Map<String, ActiveEndpoint> all() {
    return new TreeMap<>(byName);
  }
}

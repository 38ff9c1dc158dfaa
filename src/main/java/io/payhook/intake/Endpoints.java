package io.payhook.intake;

import java.time.Duration;
import java.util.List;
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

  /** On a server that knows its own address. */
  public Endpoints() {
    this(true);
  }

  /**
   * @param addressKnown whether {@code payhook.public-url} is set
   */
  public Endpoints(boolean addressKnown) {
    this(addressKnown, System::nanoTime);
  }

  /** The endpoints for which the sender alone says which URL was signed. */
  public List<ActiveEndpoint> trustingHostOfSender() {
    return byName.values().stream().filter(this::trustsHostOfSender).toList();
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
          "Endpoint {}: its platform ({}) signs the URL it calls, and here only the request itself says which that is. What is signed for"
              + " another server with the same secret passes here too; set payhook.public-url. Profile prod refuses to start without.",
          endpoint.name(),
          endpoint.providerNames());
    }
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

  /** What a request for a name that is not there is answered. */
  Answer missing(@Nullable String name) {
    return isReplaced(name) ? Answer.REPLACED : Answer.NOT_FOUND;
  }

  /** Whether a name was there a moment ago: it may be there again in another. */
  boolean isReplaced(@Nullable String name) {
    Long since = name == null ? null : gone.get(name);
    return since != null && nanoTime.getAsLong() - since < REPLACED.toNanos();
  }

  public Map<String, ActiveEndpoint> all() {
    return new TreeMap<>(byName);
  }
}

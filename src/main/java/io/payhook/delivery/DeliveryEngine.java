package io.payhook.delivery;

import io.micrometer.core.instrument.MeterRegistry;
import io.payhook.delivery.Subscriptions.Target;
import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Nodes;
import io.payhook.journal.Recipient;
import io.payhook.journal.Replay;
import io.payhook.journal.StoredEvent;
import io.payhook.journal.SubscriptionTable;
import io.payhook.signature.Confirmation;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands each event to each subscribed route, as a delivery of its own: claims it, runs it, and
 * completes or retries it.
 *
 * <p>A delivery that this node has room for is claimed in the event's own commit and runs without a
 * query. All others are claimed by the {@link Claimer}.
 */
public final class DeliveryEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryEngine.class);

  /** Bytes of memory that an attempt may use per byte of its event. */
  public static final int SWELLING = Room.SWELLING;

  private final Deliveries deliveries;
  private final DeliveryOptions options;
  private final Clock clock;
  private final MeterRegistry meters;
  private final Subscriptions subscriptions;
  private final Attempts attempts;
  private final Leases leases;
  private final ExecutorService executor;
  private final Claimer claimer;
  private volatile boolean closing;

  /** The lane and the work that confirm an endpoint's events. */
  private record Asking(Lane lane, Confirming work) {}

  private final Map<String, Asking> confirming = new ConcurrentHashMap<>();
  private volatile ProviderApi providerApi;

  /**
   * @param dataSource connections for transacted deliveries
   * @param parser makes the variable {@code event}, or null if the body cannot be parsed
   */
  public DeliveryEngine(
      DataSource dataSource,
      Deliveries deliveries,
      SubscriptionTable table,
      DeliveryOptions options,
      Function<StoredEvent, @Nullable Object> parser,
      Breakers breakers,
      Clock clock,
      MeterRegistry meters) {
    this.deliveries = deliveries;
    this.options = options;
    this.providerApi = new HttpProviderApi(breakers);
    this.clock = clock;
    this.meters = meters;
    AtomicInteger number = new AtomicInteger();
    ThreadFactory threads =
        task -> {
          Thread thread = new Thread(task, "payhook-delivery-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        };
    this.executor = Executors.newCachedThreadPool(threads);
    this.subscriptions = new Subscriptions(table);
    this.attempts =
        new Attempts(dataSource, deliveries, options, parser, clock, meters, executor, this::wake);
    this.leases = new Leases(deliveries, options, attempts, subscriptions::lanes);
    this.claimer = new Claimer(deliveries, options, subscriptions, attempts);
  }

  /**
   * Limits what all attempts together may use; to be called before {@link #start}.
   *
   * @param memory bytes for everything they read, parse and write
   * @param connections of the data source, for all routes
   */
  public void limit(long memory, int connections) {
    attempts.room().limit(memory);
    attempts.connections().limit(connections);
  }

  /** Joins the nodes that share the journal; to be called before {@link #start}. */
  public void join(Nodes nodes) {
    subscriptions.join(nodes);
  }

  /**
   * Publishes this node's subscriptions and begins to claim. To be called when all routes have been
   * added.
   */
  public void start() throws SQLException {
    subscriptions.publish();
    claimer.start();
    leases.start();
  }

  Lane open(String route, EventConsumer consumer) {
    EventEndpoint endpoint = consumer.getEndpoint();
    Lane lane =
        new Lane(
            new SubscriptionTable.Row(
                route, endpoint.getEndpoint(), endpoint.getType(), endpoint.isOrdered()),
            endpoint.isTransacted(),
            endpoint.options(options),
            consumer,
            executor,
            attempts::run);
    if (!subscriptions.open(lane)) {
      throw new IllegalStateException(
          "route " + route + " is subscribed already; a subscription is named by its route id");
    }
    if (lane.transacted) {
      attempts.connections().add(route);
    }
    wake();
    return lane;
  }

  /** Ends what {@link #keepSubscriptions} began. */
  public interface Keeping extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * From now on, a route that stops keeps its subscription: its events get deliveries that wait in
   * the journal. When the result is closed, the subscriptions of routes that have not returned end.
   */
  public Keeping keepSubscriptions() {
    subscriptions.keep();
    return () -> {
      if (subscriptions.keepNoMore()) {
        wake();
      }
    };
  }

  /**
   * Ends a subscription on this node; running deliveries finish first, waiting ones are released to
   * the journal.
   */
  void close(Lane lane) throws InterruptedException {
    attempts.giveBack(lane.close());
    lane.awaitIdle(lane.options.timeout().plus(Attempts.GRACE.multipliedBy(2)));
    subscriptions.closed(lane);
    attempts.connections().remove(lane.route);
    wake();
  }

  /** Replaces the providers' own APIs by a stand-in; to be called before {@link #confirm}. */
  public void ask(ProviderApi api) {
    providerApi = api;
  }

  /**
   * Sets how events of an endpoint are confirmed with its provider before any route gets them. If
   * they no longer are, those that are waiting for confirmation keep waiting.
   *
   * @param confirmations by the preset that accepted the event; events of other presets need none
   */
  public void confirm(String endpoint, Map<String, Confirmation> confirmations)
      throws InterruptedException {
    Asking asking = confirming.get(endpoint);
    if (confirmations.isEmpty()) {
      if (asking != null) {
        confirming.remove(endpoint);
        close(asking.lane);
      }
    } else if (asking != null) {
      asking.work.change(confirmations);
    } else {
      Confirming work =
          new Confirming(
              endpoint,
              confirmations,
              providerApi,
              deliveries,
              this::wanting,
              this::announceAll,
              clock,
              meters);
      String route = Replay.CONFIRMING + endpoint;
      // A type that no event has: this lane gets only deliveries created for it.
      SubscriptionTable.Row own = new SubscriptionTable.Row(route, endpoint, "", false);
      Lane lane = new Lane(own, false, options, work, executor, attempts::run);
      if (!subscriptions.open(lane)) {
        throw new IllegalStateException(
            "route " + route + " has the name of Payhook's own question to a provider; rename it");
      }
      confirming.put(endpoint, new Asking(lane, work));
      wake();
    }
  }

  private List<Deliveries.Wanting> wanting(String endpoint, String type) {
    return subscriptions.wanting(endpoint, type).stream()
        .map(target -> new Deliveries.Wanting(target.route(), target.ordered()))
        .toList();
  }

  private void announceAll(List<Deliveries.Wanting> routes) {
    for (Deliveries.Wanting wanting : routes) {
      Lane lane = subscriptions.lane(wanting.route());
      if (lane != null) {
        lane.announce();
      }
    }
    wake();
  }

  /**
   * The routes that want an event of this type, on any node; each result is valid for one event.
   */
  public List<Recipient> recipientsOf(String endpoint, @Nullable String provider, String type) {
    List<Target> wanted = subscriptions.wanting(endpoint, type);
    Asking asking = confirming.isEmpty() ? null : confirming.get(endpoint);
    Confirmation confirmation = asking == null ? null : asking.work.confirmation(provider);
    if (asking != null && confirmation != null && confirmation.holdsBack(type)) {
      // Confirmations of one entity stay in order if any route wants its events in order.
      boolean joins = confirmation.isOnlyReasonToAsk();
      boolean ordered = joins || wanted.stream().anyMatch(Target::ordered);
      return List.of(new Place(new Target(asking.lane.route, ordered, asking.lane), true, joins));
    }
    List<Recipient> recipients = new ArrayList<>(wanted.size());
    for (Target target : wanted) {
      recipients.add(new Place(target, false, false));
    }
    return recipients;
  }

  /** A delivery that is to be inserted with its event. */
  private final class Place implements Recipient {
    private final Target target;
    private final boolean claimed;
    private final boolean confirms;
    private final boolean joins;

    /** Its stay in the room, if it can run at once. */
    private Room.@Nullable Stay stay;

    Place(Target target, boolean confirms, boolean joins) {
      this.target = target;
      this.confirms = confirms;
      this.joins = joins;
      Lane lane = target.lane();
      this.claimed =
          lane != null
              && !closing
              && subscriptions.mayClaim()
              && !(confirms && target.ordered())
              && lane.reserve();
      if (claimed && lane != null && lane.reserveRun()) {
        stay = attempts.room().tryEnter(lane.route);
        if (stay == null) {
          lane.unreserveRun();
        }
      }
    }

    @Override
    public boolean confirms() {
      return confirms;
    }

    @Override
    public boolean joins() {
      return joins;
    }

    @Override
    public String route() {
      return target.route();
    }

    @Override
    public boolean ordered() {
      return target.ordered();
    }

    @Override
    public boolean claimed() {
      return claimed;
    }

    @Override
    public @Nullable UUID begins(int size) {
      if (size > Room.SMALL) {
        giveRunBack();
      }
      return stay == null ? null : deliveries.incarnation();
    }

    private void giveRunBack() {
      Room.Stay its = stay;
      if (its != null && target.lane() != null) {
        stay = null;
        its.close();
        target.lane().unreserveRun();
      }
    }

    @Override
    public void committed(Claim claim) {
      Lane lane = target.lane();
      Room.Stay its = stay;
      if (lane == null || !claimed) {
        // The route may have been replaced since the event was matched.
        Lane now = subscriptions.lane(target.route());
        if (now != null) {
          now.announce();
          wake();
        }
      } else if (its == null ? !lane.takeReserved(claim) : !lane.begin(claim, its)) {
        attempts.release(claim);
        if (its != null) {
          its.close();
        }
      }
    }

    @Override
    public void dropped() {
      giveRunBack();
      if (claimed && target.lane() != null) {
        target.lane().unreserve();
      }
    }
  }

  private void wake() {
    claimer.wake();
  }

  /** Has deliveries that were put back to pending, as by a replay, claimed at once. */
  public void announce() {
    subscriptions.lanes().forEach(Lane::announce);
    wake();
  }

  /** Route ids subscribed on this node. */
  public Set<String> routes() {
    return subscriptions.routes();
  }

  /** Number of deliveries that are running on this node. */
  public int running() {
    return subscriptions.lanes().stream().mapToInt(Lane::runningNow).sum();
  }

  /**
   * Stops claiming, releases what has not begun, and waits for what is running. Whatever does not
   * end in time is interrupted, and released if that does not help either.
   */
  public void drain(Duration atMost) throws InterruptedException {
    Duration grace = Attempts.GRACE;
    if (grace.compareTo(atMost.dividedBy(4)) > 0) {
      grace = atMost.dividedBy(4);
    }
    stop(atMost.minus(grace), grace);
  }

  private void stop(Duration patience, Duration grace) throws InterruptedException {
    closing = true;
    claimer.close();
    Collection<Lane> lanes = subscriptions.lanes();
    lanes.forEach(lane -> attempts.giveBack(lane.close()));
    attempts.close();
    long end = System.nanoTime() + patience.toNanos();
    for (Lane lane : lanes) {
      if (!lane.awaitIdle(left(end))) {
        LOG.warn(
            "{} is still running after {}; it is interrupted, and will run again later or on another node.",
            lane.route,
            Attempts.text(patience));
        lane.held().forEach(held -> held.end(System.nanoTime()));
      }
    }
    end = System.nanoTime() + grace.toNanos();
    for (Lane lane : lanes) {
      if (!lane.awaitIdle(left(end))) {
        lane.held().forEach(held -> attempts.giveUp(lane, held));
      }
    }
    leases.close();
  }

  private static Duration left(long end) {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  @Override
  public void close() {
    try {
      stop(Duration.ZERO, Attempts.GRACE);
      executor.shutdown();
      if (!executor.awaitTermination(1, TimeUnit.SECONDS)) {
        LOG.warn("Some attempts did not end when interrupted; they end with the process.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    deliveries.close();
  }
}

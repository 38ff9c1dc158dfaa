package io.payhook.delivery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Recipient;
import io.payhook.journal.Replay;
import io.payhook.journal.Settlement;
import io.payhook.journal.StoredEvent;
import io.payhook.journal.SubscriptionTable;
import io.payhook.signature.Confirmation;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands every event to every route that subscribed to it, as a delivery of its own: claimed, run,
 * done or tried again.
 *
 * <p>A delivery that this node has room for is claimed in the event's own commit and runs without a
 * query. All others are claimed by one thread, woken by what is announced and otherwise once a poll
 * interval, one query for all routes.
 */
public final class DeliveryEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryEngine.class);

  private final DataSource dataSource;
  private final Deliveries deliveries;
  private final SubscriptionTable table;
  private final DeliveryOptions options;
  private final Function<StoredEvent, @Nullable Object> parser;
  private final Clock clock;
  private final MeterRegistry meters;

  private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

  /** Subscriptions whose routes are being replaced: no lane, but events still get deliveries. */
  private final Map<String, SubscriptionTable.Row> kept = new ConcurrentHashMap<>();

  /** Held where a route goes from the lanes to the kept or back, and where both are read. */
  private final Object moving = new Object();

  private final AtomicInteger keeping = new AtomicInteger();
  private volatile List<SubscriptionTable.Row> elsewhere = List.of();
  private final Map<String, List<Target>> targets = new ConcurrentHashMap<>();
  private final ExecutorService executor;
  private final Thread claimer;
  private final Thread keeper;
  private volatile boolean announced;
  private volatile boolean closing;
  private volatile boolean subscriptionsChanged;
  private boolean claimFailing;
  private boolean keepFailing;

  /** A route that wants an event; the lane is null when only another node runs it. */
  private record Target(String route, boolean ordered, @Nullable Lane lane) {}

  /** What has an endpoint's events confirmed. */
  private record Asking(Lane lane, Confirming work) {}

  private final Map<String, Asking> confirming = new ConcurrentHashMap<>();
  private volatile ProviderApi providerApi;

  /**
   * @param dataSource connections for transacted deliveries
   * @param parser what routes see as variable {@code event}, or null if the body is nothing that
   *     can be parsed
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
    this.dataSource = dataSource;
    this.deliveries = deliveries;
    this.table = table;
    this.options = options;
    this.parser = parser;
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
    this.claimer = new Thread(this::claimLoop, "payhook-claimer");
    this.keeper = new Thread(this::keepLoop, "payhook-leases");
    claimer.setDaemon(true);
    keeper.setDaemon(true);
  }

  /** Publishes this node's subscriptions and begins to claim. Called when all routes are there. */
  public void start() throws SQLException {
    publishSubscriptions();
    claimer.start();
    keeper.start();
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
            this::attempt);
    synchronized (moving) {
      if (lanes.putIfAbsent(route, lane) != null) {
        throw new IllegalStateException(
            "route " + route + " is subscribed already; a subscription is named by its route id");
      }
      kept.remove(route);
    }
    changed();
    return lane;
  }

  /** Ends what {@link #keepSubscriptions} began. */
  public interface Keeping extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * From now on a route that stops keeps its subscription: its events get deliveries that wait in
   * the journal. When this is closed, the subscriptions of routes that have not come back end.
   */
  public Keeping keepSubscriptions() {
    keeping.incrementAndGet();
    return () -> {
      if (keeping.decrementAndGet() == 0 && !kept.isEmpty()) {
        synchronized (moving) {
          kept.clear();
        }
        changed();
        try {
          // At once: the next event must not go to a route that has just gone for good.
          publishSubscriptions();
        } catch (SQLException e) {
          LOG.debug("subscriptions are published with the next poll", e);
        }
      }
    };
  }

  /**
   * Ends a subscription on this node; what runs finishes first, what waits goes back to the
   * journal.
   */
  void close(Lane lane) throws InterruptedException {
    giveBack(lane.close());
    lane.awaitIdle(lane.options.timeout());
    synchronized (moving) {
      if (keeping.get() > 0) {
        kept.put(lane.route, lane.subscription);
      }
      lanes.remove(lane.route, lane);
    }
    changed();
  }

  /** Has a stand-in asked in place of the providers' own APIs; before {@link #confirm}. */
  public void ask(ProviderApi api) {
    providerApi = api;
  }

  /**
   * From now on events of an endpoint have to be confirmed with its provider before any route gets
   * them, or have not: then those that still wait for it go on waiting.
   *
   * @param confirmations by the preset that took the event; those of other presets have not
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
      // A type that no event has: this lane gets only what is made for it.
      SubscriptionTable.Row own = new SubscriptionTable.Row(route, endpoint, "", false);
      Lane lane = new Lane(own, false, options, work, executor, this::attempt);
      if (lanes.putIfAbsent(route, lane) != null) {
        throw new IllegalStateException(
            "route " + route + " has the name of Payhook's own question to a provider; rename it");
      }
      confirming.put(endpoint, new Asking(lane, work));
      changed();
    }
  }

  private List<Deliveries.Wanting> wanting(String endpoint, String type) {
    return match(endpoint, type).stream()
        .map(target -> new Deliveries.Wanting(target.route, target.ordered))
        .toList();
  }

  private void announceAll(List<Deliveries.Wanting> routes) {
    for (Deliveries.Wanting wanting : routes) {
      Lane lane = lanes.get(wanting.route());
      if (lane != null) {
        lane.announce();
      }
    }
    wake();
  }

  private void changed() {
    targets.clear();
    subscriptionsChanged = true;
    wake();
  }

  /** The routes that want an event of this type, on any node; each result is good for one event. */
  public List<Recipient> recipientsOf(String endpoint, @Nullable String provider, String type) {
    List<Target> wanted =
        targets.computeIfAbsent(endpoint + '/' + type, key -> match(endpoint, type));
    Asking asking = confirming.isEmpty() ? null : confirming.get(endpoint);
    Confirmation confirmation = asking == null ? null : asking.work.confirmation(provider);
    if (asking != null && confirmation != null && confirmation.holdsBack(type)) {
      // Questions about one entity keep their order where a route wants its events in order.
      boolean ordered = wanted.stream().anyMatch(target -> target.ordered);
      return List.of(new Place(new Target(asking.lane.route, ordered, asking.lane), true));
    }
    List<Recipient> recipients = new ArrayList<>(wanted.size());
    for (Target target : wanted) {
      recipients.add(new Place(target, false));
    }
    return recipients;
  }

  private List<Target> match(String endpoint, String type) {
    List<SubscriptionTable.Row> rows = new ArrayList<>(subscriptions());
    rows.addAll(elsewhere);
    Map<String, Target> matched = new LinkedHashMap<>();
    for (SubscriptionTable.Row row : rows) {
      if (Pattern.matches(row.endpoint(), endpoint) && Pattern.matches(row.type(), type)) {
        matched.putIfAbsent(
            row.route(), new Target(row.route(), row.ordered(), lanes.get(row.route())));
      }
    }
    if (targets.size() > 10_000) {
      targets.clear();
    }
    return List.copyOf(matched.values());
  }

  /** This node's, with those of routes that are just being replaced. */
  private Collection<SubscriptionTable.Row> subscriptions() {
    synchronized (moving) {
      Map<String, SubscriptionTable.Row> rows = new LinkedHashMap<>(kept);
      lanes.values().forEach(lane -> rows.put(lane.route, lane.subscription));
      return rows.values();
    }
  }

  /** One delivery to be written with its event. */
  private final class Place implements Recipient {
    private final Target target;
    private final boolean claimed;
    private final boolean confirms;

    Place(Target target, boolean confirms) {
      this.target = target;
      this.confirms = confirms;
      this.claimed =
          target.lane != null && !closing && !(confirms && target.ordered) && target.lane.reserve();
    }

    @Override
    public boolean confirms() {
      return confirms;
    }

    @Override
    public String route() {
      return target.route;
    }

    @Override
    public boolean ordered() {
      return target.ordered;
    }

    @Override
    public boolean claimed() {
      return claimed;
    }

    @Override
    public void committed(Claim claim) {
      Lane lane = target.lane;
      if (lane == null || !claimed) {
        // The route may have been replaced since the event was matched.
        Lane now = lanes.get(target.route);
        if (now != null) {
          now.announce();
          wake();
        }
      } else if (!lane.takeReserved(claim)) {
        deliveries.settle(Settlement.release(claim, clock.instant(), Duration.ZERO));
      }
    }

    @Override
    public void dropped() {
      if (claimed && target.lane != null) {
        target.lane.unreserve();
      }
    }
  }

  private void wake() {
    announced = true;
    LockSupport.unpark(claimer);
  }

  /** What was put back to pending from outside, as by a replay, is looked for at once. */
  public void announce() {
    lanes.values().forEach(Lane::announce);
    wake();
  }

  private void claimLoop() {
    long lastPoll = System.nanoTime() - options.poll().toNanos();
    while (!closing) {
      long untilPoll = lastPoll + options.poll().toNanos() - System.nanoTime();
      if (!announced && untilPoll > 0) {
        LockSupport.parkNanos(this, untilPoll);
        continue;
      }
      announced = false;
      boolean poll = untilPoll <= 0;
      if (poll) {
        lastPoll = System.nanoTime();
        refreshSubscriptions();
      }
      claimFor(
          poll ? lanes.values() : lanes.values().stream().filter(Lane::expectsMore).toList(), poll);
    }
  }

  private void claimFor(Collection<Lane> asking, boolean all) {
    long now = System.nanoTime();
    List<Deliveries.Vacancy> vacancies = new ArrayList<>();
    Map<String, Integer> got = new LinkedHashMap<>();
    for (Lane lane : asking) {
      int places = lane.vacancy(now);
      if (places > 0) {
        vacancies.add(new Deliveries.Vacancy(lane.route, places, lane.ordered));
        got.put(lane.route, 0);
      }
    }
    if (vacancies.isEmpty()) {
      return;
    }
    try {
      for (Claim claim : deliveries.claim(vacancies, all)) {
        got.merge(claim.route(), 1, Integer::sum);
        Lane lane = lanes.get(claim.route());
        if (lane == null || !lane.take(claim)) {
          deliveries.settle(Settlement.release(claim, clock.instant(), Duration.ZERO));
        }
      }
      claimFailing = false;
    } catch (SQLException | RuntimeException e) {
      if (!claimFailing && !closing) {
        LOG.warn(
            "Deliveries can't be claimed now: {}. It is tried again every {}.",
            e.getMessage(),
            options.poll());
      }
      claimFailing = true;
      return;
    }
    for (Deliveries.Vacancy vacancy : vacancies) {
      Lane lane = lanes.get(vacancy.route());
      if (lane != null) {
        lane.claimed(vacancy.places(), got.getOrDefault(vacancy.route(), 0));
      }
    }
  }

  private void refreshSubscriptions() {
    try {
      if (subscriptionsChanged) {
        publishSubscriptions();
        return;
      }
      List<SubscriptionTable.Row> rows = table.elsewhere();
      if (!rows.equals(elsewhere)) {
        elsewhere = rows;
        targets.clear();
      }
    } catch (SQLException e) {
      LOG.debug("subscriptions can't be read now", e);
    }
  }

  private synchronized void publishSubscriptions() throws SQLException {
    subscriptionsChanged = false;
    try {
      table.replace(List.copyOf(subscriptions()));
      elsewhere = table.elsewhere();
      targets.clear();
    } catch (SQLException e) {
      subscriptionsChanged = true;
      throw e;
    }
  }

  /** Renews the leases of what is held for long, and interrupts what runs for too long. */
  private void keepLoop() {
    while (!closing) {
      LockSupport.parkNanos(
          this, Math.min(TimeUnit.SECONDS.toNanos(1), options.lease().toNanos() / 6));
      long now = System.nanoTime();
      List<Lane.Held> renew = new ArrayList<>();
      for (Lane lane : lanes.values()) {
        for (Lane.Held held : lane.held()) {
          Thread thread = held.thread;
          if (thread != null
              && !held.interrupted
              && now - held.startedAt > lane.options.timeout().toNanos()) {
            held.interrupted = true;
            thread.interrupt();
          } else if (!held.interrupted && now - held.leasedAt > options.lease().toNanos() / 3) {
            renew.add(held);
          }
        }
      }
      if (!renew.isEmpty()) {
        renew(renew);
      }
    }
  }

  private void renew(List<Lane.Held> held) {
    try {
      long now = System.nanoTime();
      Set<Claim> renewed = deliveries.renew(held.stream().map(item -> item.claim).toList());
      for (Lane.Held item : held) {
        if (renewed.contains(item.claim)) {
          item.leasedAt = now;
        } else {
          item.lost = true;
        }
      }
      keepFailing = false;
    } catch (SQLException | RuntimeException e) {
      if (!keepFailing && !closing) {
        LOG.warn("Leases can't be renewed now: {}", e.getMessage());
      }
      keepFailing = true;
    }
  }

  private void attempt(Lane lane, Lane.Held held) {
    Claim claim = held.claim;
    Instant startedAt = clock.instant();
    long start = System.nanoTime();
    Exception thrown;
    boolean settled = false;
    try {
      Object parsed = parser.apply(claim.event());
      if (lane.transacted) {
        thrown = transacted(lane, claim, parsed, startedAt, start);
        settled = thrown == null;
      } else {
        thrown = lane.consumer.run(claim, parsed);
        settled = lane.consumer.settles();
      }
    } catch (RuntimeException e) {
      thrown = e;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    String ended = "done";
    if (thrown instanceof Remarks.Ended remarks) {
      LOG.info("{} of event {}: {}.", lane.route, claim.event().id(), remarks.getMessage());
      Settlement.Outcome outcome =
          remarks.skipped() ? Settlement.Outcome.SKIPPED : Settlement.Outcome.DONE;
      deliveries.settle(
          new Settlement(
              claim, outcome, startedAt, took, Duration.ZERO, null, remarks.getMessage()));
      ended = remarks.skipped() ? "skipped" : "done";
      settled = true;
      thrown = null;
    }
    if (thrown == null) {
      if (!settled) {
        deliveries.settle(Settlement.done(claim, startedAt, took));
      }
      if (lane.pausing()) {
        LOG.info("{} goes on: its target answers again.", lane.route);
        lane.resume();
      }
      count(lane.route, ended, took);
      Timer.builder("payhook.delivery.time.to.done")
          .description("From the event's commit to the end of a delivery")
          .tag("route", lane.route)
          .register(meters)
          .record(Duration.between(claim.event().receivedAt(), clock.instant()).abs());
    } else {
      failed(lane, held, thrown, startedAt, took);
    }
    if (lane.expectsMore()) {
      wake();
    }
  }

  /** The effect and the completion in one commit; what it returns was rolled back. */
  private @Nullable Exception transacted(
      Lane lane, Claim claim, @Nullable Object parsed, Instant startedAt, long start) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      Exception thrown;
      DeliveryConnections.bind(dataSource, connection);
      try {
        thrown = lane.consumer.run(claim, parsed);
      } finally {
        DeliveryConnections.unbind();
      }
      if (thrown instanceof Remarks.Ended remarks && !remarks.skipped()) {
        // Done in this very transaction, which keeps no text.
        LOG.info("{} of event {}: {}.", lane.route, claim.event().id(), remarks.getMessage());
        thrown = null;
      }
      try {
        if (thrown == null) {
          Duration took = Duration.ofNanos(System.nanoTime() - start);
          if (deliveries.completeIn(connection, Settlement.done(claim, startedAt, took))) {
            connection.commit();
            return null;
          }
          thrown = new LeaseLostException();
        }
        connection.rollback();
        return thrown;
      } catch (SQLException e) {
        // Commit or rollback failed: if the commit did happen, the claim is settled and the retry
        // below finds nothing to change.
        return thrown == null ? e : thrown;
      } finally {
        restoreAutoCommit(connection);
      }
    } catch (SQLException e) {
      return e;
    }
  }

  private static void restoreAutoCommit(Connection connection) {
    try {
      if (!connection.isClosed()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      LOG.debug("the connection goes back to the pool broken; the pool replaces it", e);
    }
  }

  static final class LeaseLostException extends Exception {
    private static final long serialVersionUID = 1;

    LeaseLostException() {
      super("the lease ended before the delivery was done; its database updates are rolled back");
    }
  }

  private void failed(
      Lane lane, Lane.Held held, Exception thrown, Instant startedAt, Duration took) {
    Claim claim = held.claim;
    if (thrown instanceof LeaseLostException) {
      LOG.info("{} of event {}: {}.", lane.route, claim.event().id(), thrown.getMessage());
      return;
    }
    TargetUnavailableException unavailable = find(thrown, TargetUnavailableException.class);
    if (unavailable != null) {
      if (!lane.pausing()) {
        LOG.info(
            "{} waits as a whole: {}. Its deliveries stay in the journal; one goes to see in {}.",
            lane.route,
            unavailable.getMessage(),
            text(unavailable.retryAfter()));
      }
      deliveries.settle(Settlement.release(claim, startedAt, Duration.ZERO));
      giveBack(lane.pause(unavailable.retryAfter()));
      count(lane.route, "postponed", took);
      return;
    }
    Failure failure =
        held.interrupted
            ? new Failure(
                true,
                Duration.ZERO,
                "took longer than its timeout of " + text(lane.options.timeout()))
            : Failure.of(thrown, clock.instant());
    if (closing && held.interrupted) {
      deliveries.settle(Settlement.release(claim, startedAt, Duration.ZERO));
      return;
    }
    boolean dead = !failure.retryable() || claim.tries() >= lane.options.maxAttempts();
    Duration again = dead ? Duration.ZERO : backoff(lane, claim.tries(), failure.least());
    if (dead) {
      LOG.error(
          "DEAD: {} of event {} ({} {}) failed for good at attempt {}: {}. It stays in the journal; when the cause is mended:"
              + " payhook replay {} --route {}",
          lane.route,
          claim.event().id(),
          claim.event().endpoint(),
          claim.event().type(),
          claim.attempt(),
          failure.text(),
          claim.event().id(),
          lane.route);
    } else {
      LOG.warn(
          "DELIVERY_FAILED: {} of event {} ({} {}), attempt {} of {}: {}. It is tried again in {}.",
          lane.route,
          claim.event().id(),
          claim.event().endpoint(),
          claim.event().type(),
          claim.tries(),
          lane.options.maxAttempts(),
          failure.text(),
          text(again));
    }
    LOG.debug("what the route threw", thrown);
    deliveries.settle(
        new Settlement(
            claim,
            dead ? Settlement.Outcome.DEAD : Settlement.Outcome.RETRY,
            startedAt,
            took,
            again,
            dead ? "DEAD" : "DELIVERY_FAILED",
            failure.text()));
    count(lane.route, dead ? "dead" : "failed", took);
  }

  /**
   * Exponential, with jitter: between half and the whole of backoff × 2^(tries − 1), never less
   * than the target asked for.
   */
  private Duration backoff(Lane lane, int tries, Duration asked) {
    double ceiling =
        Math.min(
            (double) options.backoffMax().toMillis(),
            (double) lane.options.backoff().toMillis() * Math.pow(2, Math.min(tries - 1, 40)));
    long wait = (long) (ceiling * (0.5 + ThreadLocalRandom.current().nextDouble() / 2));
    return Duration.ofMillis(Math.max(wait, asked.toMillis()));
  }

  private void giveBack(List<Lane.Held> items) {
    Instant now = clock.instant();
    items.forEach(item -> deliveries.settle(Settlement.release(item.claim, now, Duration.ZERO)));
  }

  private void count(String route, String outcome, Duration took) {
    Counter.builder("payhook.delivery.attempts")
        .description("Attempts by route and outcome")
        .tag("route", route)
        .tag("outcome", outcome)
        .register(meters)
        .increment();
    Timer.builder("payhook.delivery.attempt.time")
        .description("Time an attempt took")
        .tag("route", route)
        .register(meters)
        .record(took);
  }

  private static <T extends Throwable> @Nullable T find(Throwable thrown, Class<T> type) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
    }
    return null;
  }

  private static String text(Duration duration) {
    return duration.toMillis() < 10_000 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
  }

  /** Route ids subscribed on this node. */
  public Set<String> routes() {
    return Set.copyOf(lanes.keySet());
  }

  /** Deliveries that run on this node now. */
  public int running() {
    return lanes.values().stream().mapToInt(Lane::runningNow).sum();
  }

  /** Stops claiming, gives back what has not begun, and waits for what runs. */
  public void drain(Duration atMost) throws InterruptedException {
    closing = true;
    LockSupport.unpark(claimer);
    LockSupport.unpark(keeper);
    lanes.values().forEach(lane -> giveBack(lane.close()));
    long end = System.nanoTime() + atMost.toNanos();
    for (Lane lane : lanes.values()) {
      Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
      if (!lane.awaitIdle(left)) {
        LOG.warn(
            "{} still runs after {}; it is interrupted and runs again when its lease ends.",
            lane.route,
            text(atMost));
        lane.held().forEach(DeliveryEngine::interrupt);
      }
    }
  }

  private static void interrupt(Lane.Held held) {
    Thread thread = held.thread;
    if (thread != null) {
      held.interrupted = true;
      thread.interrupt();
    }
  }

  @Override
  public void close() {
    try {
      drain(Duration.ZERO);
      executor.shutdown();
      if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("Some deliveries did not end when told to; they run again when their leases end.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    deliveries.close();
  }
}

package io.payhook.delivery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Settlement;
import io.payhook.journal.StoredEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs attempts, each on its lane's thread, and decides what becomes of their deliveries.
 *
 * <p>The journal records that an attempt begins before it begins. So an attempt that ends the
 * process is counted: the next time, the delivery runs alone, and after {@link #LOST_MAX} such
 * attempts it is dead.
 */
final class Attempts {
  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  /** Maximum number of consecutive attempts without a result. */
  static final int LOST_MAX = 2;

  /** How long to wait for an attempt that was told to end. */
  static final Duration GRACE = Duration.ofSeconds(2);

  /**
   * How long a delivery that did not end at shutdown cannot be claimed: the process is about to
   * exit.
   */
  private static final Duration AFTER_STOP = Duration.ofSeconds(5);

  private final DataSource dataSource;
  private final Deliveries deliveries;
  private final DeliveryOptions options;
  private final Function<StoredEvent, @Nullable Object> parser;
  private final Clock clock;
  private final MeterRegistry meters;
  private final Executor executor;
  private final Runnable wake;
  private final Room room = new Room(Runtime.getRuntime().maxMemory() / 4);
  private final ConnectionShares connections = new ConnectionShares();
  private volatile boolean closing;

  /**
   * @param dataSource connections for transacted deliveries
   * @param executor where aborts run
   * @param wake called when a lane expects more
   */
  Attempts(
      DataSource dataSource,
      Deliveries deliveries,
      DeliveryOptions options,
      Function<StoredEvent, @Nullable Object> parser,
      Clock clock,
      MeterRegistry meters,
      Executor executor,
      Runnable wake) {
    this.dataSource = dataSource;
    this.deliveries = deliveries;
    this.options = options;
    this.parser = parser;
    this.clock = clock;
    this.meters = meters;
    this.executor = executor;
    this.wake = wake;
  }

  Room room() {
    return room;
  }

  ConnectionShares connections() {
    return connections;
  }

  /** From now on no attempt begins, and an interrupted one is released. */
  void close() {
    closing = true;
    room.close();
    connections.close();
  }

  /** Runs a claim until it is settled or released. */
  void run(Lane lane, Held held) {
    boolean shares = false;
    try {
      if (lane.transacted) {
        shares = share(lane, held);
      }
      Claim claim = lane.transacted && !shares ? null : begin(lane, held);
      if (claim != null) {
        attempt(lane, held, claim);
      }
    } catch (InterruptedException e) {
      release(held.claim);
    } catch (RuntimeException e) {
      LOG.error(
          "{} of event {} ended with an unexpected error", lane.route, held.claim.event().id(), e);
      release(held.claim);
    } finally {
      if (shares) {
        connections.giveBack(lane.route);
      }
      held.leaves();
    }
    if (lane.expectsMore()) {
      wake.run();
    }
  }

  /**
   * Waits for a connection before the attempt begins: an exhausted pool does not count as an
   * attempt.
   */
  private boolean share(Lane lane, Held held) throws InterruptedException {
    long patience = held.begun ? 0 : TimeUnit.SECONDS.toNanos(1);
    while (!connections.take(lane.route, patience)) {
      if (closing || held.begun) {
        release(held.claim);
        return false;
      }
      if (held.lost) {
        return false;
      }
    }
    return true;
  }

  /**
   * Records in the journal that the attempt begins.
   *
   * @return the claim with its event, or null if the attempt must not begin; then the delivery has
   *     been dealt with
   */
  private @Nullable Claim begin(Lane lane, Held held) throws InterruptedException {
    Claim claim = held.claim;
    if (held.lost) {
      return null;
    }
    if (held.begun) {
      if (System.nanoTime() - held.leasedAt < options.lease().toNanos()) {
        return claim;
      }
      release(claim);
      return null;
    }
    if (claim.lost() > 0 && !tellsOfLoss(lane, claim)) {
      return null;
    }
    Room.Stay stay = room.enter(lane.route, claim.size(), claim.lost() > 0);
    if (stay == null) {
      release(claim);
      return null;
    }
    held.enters(stay);
    if (held.lost) {
      return null;
    }
    try {
      // Checks the lease once more, by the clock of those who might take it over.
      Claim begun = deliveries.begin(claim);
      if (begun == null) {
        LOG.info(
            "{} of event {} does not begin: its lease ended while it waited here; it is claimed anew.",
            lane.route,
            claim.event().id());
      }
      return begun;
    } catch (SQLException e) {
      LOG.debug("{} of event {} can't begin now", lane.route, claim.event().id(), e);
      release(claim);
      return null;
    }
  }

  /** Reports the fate of the attempts before; false if there must not be another one. */
  private boolean tellsOfLoss(Lane lane, Claim claim) {
    count(lane.route, "lost", Duration.ZERO);
    boolean tooMany = claim.tries() > lane.options.maxAttempts();
    if (claim.lost() < LOST_MAX && !tooMany) {
      LOG.warn(
          "LOST: {} of event {} ({} {}), attempt {}, ended without a result: the process or its lease ended before it was done."
              + " It runs once more, alone.",
          lane.route,
          claim.event().id(),
          claim.event().endpoint(),
          claim.event().type(),
          claim.tries() - 1);
      return true;
    }
    String text =
        claim.lost() == 1
            ? "its last attempt ended without a result, the process ended with it, and there is no other (maxAttempts "
                + lane.options.maxAttempts()
                + ")"
            : "its attempts ended "
                + claim.lost()
                + " times without a result; the process ended with it";
    logDead(lane, claim, claim.attempt() - 1, text);
    deliveries.settle(Settlement.bury(claim, clock.instant(), text));
    count(lane.route, "dead", Duration.ZERO);
    return false;
  }

  private void attempt(Lane lane, Held held, Claim claim) {
    Instant startedAt = clock.instant();
    long start = System.nanoTime();
    Aborts aborts = new Aborts(start + lane.options.timeout().toNanos(), executor);
    Exception thrown;
    boolean settled = false;
    held.starts(aborts);
    aborts.begin();
    try {
      Object parsed = parser.apply(claim.event());
      if (lane.transacted) {
        thrown = transacted(lane, claim, parsed, startedAt, start);
        settled = thrown == null;
      } else {
        thrown = plain(lane, claim, parsed);
        settled = lane.consumer.settles();
      }
    } catch (RuntimeException e) {
      thrown = e;
    } catch (Error e) {
      // A StackOverflowError, for example: the delivery must not hang on it forever.
      thrown = new IllegalStateException(e.toString(), e);
    } finally {
      Aborts.end();
    }
    if (!held.ends()) {
      LOG.debug("{} of event {} ended after it was given up", lane.route, claim.event().id());
      return;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    Remarks.Ended remarks = thrown instanceof Remarks.Ended ended ? ended : null;
    if (thrown != null && remarks == null) {
      failed(lane, claim, held.overdue(), thrown, startedAt, took);
      return;
    }
    boolean skipped = remarks != null && remarks.skipped();
    if (remarks != null) {
      LOG.info("{} of event {}: {}.", lane.route, claim.event().id(), remarks.getMessage());
      deliveries.settle(
          new Settlement(
              claim,
              skipped ? Settlement.Outcome.SKIPPED : Settlement.Outcome.DONE,
              startedAt,
              took,
              Duration.ZERO,
              null,
              remarks.getMessage()));
    } else if (!settled) {
      deliveries.settle(Settlement.done(claim, startedAt, took));
    }
    if (!skipped) {
      answered(lane);
    }
    count(lane.route, skipped ? "skipped" : "done", took);
    Timer.builder("payhook.delivery.time.to.done")
        .description("From the event's commit to the end of a delivery")
        .tag("route", lane.route)
        .register(meters)
        .record(Duration.between(claim.event().receivedAt(), clock.instant()).abs());
  }

  private @Nullable Exception plain(Lane lane, Claim claim, @Nullable Object parsed) {
    DeliveryConnections.bind(dataSource, connections, lane.route, null);
    try {
      return lane.consumer.run(claim, parsed);
    } finally {
      DeliveryConnections.unbind();
    }
  }

  /**
   * Commits the effect and the completion together; if it returns an exception, both are rolled
   * back.
   */
  private @Nullable Exception transacted(
      Lane lane, Claim claim, @Nullable Object parsed, Instant startedAt, long start) {
    try (Connection connection = DeliveryConnections.connection(dataSource);
        Aborts.Hook hook = DeliveryConnections.cutAtTimeout(connection)) {
      connection.setAutoCommit(false);
      DeliveryConnections.limit(connection);
      Exception thrown;
      DeliveryConnections.bind(dataSource, connections, lane.route, connection);
      try {
        thrown = lane.consumer.run(claim, parsed);
      } finally {
        DeliveryConnections.unbind();
      }
      if (thrown instanceof Remarks.Ended remarks && !remarks.skipped()) {
        // Completed in this transaction, which stores no text.
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
        // Commit or rollback failed. If the commit did happen, the claim is settled, and the retry
        // below finds nothing to change.
        return thrown == null ? e : thrown;
      } finally {
        restoreAutoCommit(connection);
      }
    } catch (SQLException | TargetUnavailableException e) {
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
      LOG.debug("a broken connection is returned to the pool, which replaces it", e);
    }
  }

  static final class LeaseLostException extends Exception {
    private static final long serialVersionUID = 1;

    LeaseLostException() {
      super("the lease ended before the delivery was done; its database updates are rolled back");
    }
  }

  /** The target is reachable, whatever it answered. */
  private static void answered(Lane lane) {
    if (lane.pausing()) {
      LOG.info("{} resumes: its target answers again.", lane.route);
      lane.resume();
    }
  }

  private void failed(
      Lane lane, Claim claim, boolean overdue, Exception thrown, Instant startedAt, Duration took) {
    if (thrown instanceof LeaseLostException) {
      LOG.info("{} of event {}: {}.", lane.route, claim.event().id(), thrown.getMessage());
      return;
    }
    if (closing && overdue) {
      release(claim);
      return;
    }
    TargetUnavailableException unavailable =
        overdue ? null : find(thrown, TargetUnavailableException.class);
    if (unavailable != null) {
      if (!lane.pausing()) {
        LOG.info(
            "{} is paused: {}. Deliveries stay queued; the next probe is in {}.",
            lane.route,
            unavailable.getMessage(),
            text(unavailable.retryAfter()));
      }
      release(claim);
      giveBack(lane.pause(unavailable.retryAfter()));
      count(lane.route, "postponed", took);
      return;
    }
    LOG.debug("what the route threw", thrown);
    Failure failure =
        overdue ? Failure.overdue(lane.options.timeout()) : Failure.of(thrown, clock.instant());
    if (failure.answered()) {
      answered(lane);
    }
    settle(lane, claim, failure, startedAt, took);
  }

  private void settle(Lane lane, Claim claim, Failure failure, Instant startedAt, Duration took) {
    boolean dead = !failure.retryable() || claim.tries() >= lane.options.maxAttempts();
    Duration again = dead ? Duration.ZERO : backoff(lane, claim.tries(), failure.least());
    if (dead) {
      logDead(lane, claim, claim.attempt(), failure.text());
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

  private static void logDead(Lane lane, Claim claim, int attempt, String text) {
    LOG.error(
        "DEAD: {} of event {} ({} {}) failed for good at attempt {}: {}. It stays in the journal; when the cause is mended:"
            + " payhook replay {} --route {}",
        lane.route,
        claim.event().id(),
        claim.event().endpoint(),
        claim.event().type(),
        attempt,
        text,
        claim.event().id(),
        lane.route);
  }

  /**
   * Gives up an attempt that was told to end and has not: its lane continues without it, and
   * whatever its thread still does no longer counts.
   */
  void giveUp(Lane lane, Held held) {
    if ((!closing && !lane.mayLeaveBehind()) || !held.giveUp()) {
      return;
    }
    Claim claim = held.claim;
    if (closing) {
      deliveries.settle(Settlement.release(claim, clock.instant(), AFTER_STOP));
    } else {
      Duration took = Duration.ofNanos(held.ranFor(System.nanoTime()));
      settle(
          lane, claim, Failure.overdue(lane.options.timeout()), clock.instant().minus(took), took);
    }
    held.leaves();
    lane.leaveBehind(held);
  }

  void release(Claim claim) {
    deliveries.settle(Settlement.release(claim, clock.instant(), Duration.ZERO));
  }

  void giveBack(List<Held> items) {
    items.forEach(item -> release(item.claim));
  }

  /**
   * Exponential backoff with jitter: between half and all of backoff × 2^(tries − 1), and never
   * less than the target asked for.
   */
  private Duration backoff(Lane lane, int tries, Duration asked) {
    double ceiling =
        Math.min(
            (double) options.backoffMax().toMillis(),
            (double) lane.options.backoff().toMillis() * Math.pow(2, Math.min(tries - 1, 40)));
    long wait = (long) (ceiling * (0.5 + ThreadLocalRandom.current().nextDouble() / 2));
    return Duration.ofMillis(Math.max(wait, asked.toMillis()));
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

  static String text(Duration duration) {
    return duration.toMillis() < 10_000 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
  }
}

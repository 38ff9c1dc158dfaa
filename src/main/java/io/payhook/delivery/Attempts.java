package io.payhook.delivery;

import io.micrometer.core.instrument.MeterRegistry;
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
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs attempts, each on its lane's thread.
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
  private final Outcomes outcomes;
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
    this.outcomes = new Outcomes(deliveries, clock, meters);
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
    if (claim.lost() > 0 && !outcomes.lost(lane, claim)) {
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
    outcomes.ended(lane, claim, remarks, settled, startedAt, took);
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
      outcomes.unavailable(lane, claim, unavailable, took);
      return;
    }
    LOG.debug("what the route threw", thrown);
    Failure failure =
        overdue ? Failure.overdue(lane.options.timeout()) : Failure.of(thrown, clock.instant());
    if (failure.answered()) {
      outcomes.answered(lane);
    }
    outcomes.failed(lane, claim, failure, startedAt, took);
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
      outcomes.release(claim, AFTER_STOP);
    } else {
      Duration took = Duration.ofNanos(held.ranFor(System.nanoTime()));
      outcomes.failed(
          lane, claim, Failure.overdue(lane.options.timeout()), clock.instant().minus(took), took);
    }
    held.leaves();
    lane.leaveBehind(held);
  }

  void release(Claim claim) {
    outcomes.release(claim, Duration.ZERO);
  }

  void giveBack(List<Held> items) {
    items.forEach(item -> release(item.claim));
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

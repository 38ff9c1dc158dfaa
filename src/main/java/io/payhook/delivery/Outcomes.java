package io.payhook.delivery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Settlement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records how attempts ended: in the journal, the log and the metrics. */
final class Outcomes {
  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Deliveries deliveries;
  private final Clock clock;
  private final MeterRegistry meters;

  Outcomes(Deliveries deliveries, Clock clock, MeterRegistry meters) {
    this.deliveries = deliveries;
    this.clock = clock;
    this.meters = meters;
  }

  /**
   * An attempt that did not fail.
   *
   * @param remarks what its effects have to say; null for nothing
   * @param settled whether the journal knows of it already
   */
  void ended(
      Lane lane,
      Claim claim,
      Remarks.@Nullable Ended remarks,
      boolean settled,
      Instant startedAt,
      Duration took) {
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

  /** A failed attempt: its delivery is tried again, or is a dead letter from now on. */
  void failed(Lane lane, Claim claim, Failure failure, Instant startedAt, Duration took) {
    Duration again = lane.options.retry().next(failure, claim.tries());
    boolean dead = again == null;
    if (again == null) {
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
          Attempts.text(again));
    }
    deliveries.settle(
        new Settlement(
            claim,
            dead ? Settlement.Outcome.DEAD : Settlement.Outcome.RETRY,
            startedAt,
            took,
            again == null ? Duration.ZERO : again,
            dead ? "DEAD" : "DELIVERY_FAILED",
            failure.text()));
    count(lane.route, dead ? "dead" : "failed", took);
  }

  /** Reports the fate of the attempts before; false if there must not be another one. */
  boolean lost(Lane lane, Claim claim) {
    count(lane.route, "lost", Duration.ZERO);
    if (claim.lost() < Attempts.LOST_MAX && !lane.options.retry().exhausted(claim.tries())) {
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

  /** The target is reachable, whatever it answered. */
  void answered(Lane lane) {
    if (lane.pausing()) {
      LOG.info("{} resumes: its target answers again.", lane.route);
      lane.resume();
    }
  }

  /** The target is not there: what waits for it goes back to the journal, and no attempt counts. */
  void unavailable(Lane lane, Claim claim, TargetUnavailableException why, Duration took) {
    if (!lane.pausing()) {
      LOG.info(
          "{} is paused: {}. Deliveries stay queued; the next probe is in {}.",
          lane.route,
          why.getMessage(),
          Attempts.text(why.retryAfter()));
    }
    release(claim, Duration.ZERO);
    lane.pause(why.retryAfter()).forEach(held -> release(held.claim, Duration.ZERO));
    count(lane.route, "postponed", took);
  }

  /**
   * Gives a claim back that has not run, or was ended.
   *
   * @param after how long nobody may claim it
   */
  void release(Claim claim, Duration after) {
    deliveries.settle(Settlement.release(claim, clock.instant(), after));
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
}

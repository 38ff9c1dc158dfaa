package io.payhook.delivery;

import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims the deliveries that were not claimed in their event's own commit: one query for all lanes,
 * on one thread that is woken by what is announced, and otherwise once a poll interval.
 */
final class Claimer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryEngine.class);

  /** Scans of everything that is open take at most one part in this many of the time. */
  private static final int WHOLE_PART = 100;

  private static final long WHOLE_LATEST = TimeUnit.MINUTES.toNanos(1);

  private final Deliveries deliveries;
  private final DeliveryOptions options;
  private final Subscriptions subscriptions;
  private final Attempts attempts;
  private final Thread thread = new Thread(this::run, "payhook-claimer");
  private volatile boolean announced;
  private volatile boolean closing;
  private boolean failing;

  Claimer(
      Deliveries deliveries,
      DeliveryOptions options,
      Subscriptions subscriptions,
      Attempts attempts) {
    this.deliveries = deliveries;
    this.options = options;
    this.subscriptions = subscriptions;
    this.attempts = attempts;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  void wake() {
    announced = true;
    LockSupport.unpark(thread);
  }

  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    long lastPoll = System.nanoTime() - options.poll().toNanos();
    long nextWhole = lastPoll;
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
        subscriptions.refresh();
      }
      if (!subscriptions.mayClaim()) {
        continue;
      }
      Collection<Lane> lanes = subscriptions.lanes();
      long start = System.nanoTime();
      // While a session holds an old snapshot, vacuum cannot remove rows that were open once, and a
      // scan of everything takes longer and longer.
      boolean whole = poll && start - nextWhole >= 0;
      claimFor(poll ? lanes : lanes.stream().filter(Lane::expectsMore).toList(), whole);
      if (whole) {
        long end = System.nanoTime();
        nextWhole = end + Math.min(WHOLE_LATEST, WHOLE_PART * (end - start));
      }
    }
  }

  private void claimFor(Collection<Lane> asking, boolean whole) {
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
      for (Claim claim : deliveries.claim(vacancies, whole)) {
        got.merge(claim.route(), 1, Integer::sum);
        Lane lane = subscriptions.lane(claim.route());
        if (lane == null || !lane.take(claim)) {
          attempts.release(claim);
        }
      }
      failing = false;
    } catch (SQLException | RuntimeException e) {
      if (!failing && !closing) {
        LOG.warn(
            "Deliveries cannot be claimed: {}. Retrying every {}.",
            e.getMessage(),
            Attempts.text(options.poll()));
      }
      failing = true;
      return;
    }
    for (Deliveries.Vacancy vacancy : vacancies) {
      Lane lane = subscriptions.lane(vacancy.route());
      if (lane != null) {
        lane.claimed(vacancy.places(), got.getOrDefault(vacancy.route(), 0));
      }
    }
  }
}

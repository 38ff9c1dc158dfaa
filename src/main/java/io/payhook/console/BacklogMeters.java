package io.payhook.console;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.payhook.journal.JournalReader;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the backlog of the journal, on all nodes: {@code payhook.deliveries} by route and state,
 * and {@code payhook.backlog.age}, by how much the longest waiting delivery of a route is overdue.
 * While the database does not respond, there are no such series.
 */
public final class BacklogMeters implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(BacklogMeters.class);
  private static final int COUNT_MAX = 50_000;
  private static final List<String> STATES =
      List.of("pending", "running", "retrying", "dead", "skipped");

  private final JournalReader reader;
  private final long everyNanos;
  private final MultiGauge deliveries;
  private final MultiGauge age;
  private long readAt;
  private boolean read;

  /**
   * @param every maximum age of a reported value
   */
  public BacklogMeters(JournalReader reader, Duration every, MeterRegistry meters) {
    this.reader = reader;
    this.everyNanos = every.toNanos();
    this.deliveries =
        MultiGauge.builder("payhook.deliveries")
            .description("Deliveries that are not done, counted up to 50,000 per route")
            .register(meters);
    this.age =
        MultiGauge.builder("payhook.backlog.age")
            .description("How long the longest waiting delivery is overdue")
            .baseUnit("seconds")
            .register(meters);
  }

  /** Refreshes values that are too old. To be called before the metrics are read. */
  @Override
  public synchronized void run() {
    long now = System.nanoTime();
    if (read && now - readAt < everyNanos) {
      return;
    }
    List<MultiGauge.Row<?>> counts = new ArrayList<>();
    List<MultiGauge.Row<?>> ages = new ArrayList<>();
    try {
      for (JournalReader.Backlog backlog : reader.backlog(COUNT_MAX)) {
        Map<String, Integer> states = backlog.states();
        for (String state : STATES) {
          counts.add(
              MultiGauge.Row.of(
                  Tags.of("route", backlog.route(), "state", state),
                  states.getOrDefault(state, 0)));
        }
        ages.add(
            MultiGauge.Row.of(
                Tags.of("route", backlog.route()), backlog.late().toMillis() / 1000.0));
      }
    } catch (SQLException e) {
      LOG.debug("the backlog cannot be measured", e);
    }
    deliveries.register(counts, true);
    age.register(ages, true);
    readAt = now;
    read = true;
  }
}

package io.payhook.service;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.payhook.journal.Journal;
import java.time.Duration;

/** Commit time, batch size and queue of the journal. */
final class JournalMeters implements Journal.Listener {
  private final MeterRegistry meters;
  private final Timer time;
  private final DistributionSummary size;

  JournalMeters(MeterRegistry meters) {
    this.meters = meters;
    this.time =
        Timer.builder("payhook.journal.commit.time")
            .description("Time of a commit")
            .register(meters);
    this.size =
        DistributionSummary.builder("payhook.journal.commit.events")
            .description("Events per commit")
            .register(meters);
  }

  void watch(Journal journal) {
    Gauge.builder("payhook.journal.queue", journal, Journal::queued)
        .description("Events waiting for a commit")
        .register(meters);
    Gauge.builder("payhook.journal.available", journal, j -> j.available() ? 1 : 0)
        .description("1 if the journal commits, otherwise 0")
        .register(meters);
  }

  @Override
  public void committed(int events, Duration took) {
    time.record(took);
    size.record(events);
  }
}

package io.payhook.tools.routetest;

import io.payhook.service.Service;
import io.payhook.settings.Settings;
import io.payhook.tools.routetest.RouteTest.Check;
import io.payhook.tools.routetest.RouteTest.MoveClock;
import io.payhook.tools.routetest.RouteTest.Send;
import io.payhook.tools.routetest.RouteTest.Step;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.spi.InterceptStrategy;

/** One run of one test, on a service of its own that is shut in. */
final class Trial implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String OPEN = "('pending', 'running', 'retrying')";

  private final RouteTest test;
  private final Service service;
  private final Faults faults;
  private final MailStand mails;
  private final Outside outside;
  private final Databases databases;
  private final Shifting clock;
  private final Sending sending;
  private final List<Mismatch> failures = new ArrayList<>();

  /**
   * @param folder of this test's own, in which its routes may write files
   */
  Trial(
      RouteTest test,
      Settings settings,
      Path folder,
      Faults faults,
      MailStand mails,
      Outside outside,
      Databases databases,
      HttpClient client) {
    this.test = test;
    this.faults = faults;
    this.mails = mails;
    this.outside = outside;
    this.databases = databases;
    this.clock = new Shifting();
    this.sending = new Sending(test.folder(), settings, client, clock, failures);
    Inside inside = new Inside(outside, new HttpStand(outside, faults), databases, folder);
    this.service =
        new Service(settings, clock)
            .prepare(inside::shut)
            .bind("payhookTestPlaces", InterceptStrategy.class, new Place.Marks())
            .bind("payhookTestFaults", InterceptStrategy.class, faults)
            .confirmWith(new ProviderApiStand(faults));
  }

  /** What is not as the test says; empty where it passed. */
  List<Mismatch> run() throws Exception {
    service.open();
    Looking looking = new Looking(service.dataSource(), databases, mails, outside, failures);
    JournalFacts facts = new JournalFacts(service.dataSource());
    for (Step step : test.steps()) {
      if (step instanceof Send send) {
        facts.mark();
        sending.send(send, service.port());
        rest(looking);
        outside.refused().forEach(refused -> failures.add(Mismatch.of(refused)));
      } else if (step instanceof MoveClock move) {
        clock.move(move.by());
      } else if (step instanceof Check check) {
        looking.check(check);
        if (check.facts() != null) {
          facts.compare(check.facts()).ifPresent(failures::add);
        }
      }
      if (!failures.isEmpty()) {
        break;
      }
    }
    if (failures.isEmpty()) {
      faults.missed().forEach(missed -> failures.add(Mismatch.of(missed)));
    }
    return failures;
  }

  @Override
  public void close() {
    service.close();
  }

  /**
   * Waits until no delivery is open and every rejection is recorded; deliveries that wait for their
   * next attempt get it at once.
   */
  private void rest(Looking looking) throws SQLException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (Connection connection = service.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      while (true) {
        try (ResultSet row =
            statement.executeQuery(
                "select count(*) from payhook.delivery where state in " + OPEN)) {
          row.next();
          if (row.getInt(1) == 0 && service.rejectionsSettled()) {
            return;
          }
        }
        if (System.nanoTime() > end) {
          failures.add(
              new Mismatch(
                  "the deliveries did not come to rest within " + PATIENCE.toSeconds() + " s",
                  List.of(),
                  looking.told()));
          return;
        }
        int hastened =
            statement.executeUpdate(
                "update payhook.delivery set due_at = now() where state = 'retrying' and due_at >"
                    + " now()");
        if (hastened > 0) {
          service.announce();
        }
        TimeUnit.MILLISECONDS.sleep(5);
      }
    }
  }
}

package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Migrations;
import io.payhook.journal.SubscriptionTable;
import io.payhook.service.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RecipientsTest {

  @Test
  void ever_new_event_types_on_several_threads_do_not_lock_each_other_up() throws Exception {
    Duration second = Duration.ofSeconds(1);
    try (TestDatabase database = TestDatabase.create("lost", Migrations::journal)) {
      DeliveryEngine engine =
          new DeliveryEngine(
              database.dataSource(),
              new Deliveries(database.dataSource(), "node-a", second),
              new SubscriptionTable(database.dataSource(), "node-a"),
              new DeliveryOptions(3, second, second, second, 2, second, second),
              event -> null,
              new Breakers(Clock.systemUTC(), new SimpleMeterRegistry()),
              Clock.systemUTC(),
              new SimpleMeterRegistry());
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        String name = "type-" + t + "-";
        Thread thread =
            new Thread(
                () -> {
                  for (int i = 0; i < 300_000; i++) {
                    engine.recipientsOf("payments", null, name + i);
                  }
                });
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join(TimeUnit.SECONDS.toMillis(60));
        assertThat(thread.getState()).isEqualTo(Thread.State.TERMINATED);
      }
      engine.close();
    }
  }
}

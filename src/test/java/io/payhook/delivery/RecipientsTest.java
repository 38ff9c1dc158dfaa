package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Migrations;
import io.payhook.journal.Nodes;
import io.payhook.journal.Recipient;
import io.payhook.journal.SubscriptionTable;
import io.payhook.journal.TestJournal;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
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

  @Test
  void a_filter_that_was_narrowed_is_narrow_whatever_an_older_node_said() throws Exception {
    try (TestDatabase database = TestDatabase.create("lost", Migrations::journal);
        TestNode node =
            new TestNode(database, "pod-d", Map.of("thank-customer", "payments/payment.success"))) {
      new SubscriptionTable(database.dataSource(), "pod-c")
          .replace(
              List.of(
                  new SubscriptionTable.Row("thank-customer", "payments", "payment.*", false),
                  new SubscriptionTable.Row("only-there", "payments", "payment.*", false)));
      node.start();
      assertThat(routes(node, "payment.failed")).containsExactly("only-there");
      assertThat(routes(node, "payment.success"))
          .containsExactlyInAnyOrder("only-there", "thank-customer");
    }
  }

  @Test
  void a_newer_wish_of_another_node_counts_here_too() throws Exception {
    try (TestDatabase database = TestDatabase.create("lost", Migrations::journal);
        TestNode node =
            new TestNode(database, "pod-old", Map.of("thank-customer", "payments/payment.*"))) {
      node.start();
      assertThat(routes(node, "payment.failed")).containsExactly("thank-customer");
      new SubscriptionTable(database.dataSource(), "pod-new")
          .replace(
              List.of(
                  new SubscriptionTable.Row(
                      "thank-customer", "payments", "payment.success", false)));
      Eventually.holds(() -> assertThat(routes(node, "payment.failed")).isEmpty());
      assertThat(routes(node, "payment.success")).containsExactly("thank-customer");
    }
  }

  @Test
  void a_process_that_lost_its_name_claims_nothing() throws Exception {
    try (TestDatabase database = TestDatabase.create("lost", Migrations::journal);
        TestJournal journal = new TestJournal(database.dataSource());
        TestNode node =
            new TestNode(database, "payhook", Map.of("record", "payments/payment.success"))) {
      Nodes other = nodes(database, UUID.randomUUID());
      assertThat(other.join()).isNull();
      node.engine.join(nodes(database, node.deliveries.incarnation()));
      node.start();
      Eventually.holds(
          () ->
              assertThat(node.engine.recipientsOf("payments", null, "payment.success"))
                  .noneMatch(Recipient::claimed)
                  .hasSize(1));
      journal.append(
          TestJournal.event("payment.success", "k1", "T1", "{}"),
          node.engine.recipientsOf("payments", null, "payment.success"));
      assertThat(database.query("select state from payhook.delivery")).containsExactly("pending");
      other.leave();
      Eventually.holds(
          () ->
              assertThat(database.query("select state from payhook.delivery"))
                  .containsExactly("done"));
    }
  }

  private static Nodes nodes(TestDatabase database, UUID incarnation) {
    return new Nodes(
        database.dataSource(),
        new Nodes.Self("payhook", incarnation, "home-" + incarnation, "host", "1"),
        Duration.ofMinutes(5));
  }

  private static List<String> routes(TestNode node, String type) {
    return node.engine.recipientsOf("payments", null, type).stream()
        .peek(Recipient::dropped)
        .map(Recipient::route)
        .toList();
  }
}

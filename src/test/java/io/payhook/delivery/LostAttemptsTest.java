package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.journal.Migrations;
import io.payhook.journal.TestJournal;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Processes that end while deliveries run, with the journal that outlives them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class LostAttemptsTest {
  private static final Map<String, String> ROUTES =
      Map.of(
          "record", "payments/payment.success",
          "save", "payments/payment.success?transacted=true",
          "once", "payments/invoice.paid?maxAttempts=1",
          "other", "payments/other.event");

  private final TestDatabase database = TestDatabase.create("lost", Migrations::journal);
  private final TestJournal journal = new TestJournal(database.dataSource());
  private final List<TestNode> nodes = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    nodes.forEach(TestNode::close);
    journal.close();
    database.close();
  }

  private TestNode node(String name) throws Exception {
    TestNode node = new TestNode(database, name, ROUTES);
    nodes.add(node);
    return node;
  }

  private void accept(TestNode node, String type, String key) throws Exception {
    journal.append(
        TestJournal.event(type, key, "T1", "{\"key\":\"" + key + "\"}"),
        node.engine.recipientsOf("payments", null, type));
  }

  private void sql(String sql) throws Exception {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** As if the time of a lease had gone by since the process ended. */
  private void leasesEnd() throws Exception {
    sql("update payhook.delivery set due_at = now() - interval '1 second' where state = 'running'");
  }

  private List<String> deliveries(String columns, String route) throws Exception {
    return database.query(
        "select concat_ws(' ', "
            + columns
            + ") from payhook.delivery where route = '"
            + route
            + "' order by seq");
  }

  private TestNode dies(TestNode node) throws Exception {
    node.die();
    leasesEnd();
    return node;
  }

  @Test
  void what_was_kept_though_its_commit_seemed_to_fail_runs_when_its_lease_has_ended()
      throws Exception {
    TestNode node = node("node-a").start();
    var impatient = new PGSimpleDataSource();
    impatient.setUrl(database.url() + "&socketTimeout=1");
    try (TestJournal unlucky = new TestJournal(impatient, node.deliveries);
        Connection lock = database.connect()) {
      lock.setAutoCommit(false);
      lock.createStatement().execute("lock table payhook.delivery in share mode");
      assertThatThrownBy(
              () ->
                  unlucky.append(
                      TestJournal.event("payment.success", "kept", "T1", "{}"),
                      node.engine.recipientsOf("payments", null, "payment.success")))
          .hasMessageContaining("Read timed out");
      lock.rollback();
    }
    // It commits now, or has committed before its client went away.
    Eventually.holds(() -> assertThat(deliveries("attempts", "record")).containsExactly("1"));
    leasesEnd();
    for (String route : List.of("record", "save")) {
      Eventually.holds(
          () -> assertThat(deliveries("state, lost", route)).containsExactly("done 0"));
    }
  }

  @Test
  void an_event_that_ends_its_process_twice_is_dead_and_says_so() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    TestNode first = node("node-a");
    for (String route : List.of("record", "save")) {
      first.work.put(
          route,
          exchange -> {
            begun.countDown();
            first.hang(exchange);
          });
    }
    first.start();
    accept(first, "payment.success", "poison");
    begun.await();
    dies(first);

    CountDownLatch again = new CountDownLatch(1);
    TestNode second = node("node-a");
    second.work.put(
        "record",
        exchange -> {
          again.countDown();
          second.hang(exchange);
        });
    second.start();
    again.await();
    assertThat(deliveries("state, attempts, lost", "record")).containsExactly("running 2 1");
    assertThat(
            database.query(
                "select distinct concat_ws(' ', number, outcome, category, error, node) from payhook.attempt where route = 'record'"))
        .containsExactly("1 lost LOST the process or its lease ended before it was done node-a");
    dies(second);

    TestNode third = node("node-b").start();
    Eventually.holds(
        () ->
            assertThat(deliveries("state, attempts, category, error", "record"))
                .containsExactly(
                    "dead 2 DEAD its attempts ended 2 times without a result; the process ended with it"));
    assertThat(third.count("record", "dead")).isEqualTo(1);
    assertThat(third.count("record", "lost")).isEqualTo(1);
    assertThat(
            database.query(
                "select concat_ws(' ', number, outcome) from payhook.attempt where route = 'record' order by 1"))
        .containsExactly("1 lost", "2 lost");
    Eventually.holds(
        () ->
            assertThat(deliveries("state, lost", "save"))
                .describedAs("what ran beside it runs")
                .containsExactly("done 0"));
  }

  @Test
  void what_ended_the_process_runs_alone_and_the_others_wait_for_it() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    TestNode first = node("node-a");
    first.work.put(
        "record",
        exchange -> {
          begun.countDown();
          first.hang(exchange);
        });
    first.start();
    accept(first, "payment.success", "k1");
    begun.await();
    dies(first);

    AtomicInteger running = new AtomicInteger();
    List<Integer> beside = new CopyOnWriteArrayList<>();
    CountDownLatch alone = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    TestNode second = node("node-a");
    second.work.put(
        "record",
        exchange -> {
          beside.add(running.get());
          alone.countDown();
          go.await();
          beside.add(running.get());
        });
    second.work.put("other", exchange -> running.incrementAndGet());
    second.start();
    alone.await();
    for (int i = 0; i < 5; i++) {
      accept(second, "other.event", "o" + i);
    }
    go.countDown();

    Eventually.holds(
        () -> assertThat(deliveries("state", "other")).hasSize(5).containsOnly("done"));
    assertThat(beside).containsExactly(0, 0);
    assertThat(deliveries("state, attempts, lost", "record")).containsExactly("done 2 0");
  }

  @Test
  void what_was_only_held_when_the_process_ended_has_lost_nothing() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    TestNode first = node("node-a");
    first.work.put(
        "other",
        exchange -> {
          begun.countDown();
          first.hang(exchange);
        });
    first.start();
    for (int i = 0; i < 9; i++) {
      accept(first, "other.event", "k" + i);
    }
    begun.await();
    Eventually.holds(
        () -> assertThat(deliveries("state", "other")).hasSize(9).containsOnly("running"));
    dies(first);

    TestNode second = node("node-b").start();
    Eventually.holds(() -> assertThat(deliveries("state", "other")).containsOnly("done"));
    assertThat(database.query("select 1 from payhook.attempt where outcome = 'lost'")).hasSize(2);
    assertThat(second.count("other", "lost")).isEqualTo(2);
    assertThat(deliveries("attempts - forgiven", "other"))
        .describedAs("tries")
        .containsExactlyInAnyOrder("2", "2", "1", "1", "1", "1", "1", "1", "1");
  }

  @Test
  void a_stop_in_order_is_no_loss_even_of_what_does_not_end() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    TestNode first = node("node-a");
    first.work.put(
        "other",
        exchange -> {
          begun.countDown();
          first.hang(exchange);
        });
    first.start();
    for (int i = 0; i < 5; i++) {
      accept(first, "other.event", "k" + i);
    }
    begun.await();
    long start = System.nanoTime();
    first.engine.drain(Duration.ofMillis(400));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    Eventually.holds(
        () ->
            assertThat(deliveries("state, attempts, lost", "other"))
                .hasSize(5)
                .containsOnly("pending 0 0"));
  }

  @Test
  void a_route_that_may_try_once_does_not_try_again_after_a_loss() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    TestNode first = node("node-a");
    first.work.put(
        "once",
        exchange -> {
          begun.countDown();
          first.hang(exchange);
        });
    first.start();
    accept(first, "invoice.paid", "k1");
    begun.await();
    dies(first);

    node("node-b").start();
    Eventually.holds(
        () ->
            assertThat(deliveries("state, attempts, error", "once"))
                .containsExactly(
                    "dead 1 its last attempt ended without a result, the process ended with it, and there is no other (maxAttempts 1)"));
  }

  @Test
  void a_result_of_any_kind_ends_the_count() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    TestNode first = node("node-a");
    first.work.put(
        "record",
        exchange -> {
          begun.countDown();
          first.hang(exchange);
        });
    first.start();
    accept(first, "payment.success", "k1");
    begun.await();
    dies(first);

    TestNode second = node("node-b");
    second.work.put(
        "record",
        exchange -> {
          throw new java.io.IOException("down");
        });
    second.start();
    Eventually.holds(
        () ->
            assertThat(deliveries("state, attempts, lost", "record"))
                .containsExactly("retrying 2 0"));
  }
}

package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.journal.Migrations;
import io.payhook.journal.TestJournal;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Far ends that take longer than an attempt may. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class TimeoutTest {
  private final TestDatabase database =
      TestDatabase.create(
          "timeout",
          dataSource -> {
            Migrations.journal(dataSource);
            try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
              statement.execute("create table public.locked (id text)");
              statement.execute("create table public.free (id text)");
            }
          });
  private final TestJournal journal = new TestJournal(database.dataSource());
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node =
        new TestNode(
            database,
            "node-a",
            Map.of(
                "short", "payments/short?timeout=200&concurrency=1",
                "plain", "payments/plain?timeout=1000&concurrency=2",
                "patient", "payments/patient?timeout=30000&concurrency=2",
                "long", "payments/long?timeout=600000",
                "locked", "payments/locked?timeout=1000&transacted=true&concurrency=2",
                "free", "payments/free?transacted=true"));
  }

  @AfterEach
  void end() throws Exception {
    node.close();
    journal.close();
    database.close();
  }

  private void accept(String type) throws Exception {
    journal.append(
        TestJournal.event(type, type + System.nanoTime(), "T1", "{}"),
        node.engine.recipientsOf("payments", null, type));
  }

  private List<String> deliveries(String columns, String route) throws Exception {
    return database.query(
        "select concat_ws(' ', "
            + columns
            + ") from payhook.delivery where route = '"
            + route
            + "' order by seq");
  }

  @Test
  void what_an_attempt_has_open_is_closed_at_its_timeout() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      node.work.put(
          "short",
          exchange -> {
            try (Socket socket = new Socket(silent.getInetAddress(), silent.getLocalPort());
                Aborts.Hook hook = Aborts.onTimeout(socket::close)) {
              socket.getInputStream().read();
            }
          });
      node.start();
      accept("short");
      Eventually.holds(
          () ->
              assertThat(deliveries("state, attempts, error", "short"))
                  .containsExactly("retrying 1 took longer than its timeout of 200 ms"));
      assertThat(node.engine.running()).isZero();
    }
  }

  @Test
  void a_lane_goes_on_without_an_attempt_that_hears_nothing() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch second = new CountDownLatch(1);
    node.work.put(
        "short",
        exchange -> {
          if (runs.incrementAndGet() == 1) {
            node.hang(exchange);
          } else {
            second.countDown();
          }
        });
    node.start();
    accept("short");
    Eventually.holds(() -> assertThat(runs).hasValue(1));
    accept("short");
    second.await();
    Eventually.holds(
        () ->
            assertThat(deliveries("state, attempts, error", "short"))
                .containsExactly("retrying 1 took longer than its timeout of 200 ms", "done 1"));
  }

  @Test
  void what_comes_back_after_it_was_given_up_changes_nothing() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    node.work.put(
        "short",
        exchange -> {
          boolean ended = false;
          while (!ended) {
            try {
              go.await();
              ended = true;
            } catch (InterruptedException e) {
              // It goes on.
            }
          }
        });
    node.start();
    accept("short");
    Eventually.holds(() -> assertThat(deliveries("state", "short")).containsExactly("retrying"));
    go.countDown();
    accept("free");
    Eventually.holds(() -> assertThat(deliveries("state", "free")).containsExactly("done"));
    assertThat(deliveries("state, attempts", "short")).containsExactly("retrying 1");
  }

  @Test
  void a_locked_table_stops_its_own_route_and_no_other() throws Exception {
    node.engine.limit(Runtime.getRuntime().maxMemory() / 4, 2);
    node.work.put(
        "locked",
        exchange -> exchange.setVariable("sql", "insert into public.locked values ('x')"));
    node.work.put(
        "plain", exchange -> exchange.setVariable("sql", "insert into public.locked values ('y')"));
    node.work.put(
        "free", exchange -> exchange.setVariable("sql", "insert into public.free values ('z')"));
    node.start();
    try (Connection lock = database.connect();
        Statement statement = lock.createStatement()) {
      lock.setAutoCommit(false);
      statement.execute("lock table public.locked in access exclusive mode");
      for (int i = 0; i < 3; i++) {
        accept("locked");
      }
      Eventually.holds(() -> assertThat(waiting()).isOne());
      accept("free");
      Eventually.holds(() -> assertThat(deliveries("state", "free")).containsExactly("done"));
      Eventually.holds(
          () -> assertThat(deliveries("state, attempts", "locked")).containsOnly("retrying 1"));
      accept("plain");
      Eventually.holds(
          () -> assertThat(deliveries("state, attempts", "plain")).containsExactly("retrying 1"));
      lock.rollback();
    }
  }

  @Test
  void what_a_vanished_node_has_locked_is_free_when_the_attempt_would_be_over() throws Exception {
    node.work.put(
        "locked",
        exchange ->
            exchange.setVariable(
                "sql",
                "insert into public.free select current_setting('idle_in_transaction_session_timeout')"));
    node.start();
    accept("locked");
    Eventually.holds(() -> assertThat(deliveries("state", "locked")).containsExactly("done"));
    assertThat(database.query("select id from public.free"))
        .singleElement()
        .satisfies(
            time -> assertThat(Integer.parseInt(time.replaceAll("ms|s$", ""))).isBetween(2, 2000));
  }

  private int waiting() throws SQLException {
    return Integer.parseInt(
        database
            .query(
                "select count(*)::text from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())")
            .get(0));
  }

  @Test
  void a_pool_without_a_connection_is_no_attempt() throws Exception {
    node.start();
    node.engine.limit(Runtime.getRuntime().maxMemory() / 4, 1);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    node.work.put(
        "free",
        exchange -> {
          begun.countDown();
          go.await();
        });
    accept("free");
    begun.await();
    node.work.put("plain", exchange -> exchange.setVariable("sql", "select 1"));
    accept("plain");
    Eventually.holds(() -> assertThat(node.count("plain", "postponed")).isPositive());
    go.countDown();
    Eventually.holds(
        () -> assertThat(deliveries("state, attempts", "plain")).containsExactly("done 1"));
    assertThat(database.query("select 1 from payhook.attempt where route = 'plain'")).hasSize(1);
  }

  @Test
  void a_route_that_looks_for_its_target_goes_on_at_full_pace_with_the_first_answer()
      throws Exception {
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch both = new CountDownLatch(2);
    node.work.put(
        "patient",
        exchange -> {
          switch (runs.incrementAndGet()) {
            case 1 ->
                throw new TargetUnavailableException(
                    "the CRM is down", java.time.Duration.ofMillis(500));
            case 2 ->
                throw new HttpOperationFailedException(
                    "http://crm.example.com", 404, "", null, Map.of(), "");
            default -> {
              both.countDown();
              both.await();
            }
          }
        });
    node.start();
    accept("patient");
    Eventually.holds(() -> assertThat(node.count("patient", "postponed")).isPositive());
    for (int i = 0; i < 3; i++) {
      accept("patient");
    }
    Eventually.holds(
        () ->
            assertThat(deliveries("state", "patient"))
                .containsExactlyInAnyOrder("dead", "done", "done", "done"));
  }

  @Test
  void a_route_with_a_long_timeout_waits_as_long_for_the_databases_answer() throws Exception {
    BlockingQueue<Integer> told = new ArrayBlockingQueue<>(1);
    node.work.put(
        "long",
        exchange -> {
          DataSource pool =
              exchange.getContext().getRegistry().lookupByNameAndType("payhook", DataSource.class);
          try (Connection connection = new DeliveryConnections().getConnection(pool)) {
            told.add(connection.getNetworkTimeout());
          }
        });
    node.start();
    accept("long");
    assertThat(told.take()).isGreaterThan(600_000);
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(connection.getNetworkTimeout()).as("what others get from the pool").isZero();
    }
  }

  @Test
  void an_io_error_is_no_answer() {
    assertThat(Failure.of(new IOException("refused"), java.time.Instant.EPOCH).answered())
        .isFalse();
  }
}

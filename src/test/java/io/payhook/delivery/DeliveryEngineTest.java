package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Migrations;
import io.payhook.journal.Receipt;
import io.payhook.journal.SubscriptionTable;
import io.payhook.journal.TestJournal;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.camel.test.junit5.CamelTestSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Routes that start from {@code event:} in a real Camel context, over a real journal. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class DeliveryEngineTest extends CamelTestSupport {
  private final TestDatabase database =
      TestDatabase.create(
          "engine",
          dataSource -> {
            Migrations.journal(dataSource);
            try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
              statement.execute("create table public.effect (id text)");
            }
          });
  private final DataSource dataSource = database.dataSource();
  private final Deliveries deliveries =
      new Deliveries(dataSource, "node-a", Duration.ofSeconds(30));
  private final DeliveryEngine engine =
      new DeliveryEngine(
          dataSource,
          deliveries,
          new SubscriptionTable(dataSource, "node-a"),
          new DeliveryOptions(
              3,
              Duration.ofMinutes(5),
              Duration.ofHours(1),
              Duration.ofSeconds(20),
              2,
              Duration.ofSeconds(30),
              Duration.ofMillis(50)),
          event -> Map.of("text", new String(event.body(), StandardCharsets.UTF_8)),
          new Breakers(Clock.systemUTC(), new SimpleMeterRegistry()),
          Clock.systemUTC(),
          new SimpleMeterRegistry());
  private final TestJournal journal = new TestJournal(database.dataSource());

  /** What a test wants a route to do, by route id. */
  private final Map<String, Processor> work = new ConcurrentHashMap<>();

  private final Map<String, Integer> runs = new ConcurrentHashMap<>();

  @Override
  protected CamelContext createCamelContext() throws Exception {
    CamelContext context = super.createCamelContext();
    context.addComponent("event", new EventComponent(engine));
    context
        .getComponent("jdbc", JdbcComponent.class)
        .setConnectionStrategy(new DeliveryConnections());
    context.getRegistry().bind("payhook", dataSource);
    return context;
  }

  @Override
  protected RoutesBuilder createRouteBuilder() {
    return new RouteBuilder() {
      @Override
      public void configure() {
        from("event:payments/payment.*")
            .routeId("record")
            .process(this::run)
            .setBody(constant("select 1"));
        from("event:payments/payment.success?transacted=true")
            .routeId("save")
            .process(this::run)
            .setBody(simple("insert into public.effect values ('${variable.eventId}')"))
            .to("jdbc:payhook")
            .process(exchange -> work.getOrDefault("after-save", e -> {}).process(exchange));
        from("event:*/invoice.paid?ordered=true").routeId("in-order").process(this::run);
      }

      private void run(Exchange exchange) throws Exception {
        runs.merge(exchange.getFromRouteId(), 1, Integer::sum);
        work.getOrDefault(exchange.getFromRouteId(), e -> {}).process(exchange);
      }
    };
  }

  @BeforeEach
  void begin() throws Exception {
    engine.start();
  }

  @AfterEach
  void end() throws Exception {
    context.stop();
    engine.close();
    journal.close();
    database.close();
  }

  private Receipt accept(String type, String key) throws Exception {
    return journal.append(
        TestJournal.event(type, key, "T1", "{\"key\":\"" + key + "\"}"),
        engine.recipientsOf("payments", null, type));
  }

  private List<String> deliveries(String columns) throws Exception {
    return database.query(
        "select concat_ws(' ', " + columns + ") from payhook.delivery order by route");
  }

  private void dueNow() throws Exception {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "update payhook.delivery set due_at = now() - interval '1 second' where state <> 'done'");
    }
  }

  @Test
  void every_route_that_wants_the_event_runs_once_with_what_it_needs() throws Exception {
    Map<String, Object> seen = new ConcurrentHashMap<>();
    work.put(
        "record",
        exchange -> {
          exchange.getVariables().forEach((name, value) -> seen.put(name, value));
          seen.put("headers", exchange.getMessage().getHeaders().size());
          seen.put("body", exchange.getMessage().getBody(String.class));
        });

    Receipt receipt = accept("payment.success", "k1");

    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, attempts"))
                .containsExactly("record done 1", "save done 1"));
    assertThat(runs)
        .containsEntry("record", 1)
        .containsEntry("save", 1)
        .doesNotContainKey("in-order");
    assertThat(seen)
        .containsEntry("endpoint", "payments")
        .containsEntry("eventId", receipt.id().toString())
        .containsEntry("eventType", "payment.success")
        .containsEntry("eventKey", "k1")
        .containsEntry("attempt", 1)
        .containsEntry("idempotencyKey", receipt.id() + ".record")
        .containsEntry("headers", 0)
        .containsEntry("body", "{\"key\":\"k1\"}")
        .containsKeys("receivedAt", "event");
  }

  @Test
  void a_route_that_had_nothing_to_do_is_skipped_and_says_why() throws Exception {
    work.put("record", exchange -> Remarks.skip(exchange, "nobody to write to"));
    work.put("save", exchange -> Remarks.skip(exchange, "nobody to write to"));
    work.put("after-save", exchange -> Remarks.done(exchange));

    accept("payment.success", "k1");

    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, attempts, error"))
                .containsExactly("record skipped 1 nobody to write to", "save done 1"));
    assertThat(
            database.query(
                "select outcome || ' ' || error from payhook.attempt where route = 'record'"))
        .containsExactly("skipped nobody to write to");
    assertThat(database.query("select count(*)::text from public.effect")).containsExactly("1");
  }

  @Test
  void what_was_left_out_of_a_done_delivery_is_told() throws Exception {
    work.put(
        "record",
        exchange -> {
          Remarks.done(exchange);
          Remarks.note(exchange, "typo@example.com was refused");
        });

    accept("payment.pending", "k1");

    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, error"))
                .containsExactly("record done typo@example.com was refused"));
  }

  @Test
  void a_route_whose_filter_lets_nothing_through_is_skipped() throws Exception {
    work.put("record", exchange -> exchange.setProperty(Remarks.FILTER, false));
    work.put("save", exchange -> exchange.setProperty(Remarks.FILTER, false));

    accept("payment.success", "k1");

    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, error"))
                .containsExactly(
                    "record skipped a filter of the route let nothing through", "save done"));
  }

  @Test
  void a_type_nobody_asked_for_has_no_delivery() throws Exception {
    accept("refund.processed", "k1");
    assertThat(database.query("select state from payhook.event")).containsExactly("unrouted");
  }

  @Test
  void a_transacted_effect_and_its_completion_are_one_commit() throws Exception {
    AtomicInteger failures = new AtomicInteger(1);
    work.put(
        "after-save",
        exchange -> {
          if (failures.getAndDecrement() > 0) {
            throw new IOException("the line went dead");
          }
        });
    accept("payment.success", "k1");
    Eventually.holds(() -> assertThat(deliveries("route, state")).contains("save retrying"));
    assertThat(database.query("select 1 from public.effect")).isEmpty();

    dueNow();
    Eventually.holds(
        () -> assertThat(deliveries("route, state, attempts")).contains("save done 2"));
    assertThat(database.query("select 1 from public.effect")).hasSize(1);
    assertThat(
            database.query(
                "select concat_ws(' ', number, outcome, error) from payhook.attempt where route = 'save' order by number"))
        .containsExactly("1 failed IOException: the line went dead", "2 done");
  }

  @Test
  void a_delivery_whose_lease_was_lost_rolls_its_effect_back() throws Exception {
    work.put(
        "after-save",
        exchange -> {
          if (exchange.getVariable("attempt", Integer.class) == 1) {
            try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
              statement.execute(
                  "update payhook.delivery set node = 'node-b', attempts = 2 where route = 'save'");
            }
          }
        });
    accept("payment.success", "k1");
    Eventually.holds(() -> assertThat(runs).containsEntry("save", 1));
    Eventually.holds(() -> assertThat(engine.running()).isZero());
    assertThat(database.query("select 1 from public.effect")).isEmpty();
    assertThat(deliveries("route, state, attempts, node")).contains("save running 2 node-b");
  }

  @Test
  void what_may_pass_is_tried_again_until_max_attempts_and_is_then_dead() throws Exception {
    work.put(
        "record",
        exchange -> {
          throw new HttpOperationFailedException(
              "http://crm.example.com/x?secret=1", 503, "", null, Map.of(), "");
        });
    accept("payment.failed", "k1");
    for (int attempt = 1; attempt <= 2; attempt++) {
      String expected = "record retrying " + attempt + " HTTP 503 from http://crm.example.com/x";
      Eventually.holds(
          () -> assertThat(deliveries("route, state, attempts, error")).containsExactly(expected));
      dueNow();
    }
    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, attempts, category"))
                .containsExactly("record dead 3 DEAD"));
    assertThat(runs).containsEntry("record", 3);
  }

  @Test
  void what_will_never_pass_is_dead_at_once_and_touches_no_other_route() throws Exception {
    work.put(
        "record",
        exchange -> {
          throw new IllegalArgumentException("the amount 'x' is no number");
        });
    accept("payment.success", "k1");
    Eventually.holds(
        () ->
            assertThat(deliveries("route, state, attempts, error"))
                .containsExactly("record dead 1 the amount 'x' is no number", "save done 1"));
  }

  @Test
  void a_target_known_to_be_down_costs_no_attempt_and_one_delivery_goes_to_see() throws Exception {
    AtomicInteger down = new AtomicInteger(3);
    work.put(
        "record",
        exchange -> {
          if (down.getAndDecrement() > 0) {
            throw new TargetUnavailableException("the CRM is down", Duration.ofMillis(50));
          }
        });
    for (int i = 0; i < 20; i++) {
      accept("payment.failed", "k" + i);
    }
    Eventually.holds(
        () ->
            assertThat(
                    database.query(
                        "select distinct concat_ws(' ', state, attempts) from payhook.delivery"))
                .containsExactly("done 1"));
    assertThat(runs.get("record")).describedAs("20 deliveries and a few looks").isLessThan(20 + 12);
    assertThat(database.query("select 1 from payhook.attempt")).hasSize(20);
  }

  @Test
  void an_ordered_route_runs_one_event_of_an_entity_at_a_time_in_the_order_received()
      throws Exception {
    List<String> order = new java.util.concurrent.CopyOnWriteArrayList<>();
    AtomicInteger atOnce = new AtomicInteger();
    work.put(
        "in-order",
        exchange -> {
          assertThat(atOnce.incrementAndGet()).isEqualTo(1);
          order.add(exchange.getVariable("eventKey", String.class));
          atOnce.decrementAndGet();
        });
    for (int i = 0; i < 8; i++) {
      accept("invoice.paid", "k" + i);
    }
    Eventually.holds(
        () -> assertThat(order).containsExactly("k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"));
  }

  @Test
  void a_route_that_is_gone_keeps_its_deliveries_and_gets_them_when_it_returns() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    work.put(
        "record",
        exchange -> {
          running.countDown();
          go.await();
          throw new IOException("down");
        });
    accept("payment.failed", "k1");
    running.await();
    go.countDown();
    Eventually.holds(
        () -> assertThat(deliveries("route, state")).containsExactly("record retrying"));

    context.getRouteController().stopRoute("record");
    dueNow();
    Eventually.holds(
        () ->
            assertThat(
                    database.query("select route from payhook.subscriber where route = 'record'"))
                .isEmpty());
    accept("payment.failed", "k2");
    assertThat(deliveries("route, state")).containsExactly("record retrying");

    work.remove("record");
    context.getRouteController().startRoute("record");
    Eventually.holds(
        () -> assertThat(deliveries("route, state, attempts")).containsExactly("record done 2"));
  }

  @Test
  void a_route_that_is_replaced_wants_every_event_that_comes_meanwhile() throws Exception {
    EventEndpoint endpoint =
        context.getEndpoint("event:payments/replaced.event", EventEndpoint.class);
    EventConsumer consumer = new EventConsumer(endpoint, exchange -> {}, engine);
    // Among many others, so that it takes a while to look at them all.
    for (int i = 0; i < 500; i++) {
      engine.open("other-" + i, consumer);
    }
    try (DeliveryEngine.Keeping keeping = engine.keepSubscriptions()) {
      Lane lane = engine.open("replaced", consumer);
      AtomicInteger looks = new AtomicInteger();
      CompletableFuture<List<String>> lacking =
          CompletableFuture.supplyAsync(
              () -> {
                List<String> missing = new ArrayList<>();
                while (looks.getAndIncrement() < 20_000) {
                  List<String> routes =
                      engine.recipientsOf("payments", null, "replaced.event").stream()
                          .peek(recipient -> recipient.dropped())
                          .map(recipient -> recipient.route())
                          .toList();
                  if (!routes.contains("replaced")) {
                    missing.add("look " + looks);
                  }
                }
                return missing;
              });
      while (!lacking.isDone()) {
        engine.close(lane);
        lane = engine.open("replaced", consumer);
      }
      assertThat(lacking.get()).isEmpty();
    }
  }

  @Test
  void draining_finishes_what_runs_and_gives_back_what_waits() throws Exception {
    CountDownLatch running = new CountDownLatch(2);
    CountDownLatch go = new CountDownLatch(1);
    work.put(
        "record",
        exchange -> {
          running.countDown();
          go.await();
        });
    for (int i = 0; i < 10; i++) {
      accept("payment.failed", "k" + i);
    }
    running.await();
    Thread draining =
        new Thread(
            () -> {
              try {
                engine.drain(Duration.ofSeconds(20));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    draining.start();
    Eventually.holds(
        () ->
            assertThat(database.query("select state from payhook.delivery where state = 'pending'"))
                .hasSize(8));
    go.countDown();
    draining.join();
    Eventually.holds(
        () ->
            assertThat(database.query("select state from payhook.delivery where state = 'done'"))
                .hasSize(2));
  }
}

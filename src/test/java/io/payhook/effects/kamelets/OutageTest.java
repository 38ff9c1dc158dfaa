package io.payhook.effects.kamelets;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.delivery.Breakers;
import io.payhook.delivery.DeliveryConnections;
import io.payhook.delivery.DeliveryEngine;
import io.payhook.delivery.DeliveryOptions;
import io.payhook.delivery.EventComponent;
import io.payhook.effects.Texts;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Migrations;
import io.payhook.journal.StoredEvent;
import io.payhook.journal.SubscriptionTable;
import io.payhook.journal.TestJournal;
import io.payhook.kit.Json;
import io.payhook.testing.Eventually;
import io.payhook.testing.SettableClock;
import io.payhook.testing.TestDatabase;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.builder.NoErrorHandlerBuilder;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The CRM goes away and comes back, with the bundled routes of a failed payment over a journal. */
@Tag("service")
class OutageTest {
  private static final Path INTEGRATION = Path.of("routes/payments").toAbsolutePath();
  private static final Duration AWAY = Duration.ofMillis(50);
  private static final int PERIODS = 5;
  private static final int CONCURRENCY = 4;

  @TempDir Path folder;
  private final TestDatabase database =
      TestDatabase.create(
          "outage",
          dataSource -> {
            Migrations.integration(dataSource, INTEGRATION.resolve("sql/schema"), "payments");
            Migrations.journal(dataSource);
          });
  private final DataSource dataSource = database.dataSource();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final DefaultCamelContext context = new DefaultCamelContext();
  private final AtomicInteger calls = new AtomicInteger();
  private final SettableClock clock = new SettableClock();
  private final AtomicInteger atOnce = new AtomicInteger();
  private final AtomicInteger mostAtOnce = new AtomicInteger();
  private volatile boolean down = true;
  private HttpServer crm;
  private DeliveryEngine engine;
  private TestJournal journal;

  @BeforeEach
  void start() throws Exception {
    crm = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    crm.setExecutor(Executors.newCachedThreadPool());
    crm.createContext(
        "/",
        http -> {
          calls.incrementAndGet();
          mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
          http.getRequestBody().readAllBytes();
          if (!down) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
          }
          atOnce.decrementAndGet();
          http.sendResponseHeaders(down ? 503 : 204, -1);
          http.close();
        });
    crm.start();
    Breakers breakers = new Breakers(clock, meters, AWAY, AWAY);
    engine =
        new DeliveryEngine(
            dataSource,
            new Deliveries(dataSource, "node-a", Duration.ofSeconds(30)),
            new SubscriptionTable(dataSource, "node-a"),
            new DeliveryOptions(
                20,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                CONCURRENCY,
                Duration.ofSeconds(30),
                Duration.ofMillis(20)),
            OutageTest::parse,
            breakers,
            Clock.systemUTC(),
            meters);
    journal = new TestJournal(dataSource);
    context.addComponent("event", new EventComponent(engine));
    context
        .getComponent("jdbc", JdbcComponent.class)
        .setConnectionStrategy(new DeliveryConnections());
    context.getRegistry().bind("payhook", DataSource.class, dataSource);
    Properties properties = new Properties();
    properties.put("payhook.mail.from", "Example Shop <shop@shop.example.com>");
    properties.put("payhook.crm.url", "http://127.0.0.1:" + crm.getAddress().getPort());
    context.getPropertiesComponent().setInitialProperties(properties);
    context.setStreamCaching(false);
    context.getCamelContextExtension().setErrorHandlerFactory(new NoErrorHandlerBuilder());
    Effects.bind(
        context,
        new EffectsConfig(
            new MailStandIn(folder.resolve("mail"), Clock.systemUTC()),
            "crm-token",
            Clock.systemUTC(),
            breakers),
        Texts.onDisk());
    PluginHelper.getRoutesLoader(context)
        .loadRoutes(
            PluginHelper.getResourceLoader(context)
                .resolveResource("file:" + INTEGRATION.resolve("payment-failed.camel.yaml")));
    context.start();
    engine.start();
  }

  @AfterEach
  void stop() throws Exception {
    context.stop();
    engine.close();
    journal.close();
    database.close();
    crm.stop(0);
  }

  private static Object parse(StoredEvent event) {
    try {
      return Json.MAPPER.readValue(new String(event.body(), StandardCharsets.UTF_8), Map.class);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private void accept(int number) throws Exception {
    String key = "payment.failed:" + number;
    String body =
        """
        {"event":"payment.failed","data":{"transaction_id":"T%d","amount":1500,"currency":"NGN","status":"failed",
         "customer":{"email":"ada%d@example.com","name":"Ada"}}}
        """
            .formatted(number, number);
    journal.append(
        TestJournal.event("payment.failed", key, "T" + number, body),
        engine.recipientsOf("payments", null, "payment.failed"));
  }

  private List<String> states(String route) throws Exception {
    return database.query(
        "select distinct state from payhook.delivery where route = '" + route + "'");
  }

  private double available() {
    Gauge gauge = meters.find("payhook.target.available").gauge();
    return gauge == null ? 1 : gauge.value();
  }

  @Test
  void a_crm_that_is_down_costs_one_call_a_period_and_nobody_elses_delivery() throws Exception {
    for (int i = 0; i < 100; i++) {
      accept(i);
    }
    Eventually.holds(
        () -> {
          assertThat(states("record-failure")).containsExactly("done");
          assertThat(states("failure-email")).containsExactly("done");
        });
    assertThat(database.query("select 1 from public.payment")).hasSize(100);
    try (Stream<Path> mails = Files.list(folder.resolve("mail"))) {
      assertThat(mails).hasSize(100);
    }
    Eventually.holds(() -> assertThat(available()).isZero());
    int opened = callsWhenAllHaveFailed();
    assertThat(opened)
        .describedAs("five in a row, and those that were under way when it opened")
        .isBetween(5, 5 + CONCURRENCY);
    for (int period = 1; period <= PERIODS; period++) {
      int before = calls.get();
      clock.set(clock.instant().plus(AWAY).plusMillis(1));
      Eventually.holds(() -> assertThat(calls).hasValueGreaterThan(before));
      assertThat(callsWhenAllHaveFailed()).describedAs("one a period").isEqualTo(before + 1);
    }
    mostAtOnce.set(0);
    down = false;
    clock.set(clock.instant().plus(AWAY).plusMillis(1));

    Eventually.holds(() -> assertThat(states("crm-failure")).containsExactly("done"));
    assertThat(available()).isEqualTo(1);
    assertThat(mostAtOnce).describedAs("calls at once afterwards").hasValue(CONCURRENCY);
    int failed = Integer.parseInt(database.query(count("outcome = 'failed'")).get(0));
    assertThat(failed).isLessThanOrEqualTo(5 + CONCURRENCY + PERIODS);
    assertThat(database.query(count("outcome = 'done' and route = 'crm-failure'")))
        .containsExactly("100");
    assertThat(
            Integer.parseInt(
                database
                    .query(
                        "select count(*) from payhook.delivery where route = 'crm-failure' and attempts = 1")
                    .get(0)))
        .describedAs("deliveries that only waited kept all their attempts")
        .isGreaterThanOrEqualTo(100 - failed);
  }

  private int callsWhenAllHaveFailed() throws Exception {
    Eventually.holds(
        () ->
            assertThat(database.query(count("outcome = 'failed' and route = 'crm-failure'")))
                .containsExactly(calls.toString()));
    return calls.get();
  }

  private static String count(String where) {
    return "select count(*) from payhook.attempt where " + where;
  }

  @Test
  void a_crm_whose_connection_is_refused_is_found_down_as_well() throws Exception {
    crm.stop(0);
    for (int i = 0; i < 20; i++) {
      accept(i);
    }
    Eventually.holds(() -> assertThat(available()).isZero());
    Eventually.holds(() -> assertThat(states("failure-email")).containsExactly("done"));
    assertThat(Integer.parseInt(database.query(count("route = 'crm-failure'")).get(0)))
        .isLessThan(20);
  }
}

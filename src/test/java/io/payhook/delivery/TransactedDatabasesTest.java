package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Migrations;
import io.payhook.journal.SubscriptionTable;
import io.payhook.journal.TestJournal;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.test.junit5.CamelTestSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A transacted route that writes to the journal's database and to another one. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class TransactedDatabasesTest extends CamelTestSupport {
  private final TestDatabase own = database("transacted-own", true);
  private final TestDatabase company = database("transacted-company", false);
  private final DataSource dataSource = own.dataSource();
  private final DeliveryEngine engine =
      new DeliveryEngine(
          dataSource,
          new Deliveries(dataSource, "node-a", Duration.ofSeconds(30)),
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
  private final TestJournal journal = new TestJournal(own.dataSource());
  private final AtomicInteger failures = new AtomicInteger();

  /** Both have the table, so that a row in the wrong one is not refused but found there. */
  private static TestDatabase database(String template, boolean journal) {
    return TestDatabase.create(
        template,
        dataSource -> {
          if (journal) {
            Migrations.journal(dataSource);
          }
          try (Connection connection = dataSource.getConnection();
              Statement statement = connection.createStatement()) {
            statement.execute("create table public.ledger (event text, book text)");
          }
        });
  }

  @Override
  protected CamelContext createCamelContext() throws Exception {
    CamelContext context = super.createCamelContext();
    context.addComponent("event", new EventComponent(engine));
    context
        .getComponent("jdbc", JdbcComponent.class)
        .setConnectionStrategy(new DeliveryConnections());
    context.getRegistry().bind("payhook", dataSource);
    context.getRegistry().bind("wrapped", wrapped(dataSource));
    context.getRegistry().bind("company", company.dataSource());
    return context;
  }

  @Override
  protected RoutesBuilder createRouteBuilder() {
    return new RouteBuilder() {
      @Override
      public void configure() {
        from("event:payments/invoice.paid?transacted=true")
            .routeId("book")
            .setBody(simple("insert into ledger values ('${variable.eventId}', 'own')"))
            .to("jdbc:payhook")
            .setBody(simple("insert into ledger values ('${variable.eventId}', 'wrapped')"))
            .to("jdbc:wrapped")
            .setBody(simple("insert into ledger values ('${variable.eventId}', 'company')"))
            .to("jdbc:company")
            .process(
                exchange -> {
                  if (failures.getAndDecrement() > 0) {
                    throw new IOException("the line went dead");
                  }
                });
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
    own.close();
    company.close();
  }

  private void accept() throws Exception {
    journal.append(
        TestJournal.event("invoice.paid", "k1", "T1", "{}"),
        engine.recipientsOf("payments", null, "invoice.paid"));
  }

  private void reaches(String state) throws Exception {
    Eventually.holds(
        () ->
            assertThat(own.query("select concat_ws(' ', state, attempts) from payhook.delivery"))
                .containsExactly(state));
  }

  private static void assertBooks(TestDatabase database, String... books) throws SQLException {
    assertThat(database.query("select book from ledger order by 1")).containsExactly(books);
  }

  @Test
  void each_statement_runs_in_the_database_it_names() throws Exception {
    accept();
    reaches("done 1");
    assertBooks(own, "own", "wrapped");
    assertBooks(company, "company");
  }

  @Test
  void what_another_database_got_stays_when_the_delivery_is_rolled_back() throws Exception {
    failures.set(1);
    accept();
    reaches("retrying 1");
    assertBooks(own);
    assertBooks(company, "company");

    try (Connection connection = own.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("update payhook.delivery set due_at = now() - interval '1 second'");
    }
    reaches("done 2");
    assertBooks(own, "own", "wrapped");
    assertBooks(company, "company", "company");
  }

  /** A data source by another object, as a monitoring library gives it. */
  private static DataSource wrapped(DataSource target) {
    return (DataSource)
        Proxy.newProxyInstance(
            TransactedDatabasesTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "isWrapperFor" -> ((Class<?>) arguments[0]).isInstance(target);
                  case "unwrap" -> target;
                  default -> method.invoke(target, arguments);
                });
  }
}

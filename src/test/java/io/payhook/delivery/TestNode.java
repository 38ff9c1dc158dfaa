package io.payhook.delivery;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.SubscriptionTable;
import io.payhook.testing.TestDatabase;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * A node with an engine and routes, of which a test may have several on one journal. One can die:
 * then it says nothing more, as a process that has ended.
 */
final class TestNode implements AutoCloseable {
  final String name;
  final DeliveryEngine engine;
  final Deliveries deliveries;
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final DefaultCamelContext context = new DefaultCamelContext();

  /** What a route is to do, by its id. */
  final Map<String, Processor> work = new ConcurrentHashMap<>();

  private final Set<Connection> open = ConcurrentHashMap.newKeySet();
  private final CountDownLatch end = new CountDownLatch(1);
  private final DataSource database;
  private volatile boolean dead;

  /**
   * @param routes by their ids, what follows {@code event:}
   */
  TestNode(TestDatabase database, String name, Map<String, String> routes) throws Exception {
    this.name = name;
    this.database = database.dataSource();
    DataSource mortal =
        (DataSource)
            Proxy.newProxyInstance(
                TestNode.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (self, method, arguments) -> {
                  if (method.getName().equals("getConnection")) {
                    return connection();
                  }
                  return method.getName().equals("isWrapperFor")
                      ? false
                      : method.invoke(this.database, arguments);
                });
    deliveries = new Deliveries(mortal, name, Duration.ofSeconds(30));
    engine =
        new DeliveryEngine(
            mortal,
            deliveries,
            new SubscriptionTable(mortal, name),
            new DeliveryOptions(
                20,
                Duration.ofMinutes(5),
                Duration.ofHours(1),
                Duration.ofSeconds(20),
                2,
                Duration.ofSeconds(30),
                Duration.ofMillis(50)),
            event -> null,
            new Breakers(Clock.systemUTC(), new SimpleMeterRegistry()),
            Clock.systemUTC(),
            meters);
    context.addComponent("event", new EventComponent(engine));
    context
        .getComponent("jdbc", JdbcComponent.class)
        .setConnectionStrategy(new DeliveryConnections());
    context.getRegistry().bind("payhook", mortal);
    context.addRoutes(
        new RouteBuilder() {
          @Override
          public void configure() {
            routes.forEach(
                (id, from) ->
                    from("event:" + from)
                        .routeId(id)
                        .process(exchange -> work.getOrDefault(id, e -> {}).process(exchange))
                        .choice()
                        .when(simple("${variable.sql} != null"))
                        .setBody(simple("${variable.sql}"))
                        .to("jdbc:payhook"));
          }
        });
  }

  TestNode start() throws Exception {
    context.start();
    engine.start();
    return this;
  }

  private Connection connection() throws SQLException {
    if (dead) {
      throw new SQLException("the process has ended", "08001");
    }
    Connection connection = database.getConnection();
    // As the service's own pool does: the usual timeout and a little more.
    connection.setNetworkTimeout(Runnable::run, 25_000);
    open.add(connection);
    return connection;
  }

  /** What a route does that never ends while its process lives, and never hears an interrupt. */
  void hang(Exchange exchange) {
    boolean ended = false;
    while (!ended) {
      try {
        end.await();
        ended = true;
      } catch (InterruptedException e) {
        // It goes on.
      }
    }
  }

  /** From now on it is not heard of any more; its connections end with it. */
  void die() throws SQLException {
    dead = true;
    for (Connection connection : open) {
      connection.abort(Runnable::run);
    }
  }

  double count(String route, String outcome) {
    var counter =
        meters.find("payhook.delivery.attempts").tags("route", route, "outcome", outcome).counter();
    return counter == null ? 0 : counter.count();
  }

  @Override
  public void close() {
    dead = true;
    end.countDown();
    context.getShutdownStrategy().setTimeout(1);
    engine.close();
    context.stop();
  }
}

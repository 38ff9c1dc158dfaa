package io.payhook.console;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.payhook.journal.JournalFixture;
import io.payhook.journal.JournalReader;
import io.payhook.journal.Replay;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A management port with the API over an empty journal. */
public final class ApiFixture implements AutoCloseable {
  static final Catalogue CATALOGUE =
      new Catalogue() {
        @Override
        public List<EndpointEntry> endpoints() {
          return List.of(
              new EndpointEntry(
                  "payments", "echezona", "/webhooks/payments", List.of("secret 1"), null));
        }

        @Override
        public List<ProviderEntry> providers() {
          return List.of(new ProviderEntry("echezona", "Echezona"));
        }
      };

  final AtomicInteger announced = new AtomicInteger();
  final ManagementApi api;
  private final ManagementServer server;

  public ApiFixture(String token) throws ManagementException, InterruptedException {
    this(token, JournalFixture.fresh());
  }

  public ApiFixture(String token, DataSource dataSource)
      throws ManagementException, InterruptedException {
    JournalReader reader = new JournalReader(dataSource, Duration.ofSeconds(5));
    PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    server =
        new ManagementServer(new ManagementOptions("127.0.0.1", 0, token), new Health(), meters);
    api =
        new ManagementApi(
            reader,
            new Replay(dataSource, Duration.ofSeconds(5)),
            announced::incrementAndGet,
            CATALOGUE,
            Clock.systemUTC());
    api.mount(server);
    server.beforeScrape(new BacklogMeters(reader, Duration.ZERO, meters));
    server.start();
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
  }
}

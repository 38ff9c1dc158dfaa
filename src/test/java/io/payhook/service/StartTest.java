package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.testing.DatabaseCable;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("service")
final class StartTest {
  @TempDir Path folder;

  @Test
  void a_database_that_goes_away_during_the_start_and_comes_back_only_delays_it() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        DatabaseCable cable = new DatabaseCable(port(database))) {
      cable.cutAfter(2, 3);
      try (Service service = service(database, cable, "30s")) {
        service.open();
        assertThat(cable.refusals()).isZero();
        assertThat(service.listens()).isTrue();
        assertThat(service.databaseProblem()).isEmpty();
      }
    }
  }

  @Test
  void a_database_that_does_not_come_back_ends_the_start_with_one_line() throws Exception {
    try (TestDatabase database = TestDatabase.create();
        DatabaseCable cable = new DatabaseCable(port(database))) {
      cable.cutAfter(2, Integer.MAX_VALUE);
      try (Service service = service(database, cable, "1s")) {
        assertThatThrownBy(service::open)
            .isInstanceOf(StartException.class)
            .hasMessageContaining("database")
            .hasMessageContaining("payhook.database.url")
            .message()
            .doesNotContain("\n");
      }
    }
  }

  private static int port(TestDatabase database) {
    return URI.create(database.url().substring("jdbc:".length())).getPort();
  }

  private Service service(TestDatabase database, DatabaseCable cable, String patience) {
    String port = ":" + port(database) + "/";
    return new Service(
            Settings.of(
                Map.of(
                    "payhook.data", folder.toString(),
                    "payhook.routes", "routes",
                    "payhook.database.url", database.url().replace(port, ":" + cable.port() + "/"),
                    "payhook.database.patience", patience,
                    "camel.server.port", "0",
                    "camel.server.host", "127.0.0.1",
                    "payments.finance.email", "finance@example.com")),
            Clock.systemUTC())
        .checkedBy(Check::forService);
  }
}

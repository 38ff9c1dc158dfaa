package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A journal of the version before, with events and open deliveries in it. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class UpgradeTest {

  @Test
  void every_event_and_open_delivery_is_there_afterwards_and_none_is_taken_for_lost()
      throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      Flyway.configure()
          .dataSource(database.dataSource())
          .schemas("payhook")
          .createSchemas(true)
          .locations("classpath:db/migration")
          .target("5")
          .loggers("slf4j")
          .load()
          .migrate();
      try (Connection connection = database.connect();
          Statement statement = connection.createStatement()) {
        statement.execute(
            """
            insert into payhook.event (id, endpoint, type, key, state, method, url, headers, body, entity)
            select gen_random_uuid(), 'payments', 'payment.success', 'k' || n, 'accepted', 'POST', '/', '[]', 'body',
              case when n = 1 then repeat('x', 2600) else 'tx-' || n end
            from generate_series(1, 4) n;
            insert into payhook.delivery (event_id, route, state, attempts, due_at, node)
            select id, 'r', case key when 'k1' then 'pending' when 'k2' then 'running' when 'k3' then 'retrying' else 'done' end,
              case key when 'k1' then 0 else 3 end, now() - interval '1 second', case key when 'k2' then 'node-a' end
            from payhook.event;
            insert into payhook.subscriber (route, node, endpoint, type, ordered) values ('r', 'node-a', '*', '*', false);
            """);
      }

      Migrations.journal(database.dataSource());

      assertThat(database.query("select count(*)::text from payhook.event")).containsExactly("4");
      assertThat(new SubscriptionTable(database.dataSource(), "node-b").elsewhere())
          .describedAs("a node of the version before that still runs")
          .hasSize(1);
      try (Deliveries deliveries =
          new Deliveries(database.dataSource(), "node-b", Duration.ofSeconds(30))) {
        List<Claim> claims =
            deliveries.claim(List.of(new Deliveries.Vacancy("r", 10, false)), true);
        assertThat(claims)
            .extracting(claim -> claim.event().key() + " " + claim.attempt() + " " + claim.lost())
            .containsExactlyInAnyOrder("k1 1 0", "k2 4 0", "k3 4 0");
        Claim begun = deliveries.begin(claims.get(0));
        assertThat(begun).isNotNull();
        assertThat(begun.event().body()).asString().isEqualTo("body");
      }
    }
  }
}

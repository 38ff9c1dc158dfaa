package io.payhook.journal;

import static io.payhook.journal.JournalFixture.ago;
import static io.payhook.journal.JournalFixture.delivery;
import static io.payhook.journal.JournalFixture.event;
import static io.payhook.journal.JournalFixture.execute;
import static io.payhook.journal.JournalFixture.rows;
import static io.payhook.journal.JournalFixture.subscription;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class RetentionTest {
  private static final Instant OLD = ago(40, ChronoUnit.DAYS);
  private static final String LEFT = "select id from payhook.event";

  private final DataSource dataSource = JournalFixture.fresh();
  private final Retention retention =
      new Retention(dataSource, Duration.ofDays(30), Duration.ofHours(1));

  @Test
  void an_old_event_whose_deliveries_are_over_goes_with_all_that_is_its() throws Exception {
    UUID old = event("payment.success", "tx-1", "accepted", OLD);
    delivery(old, "receipt-email", "done");
    delivery(old, "crm-contact", "skipped");

    assertThat(retention.sweep()).isEqualTo(1);

    assertThat(rows(LEFT)).isEmpty();
    assertThat(rows("select * from payhook.delivery")).isEmpty();
    assertThat(rows("select * from payhook.attempt")).isEmpty();
  }

  @Test
  void a_younger_event_stays() throws Exception {
    UUID young = event("payment.success", "tx-1", "accepted", ago(29, ChronoUnit.DAYS));
    delivery(young, "receipt-email", "done");

    assertThat(retention.sweep()).isZero();
    assertThat(rows(LEFT)).containsExactly(young.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"pending", "running", "retrying", "dead"})
  void an_event_with_one_delivery_that_is_not_over_stays_whole(String state) throws Exception {
    UUID old = event("payment.success", "tx-1", "accepted", OLD);
    delivery(old, "receipt-email", "done");
    delivery(old, "crm-contact", state);

    assertThat(retention.sweep()).isZero();
    assertThat(rows(LEFT)).hasSize(1);
    assertThat(rows("select * from payhook.delivery")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unrouted", "conflict"})
  void nothing_is_to_happen_for_an_old_unrouted_event_or_conflict(String state) throws Exception {
    event("payment.success", "tx-1", state, OLD);

    assertThat(retention.sweep()).isEqualTo(1);
  }

  @Test
  void an_event_that_waits_to_be_confirmed_stays() throws Exception {
    event("payment.success", "tx-1", "unconfirmed", OLD);

    assertThat(retention.sweep()).isZero();
  }

  @Test
  void what_stays_does_not_hide_what_comes_after_it() throws Exception {
    for (int i = 0; i < 1_100; i++) {
      UUID id = event("payment.success", "tx-" + i, "accepted", OLD.plusSeconds(i));
      if (i < 600) {
        delivery(id, "crm-contact", "dead");
      }
    }

    assertThat(retention.sweep()).isEqualTo(500);
    assertThat(rows(LEFT)).hasSize(600);
  }

  @Test
  void the_databases_clock_decides_and_not_the_nodes_that_made_the_identifier() throws Exception {
    UUID ahead =
        event("payment.success", "tx-1", "accepted", ago(30, ChronoUnit.DAYS).plusSeconds(60));
    execute(
        "update payhook.event set received_at = now() - interval '30 days 1 minute' where id = ?",
        ahead);

    assertThat(retention.sweep()).isEqualTo(1);
  }

  @Test
  void only_one_node_at_a_time_deletes() throws Exception {
    event("payment.success", "tx-1", "accepted", OLD);
    try (Connection other = dataSource.getConnection();
        Statement statement = other.createStatement()) {
      statement.execute("select pg_advisory_lock(" + 0x706179686F6F6BL + ")");

      assertThat(retention.sweep()).isZero();
      statement.execute("select pg_advisory_unlock_all()");
    }

    assertThat(retention.sweep()).isEqualTo(1);
  }

  @Test
  void an_event_that_a_replay_has_at_hand_stays() throws Exception {
    UUID old = event("payment.success", "tx-1", "accepted", OLD);
    delivery(old, "receipt-email", "done");
    subscription("receipt-email", "*", "*");
    try (Connection replaying = dataSource.getConnection();
        Statement statement = replaying.createStatement()) {
      replaying.setAutoCommit(false);
      statement.execute("select 1 from payhook.event where id = '" + old + "' for key share");

      assertThat(retention.sweep()).isZero();
      replaying.rollback();
    }

    new Replay(dataSource, Duration.ofSeconds(5)).event(old, null, true, false);
    assertThat(retention.sweep()).isZero();
  }
}

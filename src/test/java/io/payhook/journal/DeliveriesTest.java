package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.journal.Deliveries.Vacancy;
import io.payhook.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class DeliveriesTest {
  private static final Duration LEASE = Duration.ofSeconds(30);
  private final TestDatabase database = TestDatabase.create("journal", Migrations::journal);
  private final TestJournal journal = new TestJournal(database.dataSource());
  private final Deliveries a = new Deliveries(database.dataSource(), "node-a", LEASE);
  private final Deliveries b = new Deliveries(database.dataSource(), "node-b", LEASE);

  @AfterEach
  void close() {
    journal.close();
    a.close();
    b.close();
    database.close();
  }

  private void append(String key, String route, boolean ordered, String entity) throws Exception {
    journal.append(
        TestJournal.event("payment.success", key, entity, "{\"k\":\"" + key + "\"}"),
        List.of(new JournalTest.Route(route, false, ordered)));
  }

  private static List<Vacancy> places(String route, int places) {
    return List.of(new Vacancy(route, places, false));
  }

  private void sql(String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void leasesEnd() throws SQLException {
    sql(
        "update payhook.delivery set due_at = now() - interval '1 second' where state in ('running', 'retrying')");
  }

  private List<String> states() throws SQLException {
    return database.query(
        "select concat_ws(' ', state, attempts, node) from payhook.delivery order by seq");
  }

  @Test
  void two_nodes_never_claim_the_same_delivery() throws Exception {
    for (int i = 0; i < 60; i++) {
      append("k" + i, "r", false, "T");
    }
    List<CompletableFuture<List<Claim>>> claiming = new ArrayList<>();
    for (Deliveries node : List.of(a, b, a, b)) {
      claiming.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return node.claim(places("r", 15), true);
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    List<String> claimed = new ArrayList<>();
    for (CompletableFuture<List<Claim>> claims : claiming) {
      claims.get().forEach(claim -> claimed.add(claim.event().key()));
    }
    assertThat(claimed).doesNotHaveDuplicates();
    a.claim(places("r", 100), true).forEach(claim -> claimed.add(claim.event().key()));
    assertThat(claimed).hasSize(60).doesNotHaveDuplicates();
  }

  @Test
  void a_claim_takes_no_more_than_the_places_of_each_route() throws Exception {
    for (int i = 0; i < 5; i++) {
      append("k" + i, "r", false, "T");
      append("m" + i, "s", false, "T");
    }
    List<Claim> claims =
        a.claim(
            List.of(
                new Vacancy("r", 2, false),
                new Vacancy("s", 3, false),
                new Vacancy("none", 9, false)),
            true);
    assertThat(claims).extracting(Claim::route).containsExactlyInAnyOrder("r", "r", "s", "s", "s");
  }

  @Test
  void a_dead_node_s_delivery_is_claimed_again_after_its_lease_and_the_dead_can_t_complete_it()
      throws Exception {
    append("k1", "r", false, "T");
    Claim lost = a.claim(places("r", 1), true).get(0);
    assertThat(b.claim(places("r", 1), true)).describedAs("while the lease holds").isEmpty();
    leasesEnd();

    Claim taken = b.claim(places("r", 1), true).get(0);
    assertThat(taken.attempt()).isEqualTo(2);
    assertThat(taken.idempotencyKey()).isEqualTo(lost.idempotencyKey());

    try (Connection transaction = database.connect()) {
      transaction.setAutoCommit(false);
      assertThat(a.completeIn(transaction, Settlement.done(lost, Instant.now(), Duration.ZERO)))
          .isFalse();
      transaction.rollback();
      assertThat(b.completeIn(transaction, Settlement.done(taken, Instant.now(), Duration.ZERO)))
          .isTrue();
      transaction.commit();
    }
    assertThat(states()).containsExactly("done 2");
  }

  @Test
  void a_settlement_of_a_lost_lease_changes_nothing() throws Exception {
    append("k1", "r", false, "T");
    Claim lost = a.claim(places("r", 1), true).get(0);
    leasesEnd();
    b.claim(places("r", 1), true);

    a.settle(Settlement.done(lost, Instant.now(), Duration.ZERO));
    a.close();

    assertThat(states()).containsExactly("running 2 node-b");
    assertThat(database.query("select 1 from payhook.attempt")).isEmpty();
  }

  @Test
  void of_two_attempts_that_are_settled_together_only_the_one_that_holds_the_lease_counts()
      throws Exception {
    append("k1", "r", false, "T");
    append("k2", "s", false, "T");
    Claim lost = a.claim(places("r", 1), true).get(0);
    leasesEnd();
    Claim held = a.claim(places("r", 1), true).get(0);
    Claim other = a.claim(places("s", 1), true).get(0);
    try (Connection busy = database.connect();
        Statement statement = busy.createStatement()) {
      busy.setAutoCommit(false);
      statement.execute("lock table payhook.delivery in access exclusive mode");
      a.settle(Settlement.done(other, Instant.now(), Duration.ZERO));
      while (database
          .query(
              "select 1 from pg_locks where not granted and relation = 'payhook.delivery'::regclass")
          .isEmpty()) {
        Thread.onSpinWait();
      }
      // What comes while the first is written goes together.
      a.settle(Settlement.done(lost, Instant.now(), Duration.ZERO));
      a.settle(Settlement.done(held, Instant.now(), Duration.ZERO));
      busy.commit();
    }
    a.close();

    assertThat(states()).containsExactly("done 2", "done 1");
    assertThat(database.query("select number from payhook.attempt where route = 'r'"))
        .containsExactly("2");
    assertThat(a.renew(List.of(lost))).isEmpty();
  }

  @Test
  void renewing_puts_off_the_end_of_a_lease_and_tells_which_are_lost() throws Exception {
    append("k1", "r", false, "T");
    append("k2", "r", false, "T");
    List<Claim> claims = a.claim(places("r", 2), true);
    sql(
        "update payhook.delivery set due_at = now() - interval '1 second' where event_id = '"
            + claims.get(0).event().id()
            + "'");
    Claim stolen = b.claim(places("r", 1), true).get(0);
    assertThat(stolen.event().id()).isEqualTo(claims.get(0).event().id());

    assertThat(a.renew(claims)).containsExactly(claims.get(1));
  }

  @Test
  void a_failed_attempt_is_due_again_only_after_its_wait() throws Exception {
    append("k1", "r", false, "T");
    Claim claim = a.claim(places("r", 1), true).get(0);
    a.settle(
        new Settlement(
            claim,
            Settlement.Outcome.RETRY,
            Instant.now(),
            Duration.ofMillis(5),
            Duration.ofMinutes(5),
            "DELIVERY_FAILED",
            "HTTP 503"));
    a.close();

    assertThat(states()).containsExactly("retrying 1");
    assertThat(b.claim(places("r", 1), true)).isEmpty();
    assertThat(
            database.query(
                "select concat_ws(' ', number, outcome, category, error) from payhook.attempt"))
        .containsExactly("1 failed DELIVERY_FAILED HTTP 503");
    leasesEnd();
    assertThat(b.claim(places("r", 1), true)).extracting(Claim::attempt).containsExactly(2);
  }

  @Test
  void a_claim_that_passes_over_the_past_gets_what_is_newer_and_the_next_whole_one_the_rest()
      throws Exception {
    append("late", "r", false, "T");
    sql("update payhook.delivery set state = 'dead'");
    for (int i = 0; i < 5; i++) {
      append("k" + i, "r", false, "T");
    }
    assertThat(a.claim(places("r", 2), true)).hasSize(2);
    sql(
        "update payhook.delivery set state = 'pending', due_at = now() - interval '1 minute' where state = 'dead'");

    assertThat(a.claim(places("r", 10), false))
        .extracting(claim -> claim.event().key())
        .containsExactly("k2", "k3", "k4");
    assertThat(a.claim(places("r", 10), true))
        .extracting(claim -> claim.event().key())
        .containsExactly("late");
  }

  @Test
  void a_claim_is_read_when_its_attempt_begins_and_not_after_its_lease() throws Exception {
    append("k1", "r", false, "T");
    append("k2", "r", false, "T");
    List<Claim> claims = a.claim(places("r", 2), true);
    assertThat(claims).allMatch(claim -> !claim.event().isRead());
    Claim begun = a.begin(claims.get(0));
    assertThat(begun).isNotNull();
    assertThat(begun.event().body()).asString().isEqualTo("{\"k\":\"k1\"}");
    assertThat(begun.size()).isEqualTo(begun.event().body().length);

    leasesEnd();
    assertThat(a.begin(claims.get(1))).isNull();
    assertThat(a.claim(places("r", 2), true))
        .describedAs("what this process runs itself is not claimed by it")
        .extracting(claim -> claim.event().key())
        .containsExactly("k2");
    Claim taken = b.claim(places("r", 2), true).get(0);
    assertThat(taken.event().key()).isEqualTo("k1");
    assertThat(taken.lost()).isEqualTo(1);
    assertThat(taken.tries()).isEqualTo(2);
  }

  @Test
  void a_released_delivery_is_as_if_it_had_not_been_claimed() throws Exception {
    append("k1", "r", false, "T");
    Claim claim = a.claim(places("r", 1), true).get(0);
    a.settle(Settlement.release(claim, Instant.now(), Duration.ZERO));
    a.close();

    assertThat(states()).containsExactly("pending 0");
    assertThat(database.query("select 1 from payhook.attempt")).isEmpty();
    assertThat(b.claim(places("r", 1), true)).extracting(Claim::attempt).containsExactly(1);
  }

  @Test
  void
      an_ordered_route_gets_one_event_of_an_entity_at_a_time_and_a_stuck_one_holds_back_only_its_own()
          throws Exception {
    append("a1", "r", true, "A");
    append("a2", "r", true, "A");
    append("b1", "r", true, "B");

    List<Claim> first = a.claim(places("r", 10), true);
    assertThat(first).extracting(claim -> claim.event().key()).containsExactly("a1", "b1");
    assertThat(b.claim(places("r", 10), true)).isEmpty();

    a.settle(
        new Settlement(
            first.get(0),
            Settlement.Outcome.RETRY,
            Instant.now(),
            Duration.ZERO,
            Duration.ofMinutes(5),
            "DELIVERY_FAILED",
            "down"));
    a.settle(Settlement.done(first.get(1), Instant.now(), Duration.ZERO));
    a.close();
    append("b2", "r", true, "B");
    assertThat(b.claim(places("r", 10), true))
        .extracting(claim -> claim.event().key())
        .containsExactly("b2");

    leasesEnd();
    assertThat(b.claim(places("r", 10), true))
        .extracting(claim -> claim.event().key())
        .contains("a1")
        .doesNotContain("a2");
  }

  @Test
  void subscriptions_of_all_nodes_are_known_to_each() throws Exception {
    SubscriptionTable one = new SubscriptionTable(database.dataSource(), "node-a");
    SubscriptionTable two = new SubscriptionTable(database.dataSource(), "node-b");
    one.replace(List.of(new SubscriptionTable.Row("r", "payments", "*", false)));
    two.replace(
        List.of(
            new SubscriptionTable.Row("r", "payments", "*", false),
            new SubscriptionTable.Row("s", "*", "x", true)));

    assertThat(one.elsewhere()).extracting(SubscriptionTable.Row::route).containsExactly("r", "s");
    assertThat(two.elsewhere()).extracting(SubscriptionTable.Row::route).containsExactly("r");
    two.replace(List.of());
    assertThat(one.elsewhere()).isEmpty();
  }
}

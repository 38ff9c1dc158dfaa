package io.payhook.journal;

import static io.payhook.journal.JournalFixture.ago;
import static io.payhook.journal.JournalFixture.delivery;
import static io.payhook.journal.JournalFixture.event;
import static io.payhook.journal.JournalFixture.execute;
import static io.payhook.journal.JournalFixture.rows;
import static io.payhook.journal.JournalFixture.subscription;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.payhook.journal.Replay.Action;
import io.payhook.journal.Replay.Kind;
import io.payhook.journal.Replay.Outcome;
import io.payhook.journal.Replay.Selection;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class ReplayTest {
  private static final String STATES =
      "select route, state, attempts, forgiven, run from payhook.delivery order by event_id, route";

  private final DataSource dataSource = JournalFixture.fresh();
  private final Replay replay = new Replay(dataSource, Duration.ofSeconds(5));
  private UUID event;

  @BeforeEach
  void one_event_two_routes() {
    subscription("receipt-email", "payments", "payment.*");
    subscription("crm-contact", "*", "payment.success");
    event = event("payment.success", "tx-1");
  }

  @Test
  void a_dead_delivery_is_pending_again_with_all_its_attempts_and_the_same_run() throws Exception {
    delivery(event, "receipt-email", "dead");

    List<Outcome> outcomes = replay.event(event, "receipt-email", false, false);

    assertThat(outcomes)
        .containsExactly(new Outcome(event, "receipt-email", Action.REPLAYED, "dead", 1, ""));
    assertThat(rows(STATES)).containsExactly("receipt-email pending 1 1 1");
    assertThat(claimOf("node-1", "receipt-email"))
        .satisfies(
            claim -> {
              assertThat(claim.attempt()).isEqualTo(2);
              assertThat(claim.tries()).isEqualTo(1);
              assertThat(claim.idempotencyKey()).isEqualTo(event + ".receipt-email");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"skipped", "retrying"})
  void what_was_skipped_or_waits_for_a_retry_is_pending_and_due_at_once(String state)
      throws Exception {
    delivery(event, "receipt-email", state);

    replay.event(event, "receipt-email", false, false);

    assertThat(rows(STATES)).containsExactly("receipt-email pending 1 1 1");
    assertThat(rows("select due_at <= now(), done_at from payhook.delivery"))
        .containsExactly("t null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"done", "running", "pending"})
  void what_is_done_or_runs_or_waits_is_left_as_it_is(String state) throws Exception {
    delivery(event, "receipt-email", state);
    List<String> before = rows("select * from payhook.delivery");

    List<Outcome> outcomes = replay.event(event, "receipt-email", false, false);

    assertThat(outcomes).singleElement().extracting(Outcome::action).isEqualTo(Action.LEFT);
    assertThat(rows("select * from payhook.delivery")).isEqualTo(before);
  }

  @Test
  void a_done_delivery_replayed_on_purpose_begins_a_new_run_under_a_new_key() throws Exception {
    delivery(event, "receipt-email", "done");

    replay.event(event, "receipt-email", true, false);

    assertThat(rows(STATES)).containsExactly("receipt-email pending 1 1 2");
    assertThat(claimOf("node-1", "receipt-email").idempotencyKey())
        .isEqualTo(event + ".receipt-email.r2");
  }

  @Test
  void a_running_delivery_is_not_touched_even_on_purpose() throws Exception {
    delivery(event, "receipt-email", "running");

    replay.event(event, "receipt-email", true, false);

    assertThat(rows(STATES)).containsExactly("receipt-email running 1 0 1");
  }

  @Test
  void whoever_holds_an_old_claim_settles_nothing_after_a_replay() throws Exception {
    delivery(event, "receipt-email", "pending");
    Claim old = claimOf("node-1", "receipt-email");
    // Another node took it over when the lease had ended, and gave it up.
    execute("update payhook.delivery set state = 'dead', attempts = 2, node = null");
    replay.event(event, "receipt-email", false, false);
    Claim held = claimOf("node-1", "receipt-email");

    try (Deliveries node = new Deliveries(dataSource, "node-1", Duration.ofMinutes(1))) {
      assertThat(held.attempt()).isEqualTo(3);
      assertThat(node.renew(List.of(old))).isEmpty();
      try (Connection connection = dataSource.getConnection()) {
        assertThat(node.completeIn(connection, Settlement.done(old, Instant.now(), Duration.ZERO)))
            .isFalse();
        assertThat(node.completeIn(connection, Settlement.done(held, Instant.now(), Duration.ZERO)))
            .isTrue();
      }
    }
    assertThat(rows("select run, number, outcome from payhook.attempt"))
        .containsExactly("1 3 done");
  }

  @Test
  void no_attempt_is_numbered_twice_whatever_is_replayed() throws Exception {
    delivery(event, "receipt-email", "pending");
    try (Deliveries node = new Deliveries(dataSource, "node-1", Duration.ofMinutes(1))) {
      for (int i = 0; i < 4; i++) {
        Claim claim = claimOf("node-1", "receipt-email");
        try (Connection connection = dataSource.getConnection()) {
          assertThat(
                  node.completeIn(connection, Settlement.done(claim, Instant.now(), Duration.ZERO)))
              .isTrue();
        }
        replay.event(event, "receipt-email", true, false);
      }
    }

    assertThat(rows("select run, number from payhook.attempt order by number"))
        .containsExactly("1 1", "2 2", "3 3", "4 4");
  }

  @Test
  void a_dry_run_tells_the_same_and_changes_nothing() throws Exception {
    delivery(event, "receipt-email", "dead");
    delivery(event, "crm-contact", "done");
    List<String> before = rows("select * from payhook.delivery order by route");

    List<Outcome> told = replay.event(event, null, true, true);

    assertThat(rows("select * from payhook.delivery order by route")).isEqualTo(before);
    assertThat(replay.event(event, null, true, false)).isEqualTo(told);
  }

  @Test
  void an_event_that_no_route_wanted_is_given_to_those_that_want_it_now() throws Exception {
    UUID unrouted = event("payment.success", "tx-2", "unrouted", Instant.now());

    List<Outcome> outcomes = replay.event(unrouted, null, false, false);

    assertThat(outcomes)
        .extracting(Outcome::route, Outcome::action)
        .containsExactly(
            tuple("crm-contact", Action.CREATED), tuple("receipt-email", Action.CREATED));
    assertThat(rows("select state from payhook.event where id = ?", unrouted))
        .containsExactly("accepted");
    assertThat(rows(STATES))
        .containsExactly("crm-contact pending 0 0 1", "receipt-email pending 0 0 1");
  }

  @Test
  void an_event_that_no_route_wants_stays_unrouted() throws Exception {
    UUID unrouted = event("dispute.opened", "tx-2", "unrouted", Instant.now());

    assertThat(replay.event(unrouted, null, false, false)).isEmpty();
    assertThat(rows("select state from payhook.event where id = ?", unrouted))
        .containsExactly("unrouted");
  }

  @Test
  void a_route_added_later_gets_an_older_event_only_when_it_is_named() throws Exception {
    delivery(event, "receipt-email", "done");

    assertThat(replay.event(event, null, false, false))
        .filteredOn(outcome -> outcome.route().equals("crm-contact"))
        .singleElement()
        .extracting(Outcome::action)
        .isEqualTo(Action.LEFT);
    assertThat(replay.event(event, "crm-contact", false, false))
        .containsExactly(new Outcome(event, "crm-contact", Action.CREATED, "none", 1, ""));
    assertThat(rows(STATES))
        .containsExactly("crm-contact pending 0 0 1", "receipt-email done 1 0 1");
  }

  @Test
  void a_named_route_gets_an_event_that_its_pattern_does_not_fit() throws Exception {
    UUID unrouted = event("dispute.opened", "tx-2", "unrouted", Instant.now());

    replay.event(unrouted, "crm-contact", false, false);

    assertThat(rows("select route, state from payhook.delivery"))
        .containsExactly("crm-contact pending");
    assertThat(rows("select state from payhook.event where id = ?", unrouted))
        .containsExactly("accepted");
  }

  @Test
  void a_delivery_created_for_an_ordered_route_is_ordered_by_its_entity() throws Exception {
    subscription("ledger", "payments", "*", true);

    replay.event(event, "ledger", false, false);

    assertThat(rows("select route, entity from payhook.delivery")).containsExactly("ledger tx-1");
  }

  @Test
  void a_route_that_nobody_subscribes_to_is_refused_with_those_there_are() {
    assertThatThrownBy(() -> replay.event(event, "recipt-email", false, false))
        .isInstanceOfSatisfying(
            ReplayException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ReplayException.Reason.NO_ROUTE);
              assertThat(e.known()).containsExactly("crm-contact", "receipt-email");
            });
    assertThat(rows(STATES)).isEmpty();
  }

  @Test
  void a_delivery_of_a_route_that_is_gone_is_put_back_and_said_to_wait() throws Exception {
    delivery(event, "old-route", "dead");

    assertThat(replay.event(event, "old-route", false, false))
        .singleElement()
        .satisfies(
            outcome -> {
              assertThat(outcome.action()).isEqualTo(Action.REPLAYED);
              assertThat(outcome.note()).contains("nobody subscribes");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"conflict", "unconfirmed"})
  void no_route_runs_for_a_conflict_or_what_is_not_confirmed(String state) {
    UUID other = event("payment.success", "tx-2", state, Instant.now());

    assertThatThrownBy(() -> replay.event(other, "crm-contact", true, false))
        .isInstanceOfSatisfying(
            ReplayException.class,
            e -> assertThat(e.reason()).isEqualTo(ReplayException.Reason.NOT_DELIVERABLE));
    assertThat(rows(STATES)).isEmpty();
  }

  @Test
  void an_event_that_is_not_there_is_said_not_to_be_there() {
    assertThatThrownBy(() -> replay.event(new UUID(1, 2), null, false, false))
        .isInstanceOfSatisfying(
            ReplayException.class,
            e -> assertThat(e.reason()).isEqualTo(ReplayException.Reason.NO_EVENT));
  }

  @Test
  void all_that_is_dead_is_put_back_by_route_endpoint_and_time() throws Exception {
    UUID old = event("payment.success", "tx-old", "accepted", ago(2, ChronoUnit.HOURS));
    UUID elsewhere =
        event("refunds", "payment.success", "tx-3", "accepted", Instant.now(), new byte[0]);
    for (UUID id : List.of(event, old, elsewhere)) {
      delivery(id, "receipt-email", "dead");
      delivery(id, "crm-contact", "dead");
    }
    delivery(event, "ledger", "done");

    assertThat(bulk(Kind.DEAD, "receipt-email", "pay*", ago(1, ChronoUnit.HOURS)))
        .isEqualTo(Map.of("receipt-email", 1));
    assertThat(rows("select event_id, route from payhook.delivery where state = 'pending'"))
        .containsExactly(event + " receipt-email");
    assertThat(bulk(Kind.DEAD, null, null, null))
        .isEqualTo(Map.of("receipt-email", 2, "crm-contact", 3));
    assertThat(rows("select route, state from payhook.delivery where state <> 'pending'"))
        .containsExactly("ledger done");
  }

  @Test
  void many_are_put_back_in_calls_that_each_end_at_their_limit() throws Exception {
    execute(
        """
        insert into payhook.delivery (event_id, route, state, attempts)
        select e.id, r.route, 'dead', 20 from payhook.event e cross join (values ('a'), ('b')) r(route)
        """);
    for (int i = 2; i <= 700; i++) {
      delivery(event("payment.success", "tx-" + i), i % 2 == 0 ? "a" : "b", "dead");
    }
    int total = 0;
    int calls = 0;
    Replay.Position after = null;
    do {
      Replay.Bulk bulk = replay.bulk(new Selection(Kind.DEAD, null, null, null, after, 300), false);
      assertThat(bulk.total()).isLessThanOrEqualTo(300);
      total += bulk.total();
      calls++;
      after = bulk.next();
    } while (after != null);

    assertThat(total).isEqualTo(701);
    assertThat(calls).isEqualTo(3);
    assertThat(rows("select distinct state from payhook.delivery")).containsExactly("pending");
  }

  @Test
  void a_bulk_dry_run_counts_and_changes_nothing() throws Exception {
    delivery(event, "receipt-email", "dead");

    assertThat(replay.bulk(new Selection(Kind.DEAD, null, null, null, null, 10), true).routes())
        .isEqualTo(Map.of("receipt-email", 1));
    assertThat(rows(STATES)).containsExactly("receipt-email dead 1 0 1");
  }

  @Test
  void what_waits_for_a_retry_can_be_tried_at_once() throws Exception {
    delivery(event, "receipt-email", "retrying");
    delivery(event, "crm-contact", "running");

    assertThat(bulk(Kind.RETRYING, null, null, null)).isEqualTo(Map.of("receipt-email", 1));
    assertThat(rows(STATES))
        .containsExactly("crm-contact running 1 0 1", "receipt-email pending 1 1 1");
  }

  @Test
  void all_unrouted_events_are_given_to_the_routes_that_want_them_now() throws Exception {
    UUID wanted = event("payment.failed", "tx-2", "unrouted", Instant.now());
    UUID unwanted = event("dispute.opened", "tx-3", "unrouted", Instant.now());

    assertThat(bulk(Kind.UNROUTED, null, null, null)).isEqualTo(Map.of("receipt-email", 1));
    assertThat(rows("select event_id, route from payhook.delivery"))
        .containsExactly(wanted + " receipt-email");
    assertThat(rows("select id from payhook.event where state = 'unrouted'"))
        .containsExactly(unwanted.toString());
  }

  @Test
  void a_new_route_is_given_the_events_it_never_got_and_no_others() throws Exception {
    delivery(event, "receipt-email", "done");
    UUID got = event("payment.success", "tx-2");
    delivery(got, "crm-contact", "done");
    event("payment.failed", "tx-3");
    event("payment.success", "tx-4", "accepted", ago(3, ChronoUnit.HOURS));
    event("payment.success", "tx-5", "conflict", Instant.now());

    assertThat(bulk(Kind.MISSING, "crm-contact", null, ago(1, ChronoUnit.HOURS)))
        .isEqualTo(Map.of("crm-contact", 1));
    assertThat(rows("select event_id, route from payhook.delivery where state = 'pending'"))
        .containsExactly(event + " crm-contact");
    assertThat(bulk(Kind.MISSING, "crm-contact", null, ago(1, ChronoUnit.HOURS))).isEmpty();
  }

  private Map<String, Integer> bulk(Kind kind, String route, String endpoint, Instant since)
      throws SQLException, ReplayException {
    Replay.Bulk bulk = replay.bulk(new Selection(kind, route, endpoint, since, null, 1000), false);
    assertThat(bulk.next()).isNull();
    return bulk.routes();
  }

  private Claim claimOf(String node, String route) throws SQLException {
    try (Deliveries deliveries = new Deliveries(dataSource, node, Duration.ofMinutes(1))) {
      List<Claim> claims = deliveries.claim(List.of(new Deliveries.Vacancy(route, 1, false)), true);
      assertThat(claims).hasSize(1);
      return claims.get(0);
    }
  }
}

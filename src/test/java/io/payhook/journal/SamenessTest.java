package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What tells a repeat from a new event, besides its key. */
@Tag("service")
class SamenessTest {
  private final TestDatabase database = TestDatabase.create("journal", Migrations::journal);
  private final TestJournal journal = new TestJournal(database.dataSource(), 2, 1_000);

  @AfterEach
  void close() {
    journal.close();
    database.close();
  }

  private static NewEvent event(
      String key, String body, byte @Nullable [] digest, @Nullable Duration recursWithin) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return new NewEvent(
        "payments",
        "subscription.disable",
        key,
        Facts.NONE,
        null,
        "POST",
        "/",
        "application/json",
        "[]",
        bytes,
        new NewEvent.Sameness(stored -> Arrays.equals(stored, bytes), null, digest, recursWithin));
  }

  private Receipt append(NewEvent event) throws Exception {
    return journal.append(event, List.of());
  }

  private static NewEvent recurring(String body) {
    return event("SUB_1", body, null, Duration.ofDays(3));
  }

  private List<String> keys() throws Exception {
    return database.query("select key from payhook.event order by id");
  }

  @Test
  void an_equal_body_within_the_retry_horizon_is_a_repeat() throws Exception {
    Receipt first = append(recurring("{\"n\":1}"));
    assertThat(append(recurring("{\"n\":1}")))
        .isEqualTo(new Receipt(first.id(), Receipt.Status.DUPLICATE));
    assertThat(keys()).containsExactly("SUB_1");
  }

  @Test
  void an_equal_body_after_the_retry_horizon_is_a_new_event() throws Exception {
    append(recurring("{\"n\":1}"));
    database.update("update payhook.event set received_at = now() - interval '73 hours'");
    Receipt second = append(recurring("{\"n\":1}"));
    assertThat(second.status()).isEqualTo(Receipt.Status.ACCEPTED);
    assertThat(append(recurring("{\"n\":1}")))
        .isEqualTo(new Receipt(second.id(), Receipt.Status.DUPLICATE));
    assertThat(keys()).containsExactly("SUB_1", "SUB_1#2");
  }

  @Test
  void another_body_is_a_new_event_and_never_a_conflict() throws Exception {
    Receipt first = append(recurring("{\"n\":1}"));
    assertThat(append(recurring("{\"n\":2}")).status()).isEqualTo(Receipt.Status.ACCEPTED);
    assertThat(append(recurring("{\"n\":3}")).status()).isEqualTo(Receipt.Status.ACCEPTED);
    assertThat(append(recurring("{\"n\":1}")))
        .isEqualTo(new Receipt(first.id(), Receipt.Status.DUPLICATE));
    assertThat(keys()).containsExactly("SUB_1", "SUB_1#2", "SUB_1#3");
    assertThat(database.query("select distinct state from payhook.event"))
        .containsExactly("unrouted");
  }

  @Test
  void a_state_may_come_back_more_often_than_one_look_finds() throws Exception {
    for (int i = 0; i < 70; i++) {
      assertThat(append(recurring("{\"n\":" + i + "}")).status())
          .isEqualTo(Receipt.Status.ACCEPTED);
    }
    assertThat(append(recurring("{\"n\":69}")).status()).isEqualTo(Receipt.Status.DUPLICATE);
    assertThat(keys()).hasSize(70).endsWith("SUB_1#70");
  }

  @Test
  void two_nodes_that_get_the_same_new_event_at_once_keep_one() throws Exception {
    append(recurring("{\"n\":0}"));
    try (TestJournal other = new TestJournal(database.dataSource(), 2, 1_000)) {
      List<CompletableFuture<Receipt>> answers = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        TestJournal one = i % 2 == 0 ? journal : other;
        answers.add(one.begin(recurring("{\"n\":" + i / 4 + "}"), List.of()));
      }
      List<Receipt> receipts = answers.stream().map(CompletableFuture::join).toList();
      // Body 0 is there already, the other nine are new; each came four times.
      assertThat(receipts).filteredOn(r -> r.status() == Receipt.Status.ACCEPTED).hasSize(9);
      assertThat(database.query("select count(distinct body) from payhook.event"))
          .containsExactly("10");
      assertThat(keys()).hasSize(10);
    }
  }

  @Test
  void the_same_signed_bytes_under_another_key_are_a_repeat() throws Exception {
    byte[] digest = {1, 2, 3};
    Receipt first = append(event("id-1", "{}", digest, null));
    assertThat(append(event("id-2", "{}", digest, null)))
        .isEqualTo(new Receipt(first.id(), Receipt.Status.DUPLICATE));
    assertThat(append(event("id-3", "{\"other\":1}", digest, null)))
        .isEqualTo(new Receipt(first.id(), Receipt.Status.DUPLICATE));
    assertThat(append(event("id-2", "{\"n\":1}", new byte[] {4}, null)).status())
        .isEqualTo(Receipt.Status.ACCEPTED);
    assertThat(keys()).containsExactly("id-1", "id-2");
  }

  @Test
  void the_same_signed_bytes_in_one_commit_are_one_event() throws Exception {
    List<CompletableFuture<Receipt>> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      answers.add(journal.begin(event("id-" + i, "{}", new byte[] {9}, null), List.of()));
    }
    List<Receipt> receipts = answers.stream().map(CompletableFuture::join).toList();
    assertThat(receipts).filteredOn(r -> r.status() == Receipt.Status.ACCEPTED).hasSize(1);
    assertThat(receipts.stream().map(Receipt::id).distinct()).hasSize(1);
    assertThat(keys()).hasSize(1);
  }

  @Test
  void a_conflict_is_released_to_the_routes_that_want_it_now() throws Exception {
    append(event("k1", "{\"amount\":5}", null, null));
    assertThat(append(event("k1", "{\"amount\":6}", null, null)).status())
        .isEqualTo(Receipt.Status.CONFLICT);
    UUID conflict =
        UUID.fromString(
            database.query("select id from payhook.event where state = 'conflict'").get(0));
    database.update(
        "insert into payhook.subscriber (route, node, endpoint, type, ordered) values ('record', 'n', 'payments', 'subscription.*', false)");
    Replay replay = new Replay(database.dataSource(), Duration.ofSeconds(10));

    assertThat(replay.release(conflict, true)).hasSize(1);
    assertThat(database.query("select count(*) from payhook.delivery")).containsExactly("0");

    assertThat(replay.release(conflict, false))
        .containsExactly(
            new Replay.Outcome(conflict, "record", Replay.Action.CREATED, "none", 1, ""));
    assertThat(
            database.query(
                "select concat_ws(' ', e.state, d.state, e.released_at is not null) from payhook.event e join payhook.delivery d on d.event_id = e.id"))
        .containsExactly("accepted pending t");

    assertThatThrownBy(() -> replay.release(conflict, false))
        .isInstanceOf(ReplayException.class)
        .hasMessageContaining("is no conflict but accepted");
  }

  @Test
  void a_conflict_that_no_route_wants_is_unrouted_when_it_is_released() throws Exception {
    append(event("k1", "{\"amount\":5}", null, null));
    append(event("k1", "{\"amount\":6}", null, null));
    UUID conflict =
        UUID.fromString(
            database.query("select id from payhook.event where state = 'conflict'").get(0));
    Replay replay = new Replay(database.dataSource(), Duration.ofSeconds(10));
    assertThat(replay.release(conflict, false)).isEmpty();
    assertThat(database.query("select state from payhook.event where id = '" + conflict + "'"))
        .containsExactly("unrouted");
    assertThatThrownBy(() -> replay.release(UUID.randomUUID(), false))
        .hasMessageContaining("there is no event");
  }
}

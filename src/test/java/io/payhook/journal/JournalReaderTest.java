package io.payhook.journal;

import static io.payhook.journal.JournalFixture.ago;
import static io.payhook.journal.JournalFixture.delivery;
import static io.payhook.journal.JournalFixture.event;
import static io.payhook.journal.JournalFixture.execute;
import static io.payhook.journal.JournalFixture.rejection;
import static io.payhook.journal.JournalFixture.subscription;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.journal.JournalReader.DeliveryQuery;
import io.payhook.journal.JournalReader.DeliveryRow;
import io.payhook.journal.JournalReader.EventQuery;
import io.payhook.journal.JournalReader.EventRow;
import io.payhook.journal.JournalReader.Page;
import io.payhook.journal.JournalReader.Position;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class JournalReaderTest {
  private final DataSource dataSource = JournalFixture.fresh();
  private final JournalReader reader = new JournalReader(dataSource, Duration.ofSeconds(5));

  // Events

  @Test
  void the_newest_event_is_first() throws Exception {
    event("payment.success", "old", "accepted", ago(2, ChronoUnit.HOURS));
    event("payment.success", "new", "accepted", ago(1, ChronoUnit.HOURS));

    assertThat(keys(search(null, null, null, null, null))).containsExactly("new", "old");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100})
  void pages_never_exceed_their_limit_and_together_are_the_list(int limit) throws Exception {
    List<UUID> all = new ArrayList<>();
    for (int i = 0; i < 23; i++) {
      all.add(
          event("payment.success", "tx-" + i, i % 5 == 0 ? "unrouted" : "accepted", Instant.now()));
    }
    Collections.reverse(all);

    List<UUID> seen = new ArrayList<>();
    UUID before = null;
    do {
      Page<EventRow, UUID> page =
          reader.events(new EventQuery(null, null, null, null, null, before, limit));
      assertThat(page.items()).hasSizeLessThanOrEqualTo(limit);
      page.items().forEach(row -> seen.add(row.id()));
      before = page.next();
    } while (before != null);

    assertThat(seen).isEqualTo(all);
  }

  @Test
  void events_are_found_by_endpoint_type_state_and_time() throws Exception {
    event("payment.success", "a", "accepted", ago(5, ChronoUnit.MINUTES));
    event("payment.failed", "b", "accepted", ago(5, ChronoUnit.MINUTES));
    event("refund.processed", "c", "unrouted", ago(5, ChronoUnit.MINUTES));
    event("payment.success", "d", "conflict", ago(5, ChronoUnit.DAYS));
    event("stripe", "payment.success", "e", "accepted", Instant.now(), new byte[0]);

    assertThat(keys(search("stripe", null, null, null, null))).containsExactly("e");
    assertThat(keys(search("pay*", "payment.*", null, null, null)))
        .containsExactly("b", "a", "d")
        .hasSize(3);
    assertThat(keys(search(null, null, "unrouted", null, null))).containsExactly("c");
    assertThat(keys(search(null, null, "accepted", null, null))).containsExactly("e", "b", "a");
    assertThat(keys(search(null, null, null, ago(1, ChronoUnit.HOURS), null)))
        .containsExactly("e", "c", "b", "a");
    assertThat(keys(search(null, "payment.success", "conflict", ago(1, ChronoUnit.HOURS), null)))
        .isEmpty();
  }

  @Test
  void what_stands_for_any_text_in_sql_stands_for_itself() throws Exception {
    event("payment_success", "a");
    event("paymentXsuccess", "b");
    event("100%", "c");
    event("back\\slash", "d");

    assertThat(keys(search(null, "payment_success", null, null, null))).containsExactly("a");
    assertThat(keys(search(null, "%", null, null, null))).isEmpty();
    assertThat(keys(search(null, "100%", null, null, null))).containsExactly("c");
    assertThat(keys(search(null, "back\\*", null, null, null))).containsExactly("d");
  }

  @ParameterizedTest
  @CsvSource({"TX-1,tx-1", "ada@EXAMPLE.com,tx-1", "x-1,tx-1", "nowhere,", "%,", "é,accent"})
  void a_search_finds_text_in_key_and_body(String text, String key) throws Exception {
    event("payment.success", "tx-1");
    event(
        "payments",
        "payment.failed",
        "accent",
        "accepted",
        Instant.now(),
        "{\"name\":\"René\"}".getBytes(StandardCharsets.UTF_8));
    event(
        "payments",
        "payment.failed",
        "binary",
        "accepted",
        Instant.now(),
        new byte[] {(byte) 0xff, 0, (byte) 0xfe});

    assertThat(keys(search(null, null, null, null, text)))
        .isEqualTo(key == null ? List.of() : List.of(key));
  }

  @Test
  void a_search_for_a_whole_entity_goes_along_its_index() throws Exception {
    UUID old = event("payment.success", "payment.success:tx-7");
    execute("update payhook.event set entity = 'tx-7' where id = ?", old);
    event("refund.processed", "refund.processed:tx-8");

    assertThat(keys(search(null, null, null, null, "tx-7")))
        .containsExactly("payment.success:tx-7");
  }

  @Test
  void a_search_for_a_whole_key_or_id_finds_it_first_and_once() throws Exception {
    UUID old = event("payment.success", "tx-1", "accepted", ago(100, ChronoUnit.DAYS));
    event("payment.success", "tx-11");
    event("payment.success", "tx-12");

    Page<EventRow, UUID> first =
        reader.events(new EventQuery(null, null, null, null, "tx-1", null, 2));
    assertThat(keys(first)).containsExactly("tx-1", "tx-12");
    assertThat(keys(reader.events(new EventQuery(null, null, null, null, "tx-1", first.next(), 2))))
        .containsExactly("tx-11");
    assertThat(keys(search(null, null, null, null, old.toString()))).containsExactly("tx-1");
  }

  @Test
  void an_event_is_shown_with_how_many_deliveries_are_in_each_state() throws Exception {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "a", "done");
    delivery(id, "b", "done");
    delivery(id, "c", "dead");

    assertThat(search(null, null, null, null, null).items())
        .singleElement()
        .extracting(EventRow::deliveries)
        .isEqualTo(Map.of("done", 2, "dead", 1));
  }

  @Test
  void one_event_comes_whole() throws Exception {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");
    delivery(id, "receipt-email", "done");

    JournalReader.EventDetail detail = reader.event(id).orElseThrow();

    assertThat(new String(detail.body(), StandardCharsets.UTF_8)).contains("Ada@example.com");
    assertThat(detail.event().facts().amount()).isEqualByComparingTo("120.50");
    assertThat(detail.deliveries())
        .extracting(DeliveryRow::route)
        .containsExactly("crm-contact", "receipt-email");
    assertThat(detail.attempts())
        .first()
        .satisfies(
            attempt -> {
              assertThat(attempt.error()).isEqualTo("HTTP 500 from the CRM");
              assertThat(attempt.took()).isEqualTo(Duration.ofMillis(42));
            });
    assertThat(reader.event(new UUID(1, 1))).isEmpty();
  }

  // Deliveries

  @ParameterizedTest
  @CsvSource({
    "1,dead",
    "2,dead",
    "50,dead",
    "1,pending",
    "3,pending",
    "1,",
    "4,",
    "50,",
    "2,done",
    "2,skipped"
  })
  void pages_of_deliveries_never_exceed_their_limit_and_together_are_the_list(
      int limit, String state) throws Exception {
    subscription("a", "*", "*");
    for (int i = 0; i < 9; i++) {
      UUID id = event("payment.success", "tx-" + i);
      for (String route : List.of("a", "b", "c")) {
        delivery(id, route, JournalReader.DELIVERY_STATES.get((i + route.charAt(0)) % 6));
      }
    }
    if ("pending".equals(state)) {
      // Many that are due at the same moment.
      execute(
          "update payhook.delivery set due_at = now() where state = 'pending' and route <> 'c'");
    }

    List<String> seen = new ArrayList<>();
    Position after = null;
    do {
      Page<DeliveryRow, Position> page =
          reader.deliveries(new DeliveryQuery(state, null, null, null, false, after, limit));
      assertThat(page.items()).hasSizeLessThanOrEqualTo(limit);
      page.items().forEach(row -> seen.add(row.event() + " " + row.route()));
      after = page.next();
    } while (after != null);

    assertThat(seen)
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(
            JournalFixture.rows(
                "select event_id, route from payhook.delivery where ?::text is null or state = ?",
                state,
                state));
  }

  @Test
  void what_waits_the_longest_is_first() throws Exception {
    UUID id = event("payment.success", "tx-1");
    for (String route : List.of("a", "b", "c")) {
      delivery(id, route, "pending");
    }
    execute("update payhook.delivery set due_at = now() - interval '1 hour' where route = 'b'");
    execute("update payhook.delivery set due_at = now() - interval '2 hours' where route = 'c'");

    assertThat(routes(deliveries("pending", null, null, false))).containsExactly("c", "b", "a");
  }

  @Test
  void deliveries_are_found_by_route_endpoint_and_time() throws Exception {
    UUID here = event("payment.success", "tx-1");
    UUID elsewhere =
        event("stripe", "payment.success", "tx-2", "accepted", Instant.now(), new byte[0]);
    UUID old = event("payment.success", "tx-3", "accepted", ago(2, ChronoUnit.DAYS));
    for (UUID id : List.of(here, elsewhere, old)) {
      delivery(id, "a", "dead");
      delivery(id, "b", "pending");
      delivery(id, "c", "done");
    }
    for (String state : List.of("dead", "pending", "done")) {
      String route = Map.of("dead", "a", "pending", "b", "done", "c").get(state);
      assertThat(deliveries(state, null, null, false)).hasSize(3);
      assertThat(deliveries(state, route, null, false)).hasSize(3);
      assertThat(deliveries(state, "other", null, false)).isEmpty();
      assertThat(
              reader
                  .deliveries(
                      new DeliveryQuery(
                          state, route, "pay*", ago(1, ChronoUnit.HOURS), false, null, 10))
                  .items())
          .singleElement()
          .extracting(DeliveryRow::event)
          .isEqualTo(here);
    }
  }

  @Test
  void open_deliveries_of_routes_that_nobody_subscribes_to_are_orphaned() throws Exception {
    UUID id = event("payment.success", "tx-1");
    subscription("here", "*", "*");
    delivery(id, "here", "pending");
    delivery(id, "gone", "retrying");
    delivery(id, "gone-too", "pending");
    delivery(id, "gone-and-done", "done");
    delivery(id, "gone-and-dead", "dead");

    List<DeliveryRow> orphans = deliveries(null, null, null, true);
    assertThat(routes(orphans)).containsExactlyInAnyOrder("gone", "gone-too");
    assertThat(orphans).allMatch(DeliveryRow::orphaned);
    assertThat(routes(deliveries("pending", null, null, true))).containsExactly("gone-too");
    assertThat(deliveries(null, null, null, false)).filteredOn(DeliveryRow::orphaned).hasSize(2);
  }

  // What there is besides

  @Test
  void subscriptions_name_the_nodes_that_run_them() throws Exception {
    subscription("crm-contact", "*", "payment.*");
    execute(
        "insert into payhook.subscriber (route, node, endpoint, type, ordered) values ('crm-contact', 'node-2', '*', 'payment.*', false)");

    assertThat(reader.subscriptions())
        .singleElement()
        .satisfies(row -> assertThat(row.nodes()).containsExactly("node-1", "node-2"));
  }

  @Test
  void the_newest_rejection_is_first_and_pages_end() throws Exception {
    rejection("payments", "no-signature");
    rejection("payments", "wrong-signature");
    rejection("stripe", "wrong-signature");

    Page<JournalReader.RejectionRow, Long> first =
        reader.rejections(null, null, "wrong-signature", null, null, 1);
    assertThat(first.items())
        .extracting(JournalReader.RejectionRow::endpoint)
        .containsExactly("stripe");
    Page<JournalReader.RejectionRow, Long> second =
        reader.rejections(null, "SIGNATURE", "wrong-signature", null, first.next(), 1);
    assertThat(second.items())
        .extracting(JournalReader.RejectionRow::endpoint)
        .containsExactly("payments");
    assertThat(second.next()).isNull();
  }

  @Test
  void the_newest_events_say_which_secrets_they_were_signed_with() throws Exception {
    for (int i = 0; i < 3; i++) {
      UUID id = event("payment.success", "tx-" + i, "accepted", ago(3 - i, ChronoUnit.HOURS));
      execute(
          "update payhook.event set secret = ? where id = ?", i == 0 ? "old-one" : "new-one", id);
    }

    JournalReader.SecretUse all = reader.secretUse(10);
    assertThat(all.rows())
        .extracting(row -> row.endpoint() + " " + row.secret() + " " + row.events())
        .containsExactly("payments new-one 2", "payments old-one 1");
    assertThat(all.since()).isNull();

    JournalReader.SecretUse few = reader.secretUse(2);
    assertThat(few.rows()).extracting(JournalReader.SecretRow::secret).containsExactly("new-one");
    assertThat(few.since()).isEqualTo(few.rows().get(0).firstAt());
    assertThat(reader.secretUse(3).rows()).hasSize(2);
  }

  @Test
  void the_summary_counts_what_waits_and_what_is_dead_and_says_when_there_is_more()
      throws Exception {
    subscription("crm-contact", "*", "*");
    subscription("idle", "*", "*");
    for (int i = 0; i < 4; i++) {
      UUID id = event("payment.success", "tx-" + i, "unrouted", Instant.now());
      delivery(id, "crm-contact", i == 0 ? "dead" : "pending");
      delivery(id, "gone", i < 2 ? "done" : "retrying");
    }
    execute(
        "update payhook.delivery set due_at = now() - interval '90 seconds' where route = 'crm-contact'");

    JournalReader.Summary all = reader.summary(100);
    assertThat(all.remarkable()).containsEntry("unrouted", 4).containsEntry("conflict", 0);
    assertThat(all.more()).isFalse();
    assertThat(all.newest()).isNotNull();
    assertThat(all.backlog())
        .extracting(JournalReader.Backlog::route)
        .containsExactly("crm-contact", "gone", "idle");
    JournalReader.Backlog crm = all.backlog().get(0);
    assertThat(crm.states()).isEqualTo(Map.of("pending", 3, "dead", 1));
    assertThat(crm.late()).isBetween(Duration.ofSeconds(89), Duration.ofSeconds(120));
    assertThat(crm.subscribed()).isTrue();
    assertThat(all.backlog().get(1).states()).isEqualTo(Map.of("retrying", 2));
    assertThat(all.backlog().get(1).subscribed()).isFalse();
    assertThat(all.backlog().get(2).states()).isEmpty();

    JournalReader.Summary few = reader.summary(2);
    assertThat(few.more()).isTrue();
    assertThat(few.remarkable()).containsEntry("unrouted", 2);
    assertThat(few.backlog().get(0).more()).isTrue();
  }

  @Test
  void the_summary_of_an_empty_journal_is_empty() throws Exception {
    JournalReader.Summary summary = reader.summary(10);

    assertThat(summary.newest()).isNull();
    assertThat(summary.backlog()).isEmpty();
  }

  @Test
  void a_question_that_takes_too_long_is_given_up() {
    JournalReader hasty = new JournalReader(dataSource, Duration.ofMillis(1));
    execute(
        """
        insert into payhook.event (id, endpoint, type, key, state, method, url, headers, body)
        select gen_random_uuid(), 'payments', 't', n::text, 'accepted', 'POST', '/', '[]', convert_to(repeat('x', 9000), 'UTF8')
        from generate_series(1, 3000) n
        """);

    assertThatThrownBy(
            () -> hasty.events(new EventQuery(null, null, null, null, "nothing", null, 10)))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
  }

  private Page<EventRow, UUID> search(
      String endpoint, String type, String state, Instant since, String text) throws SQLException {
    return reader.events(new EventQuery(endpoint, type, state, since, text, null, 100));
  }

  private static List<String> keys(Page<EventRow, UUID> page) {
    return page.items().stream().map(EventRow::key).toList();
  }

  private List<DeliveryRow> deliveries(
      String state, String route, String endpoint, boolean orphaned) throws SQLException {
    return reader
        .deliveries(new DeliveryQuery(state, route, endpoint, null, orphaned, null, 100))
        .items();
  }

  private static List<String> routes(List<DeliveryRow> rows) {
    return rows.stream().map(DeliveryRow::route).toList();
  }
}

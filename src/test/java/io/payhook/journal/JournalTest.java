package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.testing.TestDatabase;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class JournalTest {
  private final TestDatabase database = TestDatabase.create("journal", Migrations::journal);
  private final TestJournal journal = new TestJournal(database.dataSource(), 2, 1_000);

  @AfterEach
  void close() {
    journal.close();
    database.close();
  }

  static NewEvent event(String key, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return new NewEvent(
        "payments",
        "payment.success",
        key,
        new Facts(
            "T1",
            Instant.parse("2026-11-23T10:00:00Z"),
            new BigDecimal("100.50"),
            "NGN",
            Facts.WEBHOOK),
        "secret-1",
        "POST",
        "/webhooks/payments",
        "application/json",
        "[[\"Host\", \"x\"]]",
        bytes,
        NewEvent.Sameness.of(stored -> Arrays.equals(stored, bytes)));
  }

  /** A recipient that only remembers what it was told. */
  static final class Route implements Recipient {
    final String route;
    final boolean claimed;
    final boolean ordered;
    final List<Claim> claims = new CopyOnWriteArrayList<>();
    final AtomicInteger dropped = new AtomicInteger();

    Route(String route, boolean claimed, boolean ordered) {
      this.route = route;
      this.claimed = claimed;
      this.ordered = ordered;
    }

    @Override
    public String route() {
      return route;
    }

    @Override
    public boolean ordered() {
      return ordered;
    }

    @Override
    public boolean claimed() {
      return claimed;
    }

    @Override
    public void committed(Claim claim) {
      claims.add(claim);
    }

    @Override
    public void dropped() {
      dropped.incrementAndGet();
    }
  }

  @Test
  void an_event_is_kept_as_received_with_a_delivery_for_each_recipient() throws Exception {
    Route mine = new Route("record-payment", true, false);
    Route elsewhere = new Route("receipt-email", false, false);

    Receipt receipt = journal.append(event("k1", "{\"a\":1}"), List.of(mine, elsewhere));

    assertThat(receipt.status()).isEqualTo(Receipt.Status.ACCEPTED);
    assertThat(
            database.query(
                "select concat_ws(' ', state, type, amount, currency, secret, convert_from(body, 'UTF8'), headers->0->>0) from payhook.event where id = '"
                    + receipt.id()
                    + "'"))
        .containsExactly("accepted payment.success 100.50 NGN secret-1 {\"a\":1} Host");
    assertThat(
            database.query(
                "select concat_ws(' ', route, state, attempts, node) from payhook.delivery order by route"))
        .containsExactly("receipt-email pending 0", "record-payment running 1 node-a");
    assertThat(mine.claims)
        .singleElement()
        .satisfies(
            claim -> {
              assertThat(claim.attempt()).isEqualTo(1);
              assertThat(claim.idempotencyKey()).isEqualTo(receipt.id() + ".record-payment");
            });
  }

  @Test
  void an_event_that_nobody_wants_is_unrouted() throws Exception {
    journal.append(event("k1", "{}"), List.of());
    assertThat(database.query("select state from payhook.event")).containsExactly("unrouted");
  }

  @Test
  void of_many_equal_events_at_once_one_is_accepted_and_all_get_its_id() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(32);
    List<CompletableFuture<Receipt>> answers = new ArrayList<>();
    List<Route> routes = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 200; i++) {
      String key = "k" + i % 4;
      answers.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  Route route = new Route("record-payment", true, false);
                  routes.add(route);
                  return journal.append(event(key, "{\"key\":\"" + key + "\"}"), List.of(route));
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              },
              callers));
    }
    List<Receipt> receipts = answers.stream().map(CompletableFuture::join).toList();
    callers.shutdown();

    assertThat(receipts).filteredOn(r -> r.status() == Receipt.Status.ACCEPTED).hasSize(4);
    assertThat(receipts).filteredOn(r -> r.status() == Receipt.Status.DUPLICATE).hasSize(196);
    assertThat(receipts.stream().map(Receipt::id).distinct()).hasSize(4);
    assertThat(database.query("select 1 from payhook.delivery")).hasSize(4);
    assertThat(routes).filteredOn(route -> !route.claims.isEmpty()).hasSize(4);
    assertThat(routes).filteredOn(route -> route.dropped.get() == 1).hasSize(196);
  }

  @Test
  void another_body_under_the_same_key_is_kept_once_as_a_conflict_and_gets_no_delivery()
      throws Exception {
    Receipt first = journal.append(event("k1", "{\"a\":1}"), List.of(new Route("r", false, false)));

    Receipt other = journal.append(event("k1", "{\"a\":2}"), List.of(new Route("r", false, false)));
    journal.append(event("k1", "{\"a\":2}"), List.of(new Route("r", false, false)));

    assertThat(other).isEqualTo(new Receipt(first.id(), Receipt.Status.CONFLICT));
    assertThat(
            database.query(
                "select state || ' ' || convert_from(body, 'UTF8') from payhook.event order by id"))
        .containsExactly("accepted {\"a\":1}", "conflict {\"a\":2}");
    assertThat(database.query("select 1 from payhook.delivery")).hasSize(1);
  }

  @Test
  void an_event_the_database_can_t_hold_fails_alone() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(16);
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String key = i == 20 ? "nul\0" : "k" + i;
      answers.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return journal.append(event(key, "{}"), List.of()).status().name();
                } catch (JournalUnavailableException e) {
                  return "refused";
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              },
              callers));
    }
    List<String> outcomes = answers.stream().map(CompletableFuture::join).toList();
    callers.shutdown();

    assertThat(outcomes).filteredOn("refused"::equals).hasSize(1);
    assertThat(database.query("select 1 from payhook.event")).hasSize(39);
    assertThat(journal.append(event("after", "{}"), List.of()).status())
        .isEqualTo(Receipt.Status.ACCEPTED);
  }

  @Test
  void without_a_database_nothing_is_promised_and_afterwards_it_goes_on_by_itself()
      throws Exception {
    assertThat(journal.append(event("before", "{}"), List.of()).status())
        .isEqualTo(Receipt.Status.ACCEPTED);
    try (var admin = database.connect();
        var statement = admin.createStatement()) {
      statement.execute("alter table payhook.event rename to event_away");
    }
    Route route = new Route("r", true, false);

    assertThatThrownBy(() -> journal.append(event("k1", "{}"), List.of(route)))
        .isInstanceOf(JournalUnavailableException.class);
    assertThat(route.dropped).hasValue(1);

    try (var admin = database.connect();
        var statement = admin.createStatement()) {
      statement.execute("alter table payhook.event_away rename to event");
    }
    Receipt receipt = null;
    while (receipt == null) {
      try {
        receipt = journal.append(event("k1", "{}"), List.of());
      } catch (JournalUnavailableException e) {
        Thread.onSpinWait();
      }
    }
    assertThat(receipt.status()).isEqualTo(Receipt.Status.ACCEPTED);
  }

  @Test
  void identifiers_grow_with_time_and_within_a_millisecond() {
    EventIds ids =
        new EventIds(Clock.fixed(Instant.parse("2026-11-23T10:00:00Z"), java.time.ZoneOffset.UTC));
    UUID before = ids.next();
    for (int i = 0; i < 10_000; i++) {
      UUID next = ids.next();
      assertThat(next.toString()).isGreaterThan(before.toString());
      assertThat(next.version()).isEqualTo(7);
      before = next;
    }
    assertThat(EventIds.lowest(Instant.parse("2026-11-23T10:00:00Z")).toString())
        .startsWith(ids.next().toString().substring(0, 8));
  }
}

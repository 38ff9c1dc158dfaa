package io.payhook.effects.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.effects.kamelets.BundledEvents;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailStandIn;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What refunds leave of a payment, whatever their order and number. */
@Tag("service")
class RefundsDatabaseTest {
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final String SUMMARY =
      "select status, refund_count, refunded_amount, over_refunded_by, refund_currency_differs"
          + " from payment";

  @TempDir Path mails;
  private EffectRoutes running;

  @BeforeEach
  void start() throws Exception {
    running =
        new EffectRoutes(
            new MailStandIn(mails, EffectRoutes.CLOCK),
            PaymentsTables.fresh(),
            "http://127.0.0.1:1",
            EffectRoutes.bundled());
  }

  @AfterEach
  void stop() {
    running.close();
  }

  @Test
  void a_refund_is_a_row_and_the_payment_is_refunded_when_nothing_is_left() throws Exception {
    pay("TX-1");
    deliver(BundledEvents.sample("refund.processed").replace("TXN-20261123-000184", "TX-1"));

    assertThat(status()).isEqualTo("partially_refunded");
    assertThat(
            PaymentsTables.rows(
                "select transaction_id, status, amount, currency, reason from refund"))
        .containsExactly(
            Map.of(
                "transaction_id", "TX-1",
                "status", "processed",
                "amount", new BigDecimal("5000.00"),
                "currency", "NGN",
                "reason", "Returned by the customer"));

    deliver(refund("R-2", "495000"));

    assertThat(status()).isEqualTo("refunded");
  }

  @Test
  void each_partial_refund_is_a_row_and_the_payment_is_refunded_when_their_sum_is_reached()
      throws Exception {
    pay("TX-1");
    List<Object> statuses = new ArrayList<>();
    for (String refund :
        List.of(refund("R-1", "100000"), refund("R-2", "150000"), refund("R-3", "100000"))) {
      deliver(refund);
      statuses.add(status());
    }
    assertThat(statuses).containsOnly("partially_refunded");
    assertThat(summary()).containsEntry("refunded_amount", new BigDecimal("350000.00"));

    deliver(refund("R-2", "150000"));
    assertThat(summary())
        .containsEntry("refund_count", 3)
        .containsEntry("refunded_amount", new BigDecimal("350000.00"));

    deliver(refund("R-4", "150000"));
    assertThat(summary())
        .containsEntry("status", "refunded")
        .containsEntry("refund_count", 4)
        .containsEntry("over_refunded_by", null);
    assertThat(PaymentsTables.rows("select refund_id from refund order by refund_id"))
        .extracting(row -> row.get("refund_id"))
        .containsExactly("R-1", "R-2", "R-3", "R-4");
  }

  @Test
  void refunds_without_an_id_are_told_apart_by_amount_and_time() throws Exception {
    pay("TX-1");
    deliver(refundAt("100000", "2026-11-23T13:00:00Z"));
    deliver(refundAt("150000", "2026-11-23T13:00:00Z"));
    deliver(refundAt("100000", "2026-11-23T14:00:00Z"));
    deliver(refundAt("100000", "2026-11-23T13:00:00Z"));

    assertThat(summary())
        .containsEntry("refund_count", 3)
        .containsEntry("refunded_amount", new BigDecimal("350000.00"));
  }

  @Test
  void more_refunded_than_was_paid_is_flagged() throws Exception {
    pay("TX-1");
    deliver(refund("R-1", "400000"));
    deliver(refund("R-2", "100000.50"));

    assertThat(summary())
        .containsEntry("status", "refunded")
        .containsEntry("over_refunded_by", new BigDecimal("0.50"));
  }

  @Test
  void refunds_that_came_first_are_flagged_once_the_payment_is_known() throws Exception {
    deliver(refund("R-1", "400000"));
    deliver(refund("R-2", "200000"));
    assertThat(PaymentsTables.rows("select * from payment")).isEmpty();

    pay("TX-1");

    assertThat(summary())
        .containsEntry("status", "refunded")
        .containsEntry("over_refunded_by", new BigDecimal("100000.00"));
  }

  @Test
  void a_refund_in_another_currency_is_flagged_and_not_added() throws Exception {
    pay("TX-1");
    deliver(refund("R-1", "500000").replace("NGN", "USD"));

    assertThat(summary())
        .containsEntry("status", "partially_refunded")
        .containsEntry("refunded_amount", BigDecimal.ZERO)
        .containsEntry("refund_currency_differs", true);
  }

  @Test
  void a_refund_of_an_amount_that_is_not_known_leaves_the_payment_partially_refunded()
      throws Exception {
    pay("TX-1");
    deliver(refund("R-1", "null"));

    assertThat(summary())
        .containsEntry("status", "partially_refunded")
        .containsEntry("refund_count", 1);
    assertThat(PaymentsTables.rows("select amount from refund"))
        .singleElement()
        .satisfies(row -> assertThat(row).containsEntry("amount", null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"failed", "declined", "pending", "processing"})
  void a_refund_that_was_not_processed_does_not_count(String word) throws Exception {
    pay("TX-1");
    deliver(refund("R-1", "500000").replace("processed\"}", word + "\"}"));

    assertThat(summary()).containsEntry("status", "success").containsEntry("refund_count", 0);
    assertThat(PaymentsTables.rows("select status from refund"))
        .containsExactly(Map.of("status", word.startsWith("p") ? "pending" : "failed"));
  }

  @Test
  void a_refund_goes_from_pending_to_processed_and_never_back_to_pending() throws Exception {
    pay("TX-1");
    String pending = refund("R-1", "500000").replace("processed\"}", "pending\"}");
    deliver(pending, NOON.plusSeconds(1));
    assertThat(status()).isEqualTo("success");

    deliver(refund("R-1", "500000"), NOON.plusSeconds(2));
    deliver(pending, NOON.plusSeconds(3));

    assertThat(status()).isEqualTo("refunded");
    assertThat(PaymentsTables.rows("select status from refund"))
        .containsExactly(Map.of("status", "processed"));
  }

  @Test
  void a_refund_that_fails_after_it_was_processed_is_taken_back() throws Exception {
    pay("TX-1");
    deliver(refund("R-1", "500000"), NOON.plusSeconds(1));
    assertThat(status()).isEqualTo("refunded");

    deliver(refund("R-1", "500000").replace("processed\"}", "failed\"}"), NOON.plusSeconds(2));

    assertThat(summary()).containsEntry("status", "success").containsEntry("refund_count", 0);
  }

  @Test
  void a_refund_of_a_payment_of_unknown_amount_is_settled_once_the_amount_is_known()
      throws Exception {
    deliver("record-payment", "{\"reference\":\"TX-1\",\"status\":\"success\"}", NOON);
    deliver(refund("R-1", "500000"));
    assertThat(status()).isEqualTo("partially_refunded");

    pay("TX-1");

    assertThat(status()).isEqualTo("refunded");
  }

  @Test
  void any_order_and_any_repeats_end_in_the_same_rows() throws Exception {
    List<Callable<Void>> events =
        List.of(
            () -> deliver("record-pending", "{\"transactionId\":\"TX-1\"}", NOON),
            () -> deliver("record-failure", payment("payment.failed", "TX-1"), NOON),
            () -> deliver("record-payment", payment("payment.success", "TX-1"), NOON),
            () -> deliver(refund("R-1", "100000"), NOON),
            () -> deliver(refund("R-2", "150000"), NOON),
            () -> deliver(refund("R-3", "1").replace("processed\"}", "failed\"}"), NOON),
            () -> deliver(refundAt("300000", "2026-11-23T13:00:00Z"), NOON));
    Set<Object> ends = new HashSet<>();
    Random random = new Random(20261123);
    for (int i = 0; i < 60; i++) {
      PaymentsTables.execute("truncate payment, customer, refund");
      List<Callable<Void>> order = new ArrayList<>(events);
      order.add(events.get(random.nextInt(events.size())));
      Collections.shuffle(order, random);
      for (Callable<Void> event : order) {
        event.call();
      }
      ends.add(PaymentsTables.rows("select * from payment"));
      ends.add(PaymentsTables.rows("select * from refund order by refund_id"));
    }

    assertThat(ends).hasSize(2);
    assertThat(summary())
        .containsEntry("status", "refunded")
        .containsEntry("refund_count", 3)
        .containsEntry("over_refunded_by", new BigDecimal("50000.00"));
  }

  @Test
  void two_refunds_on_two_connections_at_once_are_both_counted() throws Exception {
    List<Callable<Void>> events = new ArrayList<>();
    CyclicBarrier together = new CyclicBarrier(2);
    for (int i = 0; i < 50; i++) {
      String transaction = "TX-" + i;
      pay(transaction);
      for (String part : List.of("200000", "300000")) {
        String refund =
            refund("R-" + part + "-" + i, part).replace("\"TX-1\"", '"' + transaction + '"');
        events.add(
            () -> {
              together.await();
              return deliver(refund);
            });
      }
    }

    together(2, events);

    assertThat(PaymentsTables.rows("select status, count(*) as n from payment group by status"))
        .containsExactly(Map.of("status", "refunded", "n", 50L));
  }

  @Test
  void thirty_two_refunds_and_the_payment_itself_at_once_end_in_the_right_sum() throws Exception {
    List<Callable<Void>> events = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      String refund = refund("R-" + i, "15625");
      events.add(() -> deliver(refund));
    }
    events.add(16, () -> deliver("record-payment", payment("payment.success", "TX-1"), NOON));

    together(33, events);

    assertThat(summary())
        .containsEntry("status", "refunded")
        .containsEntry("refund_count", 32)
        .containsEntry("refunded_amount", new BigDecimal("500000.00"))
        .containsEntry("over_refunded_by", null);
  }

  private static void together(int threads, List<Callable<Void>> events) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (Future<Void> one : pool.invokeAll(events)) {
        one.get();
      }
    } finally {
      pool.shutdown();
    }
  }

  private static String payment(String type, String transaction) {
    return """
        {"event":"%s","data":{"transaction_id":"%s","amount":500000,"currency":"NGN",
         "customer":{"email":"ada.obi@example.com","name":"Ada Obi"}}}"""
        .formatted(type, transaction);
  }

  private static String refund(String id, String amount) {
    return """
        {"event":"refund.processed","data":{"refund_id":"%s","transaction_id":"TX-1","amount":%s,\
        "currency":"NGN","customer":{"email":"ada.obi@example.com"},"status":"processed"}}"""
        .formatted(id, amount);
  }

  private static String refundAt(String amount, String time) {
    return """
        {"event":"refund.processed","data":{"transaction_id":"TX-1","amount":%s,"currency":"NGN",\
        "refunded_at":"%s"}}"""
        .formatted(amount, time);
  }

  private static Map<String, Object> summary() {
    List<Map<String, Object>> rows = PaymentsTables.rows(SUMMARY);
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }

  private static Object status() {
    return summary().get("status");
  }

  private void pay(String transaction) throws Exception {
    deliver("record-payment", payment("payment.success", transaction), NOON);
  }

  private Void deliver(String refund) throws Exception {
    return deliver(refund, NOON.plusSeconds(1));
  }

  private Void deliver(String refund, Instant receivedAt) throws Exception {
    return deliver("record-refund", refund, receivedAt);
  }

  private Void deliver(String route, String json, Instant receivedAt) throws Exception {
    EffectRoutes.done(running.deliver(route, json, receivedAt, BundledEvents.facts(json)));
    return null;
  }
}

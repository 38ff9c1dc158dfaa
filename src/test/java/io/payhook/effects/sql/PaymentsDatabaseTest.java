package io.payhook.effects.sql;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.effects.kamelets.BundledEvents;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.kit.Json;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bundled integration's rows, whatever the order and number of its events. */
@Tag("service")
class PaymentsDatabaseTest {
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");

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
  void a_payment_and_its_customer_are_recorded() throws Exception {
    deliver("record-payment", success(), NOON);

    assertThat(
            PaymentsTables.rows(
                "select *, updated_at = '2026-11-23T12:00:00Z' as noon from payment"))
        .singleElement()
        .satisfies(
            row ->
                assertThat(row)
                    .containsEntry("transaction_id", "TX-1")
                    .containsEntry("status", "success")
                    .containsEntry("amount", new BigDecimal("5000.00"))
                    .containsEntry("currency", "NGN")
                    .containsEntry("customer_email", "ada@example.com")
                    .containsEntry("customer_name", "Ada")
                    .containsEntry("noon", true));
    assertThat(PaymentsTables.rows("select email, name from customer"))
        .containsExactly(Map.of("email", "ada@example.com", "name", "Ada"));
  }

  @Test
  void columns_are_those_that_the_contract_names_and_what_refunds_left() {
    assertThat(
            PaymentsTables.rows(
                "select column_name from information_schema.columns where table_name = 'payment'"))
        .extracting(row -> row.get("column_name"))
        .containsExactlyInAnyOrder(
            "transaction_id",
            "status",
            "amount",
            "currency",
            "customer_email",
            "customer_name",
            "updated_at",
            "outcome",
            "occurred_at",
            "refund_count",
            "refunded_amount",
            "over_refunded_by",
            "refund_currency_differs");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5000",
        "5000.50",
        "\"5000\"",
        "\"5000.50\"",
        "0.1",
        "123456789012345678.123456789"
      })
  void an_amount_may_be_a_number_or_text(String amount) throws Exception {
    deliver("record-payment", success().replace("5000.00", amount), NOON);

    assertThat(status()).isEqualTo("success");
    assertThat((BigDecimal) PaymentsTables.rows("select amount from payment").get(0).get("amount"))
        .isEqualByComparingTo(new BigDecimal(amount.replace("\"", "")));
  }

  @Test
  void an_amount_that_is_no_number_is_not_known() throws Exception {
    deliver("record-payment", success().replace("5000.00", "\"lots\""), NOON);

    assertThat(PaymentsTables.rows("select * from payment"))
        .singleElement()
        .satisfies(
            row ->
                assertThat(row).containsEntry("status", "success").containsEntry("amount", null));
  }

  @Test
  void a_currency_is_kept_in_upper_case() throws Exception {
    deliver("record-payment", success().replace("NGN", "ngn"), NOON);

    assertThat(PaymentsTables.rows("select currency from payment"))
        .containsExactly(Map.of("currency", "NGN"));
  }

  @Test
  void a_late_failure_never_overwrites_a_success() throws Exception {
    deliver("record-payment", success(), NOON);
    List<Map<String, Object>> before = everything();

    deliver("record-failure", failed(), NOON.plusSeconds(60));

    assertThat(everything()).isEqualTo(before);
  }

  @Test
  void a_success_overwrites_an_earlier_failure() throws Exception {
    deliver("record-failure", failed(), NOON);
    assertThat(status()).isEqualTo("failed");

    deliver("record-payment", success(), NOON.plusSeconds(60));

    assertThat(status()).isEqualTo("success");
  }

  @Test
  void a_late_failure_never_overwrites_a_refund() throws Exception {
    deliver("record-payment", success(), NOON);
    deliver("record-refund", refund(), NOON.plusSeconds(1));
    deliver("record-failure", failed(), NOON.plusSeconds(2));

    assertThat(status()).isEqualTo("refunded");
  }

  @Test
  void every_order_and_any_repeats_end_in_the_same_rows() throws Exception {
    List<Callable<Void>> events =
        List.of(
            () -> deliver("record-failure", failed(), NOON),
            () -> deliver("record-payment", success(), NOON.plusSeconds(1)),
            () -> deliver("record-refund", refund(), NOON.plusSeconds(2)));
    List<List<Map<String, Object>>> ends = new ArrayList<>();
    for (int[] order :
        new int[][] {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
      for (int again : new int[] {-1, 0, 1, 2}) {
        PaymentsTables.execute("truncate payment, customer, refund");
        for (int index : order) {
          events.get(index).call();
        }
        if (again >= 0) {
          events.get(again).call();
        }
        assertThat(status()).as("after %s and %s", order, again).isEqualTo("refunded");
        ends.add(PaymentsTables.rows("select transaction_id, status, amount from payment"));
      }
    }
    assertThat(ends.stream().distinct()).hasSize(1);
  }

  @Test
  void a_replay_leaves_the_same_rows() throws Exception {
    List<String[]> all =
        List.of(
            new String[] {"record-payment", success()},
            new String[] {"record-refund", refund()},
            new String[] {"record-transfer", BundledEvents.sample("transfer.success")},
            new String[] {"record-subscription", BundledEvents.sample("subscription.renew")});
    deliverEachASecond(all);
    List<Map<String, Object>> before = everything();

    deliverEachASecond(all);

    assertThat(everything()).isEqualTo(before);
  }

  @Test
  void a_payment_and_its_refund_at_the_same_moment_never_miss_each_other() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String id = "TX-" + i;
        running.add(
            threads.submit(() -> deliver("record-payment", success().replace("TX-1", id), NOON)));
        running.add(
            threads.submit(() -> deliver("record-refund", refund().replace("TX-1", id), NOON)));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } finally {
      threads.shutdown();
    }

    assertThat(PaymentsTables.rows("select status, count(*) as n from payment group by status"))
        .containsExactly(Map.of("status", "refunded", "n", 200L));
    assertThat(PaymentsTables.rows("select email from customer")).hasSize(1);
  }

  @Test
  void a_customer_is_one_row_and_keeps_the_newest_name() throws Exception {
    deliver("record-payment", success(), NOON.plusSeconds(5));
    deliver(
        "record-payment",
        with(success(), d -> d.put("transaction_id", "TX-2"), "Ada O.", "ADA@example.com"),
        NOON.plusSeconds(9));
    deliver(
        "record-payment",
        with(success(), d -> d.put("transaction_id", "TX-3"), "Old", "ada@example.com"),
        NOON);

    assertThat(
            PaymentsTables.rows(
                "select email, name, created_at = '2026-11-23T12:00:00Z' as first,"
                    + " updated_at = '2026-11-23T12:00:09Z' as last from customer"))
        .containsExactly(
            Map.of("email", "ada@example.com", "name", "Ada O.", "first", true, "last", true));
  }

  @Test
  void a_payment_without_customer_is_recorded_too() throws Exception {
    deliver(
        "record-payment",
        "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":77,\"amount\":1,\"currency\":\"USD\"}}",
        NOON);

    assertThat(PaymentsTables.rows("select transaction_id, customer_email from payment"))
        .singleElement()
        .satisfies(
            row ->
                assertThat(row)
                    .containsEntry("transaction_id", "77")
                    .containsEntry("customer_email", null));
    assertThat(PaymentsTables.rows("select * from customer")).isEmpty();
  }

  @Test
  void a_payment_of_which_nobody_knows_which_is_an_error_of_the_data() {
    assertThat(
            running
                .deliver("record-payment", success(), exchange -> exchange.removeVariable("entity"))
                .getException())
        .hasMessageContaining("null value in column \"transaction_id\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "payment.success@reference | success | ORD-20261123-0100  |         | NGN",
        "payment.success@charge    | success | ORD-20261123-0099  | 3200.00 | NGN",
        "payment.failed@reference  | failed  | ORD-20261123-0101  |         | NGN",
        "payment.pending           | pending | TXN-20261123-000190 |         |",
      })
  void every_shape_of_the_payload_is_recorded_with_what_it_says(
      String sample, String status, String transaction, BigDecimal amount, String currency)
      throws Exception {
    String route =
        Map.of("success", "record-payment", "failed", "record-failure", "pending", "record-pending")
            .get(status);
    deliver(route, BundledEvents.sample(sample), NOON);

    assertThat(PaymentsTables.rows("select * from payment"))
        .singleElement()
        .satisfies(
            row ->
                assertThat(row)
                    .containsEntry("status", status)
                    .containsEntry("transaction_id", transaction)
                    .containsEntry("amount", amount)
                    .containsEntry("currency", currency));
  }

  @Test
  void what_is_pending_never_overwrites_how_a_payment_ended() throws Exception {
    String pending = "{\"transactionId\":\"TX-1\"}";
    deliver("record-pending", pending, NOON);
    assertThat(status()).isEqualTo("pending");

    deliver("record-failure", failed(), NOON.plusSeconds(1));
    deliver("record-pending", pending, NOON.plusSeconds(2));
    assertThat(status()).isEqualTo("failed");

    deliver("record-payment", success(), NOON.plusSeconds(3));
    deliver("record-pending", pending, NOON.plusSeconds(4));
    assertThat(status()).isEqualTo("success");
    assertThat(PaymentsTables.rows("select amount, currency, customer_name from payment"))
        .containsExactly(
            Map.of("amount", new BigDecimal("5000.00"), "currency", "NGN", "customer_name", "Ada"));
  }

  @Test
  void what_an_event_does_not_know_never_overwrites_what_is_known() throws Exception {
    String unknown = "{\"reference\":\"TX-1\",\"status\":\"success\"}";
    String dollars = failed().replace("NGN", "USD");
    List<Map<String, Object>> ends = new ArrayList<>();
    for (boolean late : new boolean[] {false, true}) {
      PaymentsTables.execute("truncate payment, customer");
      if (late) {
        deliver("record-payment", unknown, NOON);
      }
      deliver("record-failure", dollars, NOON.plusSeconds(1));
      if (!late) {
        deliver("record-payment", unknown, NOON.plusSeconds(2));
      }
      ends.addAll(
          PaymentsTables.rows("select status, amount, currency, customer_email from payment"));
    }

    assertThat(ends)
        .hasSize(2)
        .containsOnly(
            Map.of(
                "status", "success",
                "amount", new BigDecimal("5000.00"),
                "currency", "USD",
                "customer_email", "ada@example.com"));
  }

  @Test
  void of_two_failures_the_one_that_happened_later_counts() throws Exception {
    String later =
        failed()
            .replace("5000.00", "7.00")
            .replace("\"NGN\"", "\"NGN\",\"created_at\":\"2026-11-23T11:59:00Z\"");
    String earlier = failed().replace("\"NGN\"", "\"NGN\",\"created_at\":\"2026-11-23T11:00:00Z\"");
    deliver("record-failure", later, NOON);
    deliver("record-failure", earlier, NOON.plusSeconds(60));

    assertThat(
            PaymentsTables.rows(
                "select amount, occurred_at = '2026-11-23T11:59:00Z' as then from payment"))
        .containsExactly(Map.of("amount", new BigDecimal("7.00"), "then", true));
  }

  @Test
  void sql_in_values_stays_text() throws Exception {
    String evil = "x'); drop table payment; --";
    deliver(
        "record-payment",
        with(success(), d -> d.put("transaction_id", evil), evil, "a'b@example.com"),
        NOON);

    assertThat(
            PaymentsTables.rows(
                "select transaction_id, customer_name, customer_email from payment"))
        .containsExactly(
            Map.of(
                "transaction_id",
                evil,
                "customer_name",
                evil,
                "customer_email",
                "a'b@example.com"));
  }

  @Test
  void a_transfer_is_recorded() throws Exception {
    deliver("record-transfer", BundledEvents.sample("transfer.success"), NOON);

    assertThat(PaymentsTables.rows("select * from transfer"))
        .singleElement()
        .satisfies(
            row ->
                assertThat(row)
                    .containsEntry("transaction_id", "TRF-20261123-000017")
                    .containsEntry("status", "success")
                    .containsEntry("amount", new BigDecimal("250000.00"))
                    .containsEntry("recipient_name", "Example Stores Ltd")
                    .containsEntry("recipient_account", "0123456789"));
  }

  @Test
  void a_subscription_is_one_row_and_a_late_renewal_does_not_turn_it_back() throws Exception {
    String first = BundledEvents.sample("subscription.renew");
    String second = first.replace("000186", "000999").replace("2026-12-23", "2027-01-23");

    deliver("record-subscription", second, NOON.plusSeconds(60));
    deliver("record-subscription", first, NOON);

    assertThat(
            PaymentsTables.rows(
                "select subscription_id, transaction_id, plan, next_renewal_at = '2027-01-23T00:00:00Z' as new from subscription"))
        .containsExactly(
            Map.of(
                "subscription_id", "SUB-000042",
                "transaction_id", "TXN-20261123-000999",
                "plan", "Pro monthly",
                "new", true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record-transfer",
        "record-subscription",
        "record-refund",
        "record-failure",
        "record-pending"
      })
  void every_route_takes_the_plain_payload_that_all_events_share(String route) throws Exception {
    deliver(route, success(), NOON);

    assertThat(
            PaymentsTables.rows(
                "select transaction_id from transfer union all select transaction_id from subscription"
                    + " union all select transaction_id from refund union all select transaction_id from payment"))
        .containsExactly(Map.of("transaction_id", "TX-1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\"",
        "null",
        "\"31/12/2025\"",
        "\"tomorrow\"",
        "\"infinity\"",
        "\"2025-02-30\"",
        "7",
        "{}"
      })
  void a_subscription_whose_next_date_cannot_be_read_is_recorded_without_it(String date)
      throws Exception {
    String event =
        BundledEvents.sample("subscription.renew")
            .replaceFirst("(\"next_renewal_at\": *)\"[^\"]*\"", "$1" + date);
    deliver("record-subscription", event, NOON);

    assertThat(PaymentsTables.rows("select subscription_id, next_renewal_at from subscription"))
        .singleElement()
        .satisfies(row -> assertThat(row).containsEntry("next_renewal_at", null));
  }

  @Test
  void a_payment_with_odd_texts_is_recorded() throws Exception {
    String event =
        with(
            success(),
            data -> {},
            "Ada\u0000Obi" + "x".repeat(100_000),
            "a".repeat(6_000) + "@b.c");
    deliver("record-payment", event, NOON);
    deliver("record-failure", event.replace("TX-1", "TX-2"), NOON);
    deliver("record-refund", event.replace("TX-1", "TX-3"), NOON);
    deliver("record-subscription", event.replace("TX-1", "TX-4"), NOON);

    assertThat(
            PaymentsTables.rows(
                "select left(customer_name, 7) as name, length(customer_email) as length from payment where transaction_id = 'TX-1'"))
        .containsExactly(Map.of("name", "Ada\uFFFDObi", "length", 320));
  }

  private static String success() {
    return base("payment.success");
  }

  private static String failed() {
    return base("payment.failed");
  }

  private static String refund() {
    return base("refund.processed")
        .replace("\"currency\"", "\"status\":\"processed\",\"reason\":\"Returned\",\"currency\"");
  }

  private static String base(String type) {
    return """
        {"event":"%s","data":{"transaction_id":"TX-1","amount":5000.00,"currency":"NGN",
         "customer":{"email":"ada@example.com","name":"Ada"}}}"""
        .formatted(type);
  }

  private static String with(String json, Consumer<ObjectNode> data, String name, String email)
      throws JsonProcessingException {
    ObjectNode event = (ObjectNode) Json.MAPPER.readTree(json);
    data.accept((ObjectNode) event.get("data"));
    ((ObjectNode) event.get("data").get("customer")).put("name", name).put("email", email);
    return event.toString();
  }

  private static Object status() {
    return PaymentsTables.rows("select status from payment").get(0).get("status");
  }

  private static List<Map<String, Object>> everything() {
    return PaymentsTables.rows(
        "select to_jsonb(payment)::text as row from payment union all"
            + " select to_jsonb(customer)::text from customer union all"
            + " select to_jsonb(refund)::text from refund union all"
            + " select to_jsonb(transfer)::text from transfer union all"
            + " select to_jsonb(subscription)::text from subscription");
  }

  private void deliverEachASecond(List<String[]> routesAndEvents) throws Exception {
    for (int i = 0; i < routesAndEvents.size(); i++) {
      deliver(routesAndEvents.get(i)[0], routesAndEvents.get(i)[1], NOON.plusSeconds(i));
    }
  }

  private Void deliver(String route, String json, Instant receivedAt) throws Exception {
    EffectRoutes.done(running.deliver(route, json, receivedAt, BundledEvents.facts(json)));
    return null;
  }
}

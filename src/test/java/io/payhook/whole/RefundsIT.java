package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.Eventually;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Refunds, and the other shapes of Echezona's payload, in the program as it ships, with stand-ins.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RefundsIT {
  private static LaunchedService service;

  @BeforeAll
  static void start(@TempDir Path data) throws Exception {
    service =
        LaunchedService.start(data.resolve("data"), Path.of("routes").toAbsolutePath(), Map.of());
  }

  @AfterAll
  static void stop() throws Exception {
    assertThat(service.stop()).describedAs("exit code after SIGTERM").isZero();
  }

  @Test
  void thirty_two_refunds_and_their_payment_at_once_are_each_counted() throws Exception {
    String transaction = fresh();
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      answers.add(service.postAsync(refund(transaction, transaction + "-" + i, "15625")));
      if (i == 16) {
        answers.add(service.postAsync(payment(transaction, "500000")));
      }
    }
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get().body()).contains("accepted");
    }

    settled(transaction, 3 * 32 + 3);

    assertThat(payment(transaction)).containsExactly("refunded 500000.00 500000.00 32 -");
    assertThat(
            service.query(
                "select count(*) from refund where transaction_id = '" + transaction + "'"))
        .containsExactly("32");
  }

  @Test
  void partial_refunds_are_all_booked_and_one_too_many_is_flagged_and_told() throws Exception {
    String transaction = fresh();
    accepted(payment(transaction, "500000"));
    accepted(refund(transaction, transaction + "-1", "100000"));
    accepted(refund(transaction, transaction + "-2", "150000"));
    accepted(refund(transaction, transaction + "-3", "100000"));
    assertThat(service.post(refund(transaction, transaction + "-3", "100000")).body())
        .contains("duplicate");
    settled(transaction, 12);
    assertThat(payment(transaction)).containsExactly("partially_refunded 500000.00 350000.00 3 -");

    accepted(refund(transaction, transaction + "-4", "150000.01"));
    settled(transaction, 15);

    assertThat(payment(transaction)).containsExactly("refunded 500000.00 500000.01 4 0.01");
    assertThat(service.log())
        .anyMatch(line -> line.contains("500000.01 of 500000.00 NGN were refunded"));
  }

  @Test
  void no_shape_of_the_payload_leaves_a_dead_delivery() throws Exception {
    String charge = fresh();
    String bare = fresh();
    String paid = fresh();
    String failed = fresh();
    String begun = fresh();
    accepted(
        "{\"event\":\"charge.success\",\"data\":{\"reference\":\"%s\",\"amount\":3200,\"customer\":{\"email\":\"ada.obi@example.com\"}}}"
            .formatted(charge));
    accepted("{\"event\":\"charge.success\",\"data\":{\"reference\":\"%s\"}}".formatted(bare));
    accepted("{\"reference\":\"%s\",\"status\":\"success\"}".formatted(paid));
    accepted("{\"reference\":\"%s\",\"status\":\"failed\"}".formatted(failed));
    accepted("{\"transactionId\":\"%s\"}".formatted(begun));

    for (String transaction : List.of(charge, bare, paid, failed)) {
      settled(transaction, 3);
    }
    settled(begun, 1);

    assertThat(payment(charge)).containsExactly("success 3200.00 0 0 -");
    assertThat(payment(bare)).containsExactly("success - 0 0 -");
    assertThat(payment(paid)).containsExactly("success - 0 0 -");
    assertThat(payment(failed)).containsExactly("failed - 0 0 -");
    assertThat(payment(begun)).containsExactly("pending - 0 0 -");
  }

  @Test
  void the_journal_and_the_tables_say_the_same_amounts() throws Exception {
    String transaction = fresh();
    accepted(payment(transaction, "12500.5"));
    accepted(refund(transaction, transaction + "-1", "500"));
    settled(transaction, 6);

    assertThat(
            service.query(
                "select e.amount || ' ' || coalesce(p.amount, r.amount) || ' ' || e.currency"
                    + " from payhook.event e"
                    + " left join payment p on p.transaction_id = e.entity and e.type like 'payment.%'"
                    + " left join refund r on r.transaction_id = e.entity and e.type like 'refund.%'"
                    + " where e.entity = '"
                    + transaction
                    + "' order by e.id"))
        .containsExactly("12500.50 12500.50 NGN", "500.00 500.00 NGN");
  }

  private static String fresh() {
    return "T-" + UUID.randomUUID();
  }

  private static String payment(String transaction, String amount) {
    return """
        {"event":"payment.success","data":{"transaction_id":"%s","amount":%s,"currency":"NGN",\
        "status":"success","customer":{"email":"ada.obi@example.com","name":"Ada Obi"}}}"""
        .formatted(transaction, amount);
  }

  private static String refund(String transaction, String id, String amount) {
    return """
        {"event":"refund.processed","data":{"refund_id":"%s","transaction_id":"%s","amount":%s,\
        "currency":"NGN","status":"processed","customer":{"email":"ada.obi@example.com"}}}"""
        .formatted(id, transaction, amount);
  }

  private static void accepted(String body) throws Exception {
    assertThat(service.post(body).body()).contains("\"status\":\"accepted\"");
  }

  private static List<String> payment(String transaction) throws Exception {
    return service.query(
        "select concat_ws(' ', status, coalesce(amount::text, '-'), refunded_amount, refund_count,"
            + " coalesce(over_refunded_by::text, '-')) from payment where transaction_id = '"
            + transaction
            + "'");
  }

  private static void settled(String transaction, int deliveries) throws Exception {
    Eventually.holds(
        () ->
            assertThat(
                    service.query(
                        "select d.route || ' ' || d.state || coalesce(' ' || d.error, '')"
                            + " from payhook.delivery d join payhook.event e on e.id = d.event_id"
                            + " where e.entity = '"
                            + transaction
                            + "'"))
                .hasSize(deliveries)
                .allMatch(line -> line.endsWith(" done") || line.contains(" skipped ")));
  }
}

package io.payhook.effects.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.effects.kamelets.BundledEvents;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.journal.Migrations;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database that earlier versions of the bundled integration filled. */
@Tag("service")
class PaymentsUpgradeTest {
  private static final Path SCHEMA = PaymentsTables.INTEGRATION.resolve("sql/schema");

  @TempDir Path mails;

  @AfterEach
  void leaveNoOldTables() throws Exception {
    PaymentsTables.none();
  }

  @Test
  void the_first_script_is_as_it_ran_everywhere() throws Exception {
    byte[] script = Files.readAllBytes(SCHEMA.resolve("V001__payments.sql"));

    assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(script)))
        .isEqualTo("cdbf87dd00c92a44117e02a787d2f6286e96fe1262550cfaed1fedce82b41180");
  }

  @Test
  void payments_and_refunds_are_kept_and_their_sums_are_made(@TempDir Path old) throws Exception {
    first(old);
    PaymentsTables.execute(
        """
        insert into payment (transaction_id, status, amount, currency, customer_email, customer_name, updated_at)
        values ('paid', 'success', 100, 'NGN', 'ada.obi@example.com', 'Ada Obi', '2026-11-01T10:00:00Z'),
               ('failed', 'failed', 100, 'NGN', null, null, '2026-11-01T10:00:00Z'),
               ('whole', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z'),
               ('part', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z'),
               ('over', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z'),
               ('dollars', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z'),
               ('word', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z'),
               ('not-refunded', 'refunded', 100, 'NGN', null, null, '2026-11-02T10:00:00Z');
        insert into customer values ('ada.obi@example.com', 'Ada Obi', now(), now());
        insert into refund (transaction_id, status, amount, currency, reason, updated_at)
        values ('whole', 'processed', 100.00, 'NGN', 'Returned', '2026-11-02T10:00:00Z'),
               ('part', 'processed', 30, 'NGN', null, '2026-11-02T10:00:00Z'),
               ('over', 'processed', 130, 'NGN', null, '2026-11-02T10:00:00Z'),
               ('dollars', 'processed', 100, 'USD', null, '2026-11-02T10:00:00Z'),
               ('word', 'Success', 100, 'NGN', null, '2026-11-02T10:00:00Z'),
               ('not-refunded', 'FAILED', 100, 'NGN', null, '2026-11-02T10:00:00Z'),
               ('early', 'processed', 100, 'NGN', null, '2026-11-02T10:00:00Z');
        """);

    Migrations.integration(PaymentsTables.dataSource(), SCHEMA, "payments");

    assertThat(
            PaymentsTables.rows(
                "select concat_ws(' ', transaction_id, status, outcome, refunded_amount,"
                    + " over_refunded_by, refund_currency_differs) as row from payment order by 1"))
        .extracting(row -> row.get("row"))
        .containsExactlyInAnyOrder(
            "paid success success 0 f",
            "failed failed failed 0 f",
            "whole refunded success 100.00 f",
            "part partially_refunded success 30 f",
            "over refunded success 130 30 f",
            "dollars partially_refunded success 0 t",
            "word refunded success 100 f",
            "not-refunded success success 0 f");
    assertThat(PaymentsTables.rows("select refund_id from refund where refund_id = transaction_id"))
        .hasSize(7);
    assertThat(PaymentsTables.rows("select reason, amount from refund where refund_id = 'whole'"))
        .containsExactly(Map.of("reason", "Returned", "amount", new BigDecimal("100.00")));
    assertThat(
            PaymentsTables.rows(
                "select customer_name from payment where status = 'success' and customer_email is not null"))
        .containsExactly(Map.of("customer_name", "Ada Obi"));
  }

  @Test
  void a_payment_and_further_refunds_go_on_where_the_old_tables_stood(@TempDir Path old)
      throws Exception {
    first(old);
    PaymentsTables.execute(
        """
        insert into payment (transaction_id, status, amount, currency, updated_at)
        values ('TX-1', 'refunded', 100, 'NGN', '2026-11-02T10:00:00Z');
        insert into refund (transaction_id, status, amount, currency, updated_at)
        values ('TX-1', 'processed', 30, 'NGN', '2026-11-02T10:00:00Z'),
               ('TX-2', 'processed', 30, 'NGN', '2026-11-02T10:00:00Z');
        """);
    Migrations.integration(PaymentsTables.dataSource(), SCHEMA, "payments");

    try (EffectRoutes running =
        new EffectRoutes(
            new MailStandIn(mails, EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            "http://127.0.0.1:1",
            EffectRoutes.bundled())) {
      for (String[] routeAndEvent :
          List.of(
              // As the version before recorded it, sent again.
              new String[] {"record-refund", event("refund.processed", "TX-1", 30)},
              new String[] {"record-refund", event("refund.processed", "TX-1", 70)},
              new String[] {"record-payment", event("payment.success", "TX-2", 100)})) {
        EffectRoutes.done(
            running.deliver(
                routeAndEvent[0],
                routeAndEvent[1],
                Instant.parse("2026-11-23T12:00:00Z"),
                BundledEvents.facts(routeAndEvent[1])));
      }
    }

    assertThat(
            PaymentsTables.rows(
                "select amount from refund where transaction_id = 'TX-1' order by 1"))
        .extracting(row -> row.get("amount"))
        .containsExactly(new BigDecimal("30.00"), new BigDecimal("70.00"));
    assertThat(PaymentsTables.rows("select transaction_id, status from payment order by 1"))
        .containsExactly(
            Map.of("transaction_id", "TX-1", "status", "refunded"),
            Map.of("transaction_id", "TX-2", "status", "partially_refunded"));
  }

  /** The tables as the first script alone makes them. */
  private static void first(Path folder) throws Exception {
    Files.copy(SCHEMA.resolve("V001__payments.sql"), folder.resolve("V001__payments.sql"));
    PaymentsTables.none();
    Migrations.integration(PaymentsTables.dataSource(), folder, "payments");
  }

  private static String event(String type, String transaction, int amount) {
    return """
        {"event":"%s","data":{"transaction_id":"%s","amount":%d,"currency":"NGN"}}"""
        .formatted(type, transaction, amount);
  }
}

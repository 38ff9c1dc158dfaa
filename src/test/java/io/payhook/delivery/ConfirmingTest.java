package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Facts;
import io.payhook.journal.Migrations;
import io.payhook.journal.NewEvent;
import io.payhook.journal.Receipt;
import io.payhook.journal.Replay;
import io.payhook.journal.SubscriptionTable;
import io.payhook.journal.TestJournal;
import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.testing.Eventually;
import io.payhook.testing.HttpStub;
import io.payhook.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Events that a provider's API on loopback has to confirm, over a real journal. */
@Tag("service")
class ConfirmingTest {
  private static final String ANSWER =
      "{\"responseCode\":\"00\",\"data\":{\"transactionId\":\"T1\",\"amount\":\"150000\",\"currency\":\"NGN\",\"status\":\"Successful\"}}";
  private static final String EVENT =
      "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"T1\",\"amount\":150000,\"currency\":\"NGN\"}}";

  private static final Duration AWAY = Duration.ofMillis(200);

  private final TestDatabase database = TestDatabase.create("confirming", Migrations::journal);
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final DeliveryEngine engine =
      new DeliveryEngine(
          database.dataSource(),
          new Deliveries(database.dataSource(), "node-a", Duration.ofSeconds(30)),
          new SubscriptionTable(database.dataSource(), "node-a"),
          new DeliveryOptions(
              20,
              Duration.ofMillis(20),
              Duration.ofMillis(40),
              Duration.ofSeconds(20),
              2,
              Duration.ofSeconds(30),
              Duration.ofMillis(20)),
          event -> Map.of(),
          new Breakers(Clock.systemUTC(), meters, AWAY, AWAY),
          Clock.systemUTC(),
          meters);
  private final TestJournal journal = new TestJournal(database.dataSource());
  private final DefaultCamelContext context = new DefaultCamelContext();
  private final List<String> facts = new CopyOnWriteArrayList<>();
  private final List<String> effects = new CopyOnWriteArrayList<>();
  private HttpStub api;

  @BeforeEach
  void start() throws Exception {
    api = new HttpStub();
    api.answer = ANSWER;
    context.addComponent("event", new EventComponent(engine));
    context.addRoutes(
        new RouteBuilder() {
          @Override
          public void configure() {
            from("event:*/*")
                .routeId("record")
                .process(
                    exchange -> {
                      effects.add(String.valueOf(exchange.getVariable("confirmation")));
                      facts.add(
                          exchange.getVariable("amount") + " " + exchange.getVariable("currency"));
                    });
            from("event:*/payment.*?ordered=true").routeId("in-order").process(exchange -> {});
          }
        });
    context.start();
    engine.start();
  }

  @AfterEach
  void stop() throws Exception {
    context.stop();
    engine.close();
    journal.close();
    database.close();
    api.close();
  }

  private List<String> questions() {
    return api.calls.stream()
        .map(
            call ->
                String.join(
                    " ",
                    call.method(),
                    call.uri(),
                    call.headers().getFirst("Authorization"),
                    call.body()))
        .toList();
  }

  private Provider provider(String preset, String path, Map<String, String> more) {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("confirm.url", "http://127.0.0.1:" + api.port() + path);
    settings.put("confirm.secret", "sk_test_key");
    return Providers.shipped().get(preset).with(settings);
  }

  private void confirm(Provider provider) throws Exception {
    engine.confirm("payments", Map.of(provider.name(), provider.confirmation().orElseThrow()));
  }

  private void echezona() throws Exception {
    confirm(provider("echezona", "/api/Payments/VerifyPayment", Map.of()));
  }

  private Receipt accept(String type, String key, String contentType, String text)
      throws Exception {
    return journal.append(
        TestJournal.event(type, key, "T1", contentType, text),
        engine.recipientsOf("payments", null, type));
  }

  private Receipt accept(String text) throws Exception {
    return accept("payment.success", "k1", "application/json", text);
  }

  private void expect(String eventState, String... deliveries) throws Exception {
    Eventually.holds(
        () -> {
          assertThat(
                  database.query(
                      "select concat_ws(' ', route, state, attempts, category, error) from payhook.delivery order by route"))
              .containsExactly(deliveries);
          assertThat(database.query("select state from payhook.event")).containsExactly(eventState);
        });
  }

  @Test
  void what_the_provider_confirms_has_its_effects_and_routes_see_the_answer() throws Exception {
    echezona();
    accept(EVENT);
    expect("accepted", "confirm-payments done 1", "in-order done 1", "record done 1");
    assertThat(questions())
        .containsExactly(
            "POST /api/Payments/VerifyPayment Bearer sk_test_key {\"transactionId\":\"T1\"}");
    assertThat(effects).hasSize(1).first().asString().contains("status=Successful");
    assertThat(meters.get("payhook.confirmations").tag("outcome", "confirmed").counter().count())
        .isEqualTo(1);
  }

  @Test
  void a_mismatch_is_a_conflict_without_effect_that_can_be_asked_about_again() throws Exception {
    echezona();
    api.answer = ANSWER.replace("150000", "100");
    Receipt receipt = accept(EVENT);
    expect(
        "conflict",
        "confirm-payments skipped 1 CONFLICT the provider says amount 100.00, the event needs at least 150000.00");
    assertThat(effects).isEmpty();

    api.answer = ANSWER;
    new Replay(database.dataSource(), Duration.ofSeconds(10))
        .event(receipt.id(), "confirm-payments", false, false);
    engine.announce();
    expect("accepted", "confirm-payments done 2", "in-order done 1", "record done 1");
  }

  @Test
  void errors_and_a_payment_that_is_pending_are_asked_about_again() throws Exception {
    echezona();
    api.status = 503;
    accept(EVENT);
    Eventually.holds(() -> assertThat(questions()).hasSizeGreaterThanOrEqualTo(2));
    assertThat(database.query("select state from payhook.event")).containsExactly("unconfirmed");
    api.answer = ANSWER.replace("Successful", "Pending");
    api.status = 200;
    Eventually.holds(
        () ->
            assertThat(database.query("select error from payhook.delivery"))
                .allMatch(error -> error.contains("does not know yet: status Pending")));
    api.answer = ANSWER;
    Eventually.holds(
        () ->
            assertThat(database.query("select state from payhook.event"))
                .containsExactly("accepted"));
    Eventually.holds(() -> assertThat(effects).hasSize(1));
  }

  @Test
  void while_the_provider_is_down_one_event_at_a_time_goes_to_see() throws Exception {
    echezona();
    api.status = 503;
    for (int i = 0; i < 40; i++) {
      accept("payment.success", "k" + i, "application/json", EVENT);
    }
    Eventually.holds(
        () -> assertThat(meters.get("payhook.target.available").gauge().value()).isEqualTo(0));
    int asked = questions().size();
    Eventually.holds(() -> assertThat(questions()).hasSizeGreaterThan(asked + 2));
    assertThat(database.query("select distinct event_id from payhook.attempt"))
        .as("the others wait without an attempt")
        .hasSizeLessThan(20);
    api.status = 200;
    Eventually.holds(() -> assertThat(effects).hasSize(40));
  }

  @Test
  void a_repeat_of_an_unconfirmed_event_is_a_duplicate() throws Exception {
    echezona();
    api.status = 401;
    Receipt first = accept(EVENT);
    Receipt again = accept(EVENT);
    assertThat(again).isEqualTo(new Receipt(first.id(), Receipt.Status.DUPLICATE));
    Eventually.holds(
        () ->
            assertThat(
                    database.query(
                        "select concat_ws(' ', state, attempts, error) from payhook.delivery"))
                .containsExactly("dead 1 HTTP 401 from http://127.0.0.1:" + api.port()));
    assertThat(database.query("select state from payhook.event")).containsExactly("unconfirmed");
    assertThat(effects).isEmpty();
  }

  @Test
  void an_event_of_a_type_that_nobody_is_asked_about_is_held_back() throws Exception {
    confirm(
        provider("echezona", "/", Map.of("confirm.types", "payment.success", "confirm.free", "")));
    accept("refund.processed", "k1", "application/json", EVENT);
    expect(
        "unconfirmed",
        "confirm-payments dead 1 DEAD events of type refund.processed are neither in confirm.types nor in confirm.free, so"
            + " nobody can say whether it is true; add the type to one of them, then replay this delivery");
    assertThat(questions()).isEmpty();
    assertThat(effects).isEmpty();
  }

  @Test
  void an_event_of_a_type_that_is_free_goes_its_way() throws Exception {
    confirm(
        provider(
            "echezona",
            "/",
            Map.of("confirm.types", "payment.success", "confirm.free", "refund.*")));
    accept("refund.processed", "k1", "application/json", EVENT);
    expect("accepted", "record done 1");
    assertThat(questions()).isEmpty();
  }

  @Test
  void what_the_provider_says_is_what_routes_and_journal_have() throws Exception {
    confirm(
        provider(
            "echezona",
            "/api/Payments/VerifyPayment",
            Map.of("event.amount", "{/data/amount?}", "event.currency", "{/data/currency?}")));
    accept(
        "payment.success",
        "k1",
        "application/json",
        "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"T1\"}}");
    expect("accepted", "confirm-payments done 1", "in-order done 1", "record done 1");
    assertThat(database.query("select concat_ws(' ', amount, currency) from payhook.event"))
        .containsExactly("150000.00 NGN");
    assertThat(facts).containsExactly("150000.00 NGN");
  }

  @Test
  void an_amount_that_nobody_can_read_reaches_no_route() throws Exception {
    echezona();
    accept(EVENT.replaceFirst("\"amount\":[^,}]+", "\"amount\":\"1_500_00\""));
    expect(
        "conflict",
        "confirm-payments skipped 1 CONFLICT the event's amount 1_500_00 is none that can be compared");
    assertThat(effects).isEmpty();
  }

  @Test
  void a_failure_needs_the_providers_word_for_a_failure() throws Exception {
    echezona();
    accept("payment.failed", "k1", "application/json", EVENT);
    expect(
        "conflict",
        "confirm-payments skipped 1 CONFLICT the provider says status Successful, the event needs Failed");
  }

  @Test
  void paystack_is_asked_by_reference() throws Exception {
    confirm(provider("paystack", "/transaction/verify/{/data/reference}", Map.of()));
    api.answer =
        "{\"data\":{\"status\":\"success\",\"reference\":\"a/b\",\"amount\":4000,\"currency\":\"NGN\"}}";
    accept(
        "charge.success",
        "k1",
        "application/json",
        "{\"event\":\"charge.success\",\"data\":{\"reference\":\"a/b\",\"amount\":4000,\"currency\":\"NGN\"}}");
    expect("accepted", "confirm-payments done 1", "record done 1");
    assertThat(questions()).containsExactly("GET /transaction/verify/a%2Fb Bearer sk_test_key ");
  }

  @Test
  void flutterwave_must_say_what_the_event_says() throws Exception {
    confirm(provider("flutterwave-v3", "/v3/transactions/{/data/id}/verify", Map.of()));
    api.answer =
        "{\"data\":{\"status\":\"failed\",\"tx_ref\":\"r1\",\"amount\":10.5,\"currency\":\"NGN\"}}";
    accept(
        "charge.completed",
        "k1",
        "application/json",
        "{\"event\":\"charge.completed\",\"data\":{\"id\":7,\"status\":\"successful\",\"tx_ref\":\"r1\",\"amount\":10.50,\"currency\":\"NGN\"}}");
    expect(
        "conflict",
        "confirm-payments skipped 1 CONFLICT the provider says status failed, the event needs successful");
  }

  @Test
  void mollies_payment_is_fetched_and_one_it_does_not_know_is_a_conflict() throws Exception {
    confirm(provider("mollie-classic", "/v2/payments/{/id}", Map.of()));
    api.answer =
        "{\"id\":\"tr_1\",\"status\":\"paid\",\"amount\":{\"value\":\"10.00\",\"currency\":\"EUR\"}}";
    accept("resource.changed", "k1", "application/x-www-form-urlencoded", "id=tr_1");
    expect("accepted", "confirm-payments done 1", "in-order done 1", "record done 1");
    assertThat(questions()).containsExactly("GET /v2/payments/tr_1 Bearer sk_test_key ");
    assertThat(effects).hasSize(1).first().asString().contains("status=paid");

    api.status = 404;
    accept("resource.changed", "k2", "application/x-www-form-urlencoded", "id=tr_2");
    Eventually.holds(
        () ->
            assertThat(
                    database.query(
                        "select d.error from payhook.delivery d join payhook.event e on e.id = d.event_id where e.state = 'conflict'"))
                .containsExactly("the provider knows nothing of it (HTTP 404)"));
  }

  @Test
  void each_status_of_a_payment_that_only_its_id_is_told_of_is_one_event() throws Exception {
    confirm(provider("mollie-classic", "/v2/payments/{/id}", Map.of()));
    api.answer =
        "{\"id\":\"tr_1\",\"status\":\"paid\",\"amount\":{\"value\":\"10.00\",\"currency\":\"EUR\"}}";
    for (int i = 0; i < 3; i++) {
      int asked = i + 1;
      accept("resource.changed", "call " + i, "application/x-www-form-urlencoded", "id=tr_1");
      Eventually.holds(
          () ->
              assertThat(
                      database.query(
                          "select state from payhook.delivery where route = 'confirm-payments'"))
                  .hasSize(asked)
                  .containsOnly("done"));
    }
    Eventually.holds(
        () ->
            assertThat(database.query("select state from payhook.event order by state"))
                .containsExactly("accepted", "duplicate", "duplicate"));
    Eventually.holds(() -> assertThat(effects).hasSize(1));
    assertThat(
            database.query(
                "select concat_ws(' ', key, amount, currency) from payhook.event where state = 'accepted'"))
        .containsExactly("tr_1:paid:: 10.00 EUR");
    assertThat(
            database.query(
                "select count(*) from payhook.event d join payhook.event e on e.id = d.conflict_of and e.state = 'accepted'"))
        .containsExactly("2");

    api.answer =
        api.answer.replace(
            "{\"id\"", "{\"amountRefunded\":{\"value\":\"4.00\",\"currency\":\"EUR\"},\"id\"");
    accept("resource.changed", "call 3", "application/x-www-form-urlencoded", "id=tr_1");
    Eventually.holds(() -> assertThat(effects).hasSize(2));
    assertThat(
            database.query(
                "select concat_ws(' ', type, amount) from payhook.event where state = 'accepted' order by id"))
        .containsExactly("payment.paid 10.00", "payment.refunded 4.00");
  }

  @Test
  void a_flood_of_unsigned_requests_about_one_payment_asks_once_more_and_no_oftener()
      throws Exception {
    confirm(provider("mollie-classic", "/v2/payments/{/id}", Map.of()));
    api.answer =
        "{\"id\":\"tr_1\",\"status\":\"paid\",\"amount\":{\"value\":\"10.00\",\"currency\":\"EUR\"}}";
    api.stalled = new CountDownLatch(1);
    accept("resource.changed", "call 0", "application/x-www-form-urlencoded", "id=tr_1");
    Eventually.holds(() -> assertThat(questions()).hasSize(1));
    Receipt second =
        accept("resource.changed", "call 1", "application/x-www-form-urlencoded", "id=tr_1");
    assertThat(second.status())
        .as("the first may have been answered before this came")
        .isEqualTo(Receipt.Status.ACCEPTED);
    for (int i = 2; i < 50; i++) {
      assertThat(
              accept(
                  "resource.changed", "call " + i, "application/x-www-form-urlencoded", "id=tr_1"))
          .isEqualTo(new Receipt(second.id(), Receipt.Status.DUPLICATE));
    }
    api.stalled.countDown();
    Eventually.holds(
        () ->
            assertThat(database.query("select state from payhook.event order by state"))
                .containsExactly("accepted", "duplicate"));
    assertThat(questions()).hasSize(2);
    Eventually.holds(() -> assertThat(effects).hasSize(1));
  }

  private Provider paypal() {
    String at = "http://127.0.0.1:" + api.port();
    return Providers.shipped()
        .get("paypal-confirmed")
        .with(
            Map.of(
                "params.webhook-id",
                "8PT597110X687430L",
                "confirm.secret",
                "client:secret",
                "confirm.url",
                at + "/v1/notifications/verify-webhook-signature",
                "confirm.token.url",
                at + "/v1/oauth2/token"));
  }

  private static final String PAYPAL =
      "{ \"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\", \"resource\":{\"id\":\"C1\",\"amount\":{\"value\":\"500.50\",\"currency_code\":\"EUR\"}} }";

  private void acceptPaypal(Provider paypal) throws Exception {
    confirm(paypal);
    byte[] body = PAYPAL.getBytes(StandardCharsets.UTF_8);
    journal.append(
        new NewEvent(
            "payments",
            "PAYMENT.CAPTURE.COMPLETED",
            "WH-1",
            new Facts("C1", null, null, null, Facts.WEBHOOK),
            null,
            "POST",
            "/",
            "application/json",
            """
            [["Host", "shop.example.com"], ["Paypal-Auth-Algo", "SHA256withRSA"],
             ["Paypal-Cert-Url", "https://api.paypal.com/certs/a"], ["Paypal-Transmission-Id", "t-1"],
             ["Paypal-Transmission-Sig", "c2ln+/=="], ["Paypal-Transmission-Time", "2026-11-01T09:15:30Z"]]
            """,
            body,
            NewEvent.Sameness.of(stored -> Arrays.equals(stored, body))),
        engine.recipientsOf("payments", null, "PAYMENT.CAPTURE.COMPLETED"));
  }

  @Test
  void paypal_is_asked_about_the_signature_with_the_headers_and_the_body_as_they_came()
      throws Exception {
    api.answer = "{\"access_token\":\"A21\",\"verification_status\":\"SUCCESS\"}";
    acceptPaypal(paypal());
    expect("accepted", "confirm-payments done 1", "record done 1");
    assertThat(questions())
        .containsExactly(
            "POST /v1/oauth2/token Basic Y2xpZW50OnNlY3JldA== grant_type=client_credentials",
            """
            POST /v1/notifications/verify-webhook-signature Bearer A21 {
              "auth_algo": "SHA256withRSA",
              "cert_url": "https://api.paypal.com/certs/a",
              "transmission_id": "t-1",
              "transmission_sig": "c2ln+/==",
              "transmission_time": "2026-11-01T09:15:30Z",
              "webhook_id": "8PT597110X687430L",
              "webhook_event": BODY
            }
            """
                .replace("BODY", PAYPAL));
  }

  @Test
  void a_signature_that_paypal_does_not_know_is_a_conflict() throws Exception {
    api.answer = "{\"access_token\":\"A21\",\"verification_status\":\"FAILURE\"}";
    acceptPaypal(paypal());
    expect(
        "conflict",
        "confirm-payments skipped 1 CONFLICT the provider says status FAILURE, the event needs SUCCESS");
    assertThat(effects).isEmpty();
  }

  @Test
  void a_value_that_would_name_another_resource_is_not_asked_about() throws Exception {
    confirm(provider("mollie-classic", "/v2/payments/{/id}", Map.of()));
    accept("resource.changed", "k1", "application/x-www-form-urlencoded", "id=..");
    Eventually.holds(
        () ->
            assertThat(database.query("select concat_ws(' ', state, error) from payhook.delivery"))
                .containsExactly("dead '..' can't stand in confirm.url"));
    assertThat(questions()).isEmpty();
  }

  @Test
  void an_endpoint_that_confirms_no_more_leaves_what_waits_unconfirmed() throws Exception {
    echezona();
    api.status = 503;
    accept(EVENT);
    Eventually.holds(() -> assertThat(questions()).isNotEmpty());
    engine.confirm("payments", Map.of());
    accept("payment.success", "k2", "application/json", EVENT);
    Eventually.holds(() -> assertThat(effects).hasSize(1));
    assertThat(database.query("select state from payhook.event order by key"))
        .containsExactly("unconfirmed", "accepted");
  }
}

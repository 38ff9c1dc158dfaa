package io.payhook.tools.scaffold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.routes.Finding;
import io.payhook.routes.Providers;
import io.payhook.routes.RouteFileException;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import io.payhook.tools.routetest.RouteTests;
import io.payhook.tools.scaffold.Scaffold.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

@Tag("service")
class ScaffoldTest {
  @TempDir Path folder;

  private final Settings settings = Settings.of(Map.of("payhook.data", "target/scaffold"));

  @BeforeEach
  void intake() throws IOException {
    Files.copy(Path.of("routes/intake.camel.yaml"), folder.resolve("intake.camel.yaml"));
  }

  private Scaffold scaffold() throws RouteFileException {
    return new Scaffold(folder, Placeholders.forReading(settings));
  }

  private List<Finding> findings() {
    try (TestDatabase database = TestDatabase.create()) {
      return new Check(
              folder,
              Placeholders.forReading(settings),
              settings.names(),
              database::connect,
              Clock.systemUTC())
          .run();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void an_endpoint_of_every_provider_passes_check_and_test_at_once() throws Exception {
    List<String> names = Providers.shipped().names();
    for (String provider : names) {
      scaffold().endpoint(provider.replace('.', '-'), provider);
    }
    assertThat(findings()).isEmpty();
    assertThat(failures(inOneTest(names))).isEmpty();
  }

  /** Every step of every test written, one after another: a service for each would take long. */
  private Path inOneTest(List<String> providers) throws IOException {
    List<Object> steps = new ArrayList<>();
    for (String provider : providers) {
      Path file = folder.resolve(provider.replace('.', '-')).resolve("tests.yaml");
      Map<?, ?> tests =
          (Map<?, ?>)
              new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
      for (Object test : (List<?>) tests.get("tests")) {
        Map<Object, Object> send = new LinkedHashMap<>((Map<?, ?>) test);
        Map<Object, Object> outcome = new LinkedHashMap<>();
        send.remove("name");
        for (String key : List.of("rows", "deliveries")) {
          outcome.put(key, send.remove(key));
        }
        assertThat(outcome).doesNotContainValue(null);
        steps.add(send);
        steps.add(outcome);
      }
      Files.delete(file);
    }
    Files.writeString(
        folder.resolve("tests.yaml"),
        new ObjectMapper()
            .writeValueAsString(
                Map.of("tests", List.of(Map.of("name", "all of them", "steps", steps)))));
    return folder;
  }

  private List<String> failures(Path routes) throws Exception {
    return RouteTests.in(routes)
        .run(
            over -> {
              Map<String, String> all = new HashMap<>(over);
              all.put("payhook.routes", routes.toString());
              return Settings.of(all);
            },
            Path.of("target/scaffold-tests"),
            1)
        .failed();
  }

  @Test
  void paypals_events_can_be_tried_with_no_certificate_of_its_own() throws Exception {
    scaffold().endpoint("paypal", "paypal");
    scaffold().endpoint("paypal-asked", "paypal-confirmed");
    assertThat(folder.resolve("paypal/paypal.camel.yaml"))
        .content()
        .contains("secrets: \"{{env:PAYPAL_RSA_WEBHOOK_SECRET:}}\"");
    assertThat(findings()).isEmpty();
    assertThat(failures(folder)).isEmpty();
  }

  @Test
  void a_test_changes_a_form_signs_badly_and_has_the_providers_api_fail() throws Exception {
    scaffold().endpoint("sms", "twilio");
    scaffold().endpoint("shop", "mollie-classic");
    scaffold().endpoint("paypal", "paypal");
    Files.writeString(
        folder.resolve("sms/tests.yaml"),
        """
        tests:
          - name: each call is one event
            steps:
              - send: call.completed
                with: {CallSid: CA1}
              - send: call.completed
                with: {CallSid: CA2}
                without: Direction
              - send: call.completed
                signature: bad
                answer: 401
              - send: PAYMENT.CAPTURE.COMPLETED
                endpoint: paypal
                signature: bad
                answer: 401
              - rows:
                  - query: select event->>'CallSid' as id from sms_event order by 1
                    are: [{id: CA1}, {id: CA2}]
          - name: an event waits until its provider has confirmed it
            fails: [{at: confirm, times: 2}]
            send: resource.changed
            endpoint: shop
            deliveries:
              record-shop: {state: done, attempts: 1}
        """);
    assertThat(findings()).isEmpty();
    assertThat(failures(folder)).isEmpty();
  }

  @Test
  void a_batch_of_one_or_several_events_is_a_sample_of_each_of_them() throws Exception {
    Files.createDirectories(folder.resolve("providers/lots"));
    Files.writeString(
        folder.resolve("providers/lots.yaml"),
        """
        title: Lots
        signature: {header: X-Lots, algorithm: hmac-sha256, encoding: hex}
        event:
          items: /events
          type: /type
          key: "{/type}:{/id}"
          entity: /id
          amount: /kobo
          amount-unit: minor
          currency: /currency
        """);
    Files.writeString(
        folder.resolve("providers/lots/batch.json"),
        """
        {"events": [
          {"type": "payment.captured", "id": "p-1", "kobo": 500050, "currency": "NGN"},
          {"type": "payment.captured", "id": "p-2", "kobo": 500, "currency": "JPY"},
          {"type": "customer.created", "id": "c-1"}
        ]}
        """);
    Files.writeString(
        folder.resolve("providers/lots/payment.failed.json"),
        """
        {"events": [{"type": "payment.failed", "id": "p-3", "kobo": 7, "currency": "NGN"}]}
        """);
    scaffold().endpoint("shop", "lots");

    assertThat(findings()).isEmpty();
    assertThat(folder.resolve("shop/tests.yaml"))
        .content()
        .contains(
            "send: batch",
            "- {type: payment.captured, entity: \"p-1\", amount: 5000.50, currency: NGN, occurredAt: null}",
            "count: 2",
            "record-shop: [done, done]");
    assertThat(failures(folder)).isEmpty();
    assertThat(
            new Scaffold(folder, Placeholders.forReading(settings))
                .effect("mail", "shop", "payment.failed", Kind.EMAIL))
        .isNotEmpty();
    assertThat(findings()).isEmpty();
    assertThat(failures(folder)).isEmpty();

    Files.move(
        folder.resolve("shop/samples/batch.json"), folder.resolve("shop/samples/other.json"));
    assertThat(findings())
        .extracting(Finding::toString)
        .anySatisfy(
            finding ->
                assertThat(finding)
                    .contains(
                        "the sample is a batch of events of the types payment.captured, customer.created",
                        "name the file payment.captured.json"));
  }

  @Test
  void every_kind_of_effect_checks_well() throws Exception {
    scaffold().endpoint("shop", "paystack");
    for (Kind kind : Kind.values()) {
      scaffold()
          .effect(
              "effect-" + kind.name().toLowerCase(java.util.Locale.ROOT),
              "shop",
              "charge.success",
              kind);
    }
    assertThat(findings()).isEmpty();
  }

  @Test
  void an_email_goes_to_the_address_that_the_sample_has() throws Exception {
    scaffold().endpoint("shop", "echezona");
    scaffold().effect("thank-customer", "shop", "payment.success", Kind.EMAIL);
    assertThat(folder.resolve("thank-customer/thank-customer.camel.yaml"))
        .content()
        .contains("to: \"${variable.event[data][customer][email]}\"");
  }

  @Test
  void nothing_that_is_there_is_overwritten() throws Exception {
    scaffold().endpoint("shop", "paystack");
    List<Path> before = files();
    assertThatThrownBy(() -> scaffold().endpoint("shop", "stripe"))
        .isInstanceOf(Scaffold.Refused.class)
        .hasMessageContaining("is there already; take another name");
    assertThatThrownBy(() -> scaffold().effect("shop", "shop", "charge.success", Kind.CRM))
        .hasMessageContaining("is there already; take another name");
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void what_is_misspelt_is_named() throws Exception {
    scaffold().endpoint("shop", "paystack");
    assertThatThrownBy(() -> scaffold().endpoint("other", "paystak"))
        .hasMessage("no such provider 'paystak'; did you mean 'paystack'?");
    assertThatThrownBy(() -> scaffold().effect("other", "shp", "charge.success", Kind.CRM))
        .hasMessage("no such endpoint 'shp'; did you mean 'shop'?");
    assertThatThrownBy(() -> scaffold().effect("other", "shop", "charge.sucess", Kind.CRM))
        .hasMessage(
            "endpoint 'shop' has no sample of 'charge.sucess'; did you mean 'charge.success'?");
    assertThatThrownBy(() -> scaffold().endpoint("../shop", "paystack"))
        .hasMessage("'../shop' is no name; small letters, digits and - make one, as in shop-eu");
  }
}

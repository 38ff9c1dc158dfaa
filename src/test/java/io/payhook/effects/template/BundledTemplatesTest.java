package io.payhook.effects.template;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.effects.kamelets.BundledEvents;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.kit.Json;
import jakarta.mail.Multipart;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The e-mails of the bundled integration. */
@Tag("service")
class BundledTemplatesTest {
  @TempDir Path mails;
  private EffectRoutes running;

  @BeforeEach
  void start() throws Exception {
    running =
        new EffectRoutes(
            new MailStandIn(mails, EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            "http://127.0.0.1:1",
            EffectRoutes.bundled());
  }

  @AfterEach
  void stop() {
    running.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "receipt-email    | payment.success    | ada.obi@example.com    | Your receipt for NGN 5,000.00",
        "failure-email    | payment.failed     | tunde.bello@example.com | Your payment of NGN 12,500.50 failed",
        "refund-email     | refund.processed   | ada.obi@example.com    | Your refund of NGN 5,000.00",
        "transfer-email   | transfer.success   | finance@example.com    | Transfer of NGN 250,000.00 succeeded",
        "renewal-email    | subscription.renew | ngozi.eze@example.com  | Your subscription Pro monthly was renewed",
      })
  void each_event_has_its_email(String route, String type, String to, String subject)
      throws Exception {
    MimeMessage mail = send(route, BundledEvents.sample(type));

    assertThat(mail.getAllRecipients()).extracting(Object::toString).containsExactly(to);
    assertThat(mail.getSubject()).isEqualTo(subject);
    String transaction =
        Json.MAPPER.readTree(BundledEvents.sample(type)).at("/data/transaction_id").textValue();
    for (String part : parts(mail)) {
      assertThat(part).contains(transaction, "23 November 2026, 20:15 UTC");
      assertThat(part).doesNotContain("{{", "{%", "null");
    }
    assertThat(parts(mail).get(1)).contains("<html lang=\"en\">", "<h1 ", "scope=\"row\"");
    assertThat(parts(mail).get(0)).doesNotContain("<").doesNotContain("\n\n\n");
  }

  @ParameterizedTest
  @CsvSource({
    "receipt-email, payment.success",
    "failure-email, payment.failed",
    "refund-email, refund.processed",
    "transfer-email, transfer.success",
    "renewal-email, subscription.renew"
  })
  void members_that_a_platform_leaves_out_leave_no_hole(String route, String type)
      throws Exception {
    MimeMessage mail =
        send(
            route,
            "{\"event\":\"%s\",\"data\":{\"transaction_id\":\"T1\",\"amount\":\"10\",\"currency\":\"usd\",\"customer\":{\"email\":\"a@example.com\"}}}"
                .formatted(type));

    assertThat(mail.getSubject()).doesNotContain("  ").isEqualTo(mail.getSubject().strip());
    for (String part : parts(mail)) {
      assertThat(part)
          .contains("USD 10.00", "T1")
          .doesNotContain("null", "Reason", "Next renewal", "Plan");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "receipt-email, payment.success, Your receipt",
    "failure-email, payment.failed, Your payment failed",
    "refund-email, refund.processed, Your refund",
    "transfer-email, transfer.success, Transfer succeeded",
    "renewal-email, subscription.renew, Your subscription was renewed"
  })
  void an_amount_that_is_not_known_is_not_spoken_of(String route, String type, String subject)
      throws Exception {
    MimeMessage mail =
        send(
            route,
            "{\"event\":\"%s\",\"data\":{\"transaction_id\":\"T1\",\"customer\":{\"email\":\"a@example.com\"}}}"
                .formatted(type));

    assertThat(mail.getSubject()).isEqualTo(subject);
    for (String part : parts(mail)) {
      assertThat(part)
          .contains("T1")
          .doesNotContain("null", "NGN", "Amount", "<strong></strong>", " .", " for.", "  to ");
    }
  }

  @Test
  void the_date_is_when_it_happened_where_the_platform_says_it() throws Exception {
    for (String part :
        parts(send("receipt-email", BundledEvents.sample("payment.success@charge")))) {
      assertThat(part).contains("NGN 3,200.00", "ORD-20261123-0099", "23 November 2026, 14:02 UTC");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "receipt-email, payment.success@reference",
    "crm-contact, payment.success@reference",
    "failure-email, payment.failed@reference",
    "crm-failure, payment.failed@reference",
    "refund-email, refund.processed",
    "crm-refund, refund.processed",
    "renewal-email, subscription.renew",
    "crm-subscription, subscription.renew"
  })
  void nobody_is_written_to_where_the_event_has_no_address(String route, String sample)
      throws Exception {
    String whole = BundledEvents.sample(sample);
    for (String json :
        List.of(
            whole.replaceAll("\"email\": \"[^\"]*\"", "\"email\": \"\""),
            whole.replaceAll("\"email\": \"[^\"]*\"", "\"email\": null"),
            whole.replaceAll("\"email\": \"[^\"]*\",", ""),
            whole.replaceAll("(?s)\"customer\": \\{[^}]*}", "\"customer\": null"),
            whole.replaceAll("(?s)\"customer\": \\{[^}]*}", "\"note\": 1"))) {
      EffectRoutes.done(running.deliver(route, json, BundledEvents.facts(json)));
    }

    try (Stream<Path> files = Files.list(mails)) {
      assertThat(files).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "receipt-email, payment.success",
    "failure-email, payment.failed",
    "refund-email, refund.processed",
    "transfer-email, transfer.success",
    "renewal-email, subscription.renew"
  })
  void html_in_any_text_of_the_event_is_escaped(String route, String type) throws Exception {
    ObjectNode event = (ObjectNode) Json.MAPPER.readTree(BundledEvents.sample(type));
    poison(event.get("data"));

    String html = parts(send(route, event.toString())).get(1);

    assertThat(html).doesNotContain("<img").contains("&lt;img src=x onerror=alert(1)&gt;");
  }

  @Test
  void every_sample_is_an_event_of_the_type_that_its_name_tells() throws Exception {
    try (Stream<Path> samples = Files.list(PaymentsTables.INTEGRATION.resolve("samples"))) {
      List<Path> files = samples.toList();
      assertThat(files)
          .extracting(file -> file.getFileName().toString())
          .contains(
              "payment.success.json",
              "payment.failed.json",
              "refund.processed.json",
              "transfer.success.json",
              "subscription.renew.json");
      for (Path file : files) {
        String name = file.getFileName().toString().replace(".json", "");
        assertThat(BundledEvents.event(BundledEvents.sample(name)).type())
            .as(name)
            .isEqualTo(name.replaceFirst("@.*", ""));
      }
    }
  }

  @Test
  void every_sql_file_starts_with_a_line_that_says_what_it_does() throws Exception {
    try (Stream<Path> files = Files.walk(PaymentsTables.INTEGRATION.resolve("sql"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".sql")).toList()) {
        assertThat(Files.readString(file))
            .as(file.toString())
            .matches("(?s)-- [A-Z][^\\n]+\\.\\n.*");
      }
    }
  }

  private static void poison(JsonNode node) {
    if (node instanceof ObjectNode object) {
      for (String name : List.copyOf(names(object))) {
        if (object.get(name).isObject()) {
          poison(object.get(name));
        } else if (!List.of("email", "amount", "currency", "status").contains(name)) {
          object.put(name, "<img src=x onerror=alert(1)>");
        }
      }
    }
  }

  private static List<String> names(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<String> parts(MimeMessage mail) throws Exception {
    Multipart parts = (Multipart) mail.getContent();
    return List.of(
        parts.getBodyPart(0).getContent().toString().replace("\r\n", "\n"),
        parts.getBodyPart(1).getContent().toString().replace("\r\n", "\n"));
  }

  private MimeMessage send(String route, String json) throws Exception {
    EffectRoutes.done(running.deliver(route, json, BundledEvents.facts(json)));
    try (Stream<Path> files = Files.list(mails)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      assertThat(all.get(0).getFileName().toString()).contains("-" + route + "-");
      try (InputStream in = Files.newInputStream(all.get(0))) {
        return new MimeMessage(Session.getInstance(new Properties()), in);
      }
    }
  }
}

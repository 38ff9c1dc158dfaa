package io.payhook.effects.mail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.delivery.Remarks;
import io.payhook.effects.EffectException;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.kit.Json;
import jakarta.mail.BodyPart;
import jakarta.mail.Header;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.Multipart;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class EmailSinkTest {
  private static final String TO = "to: \"${variable.event[data][customer][email]}\"";

  @TempDir Path folder;
  private EffectRoutes running;

  @AfterEach
  void stop() {
    if (running != null) {
      running.close();
    }
  }

  @Test
  void an_email_has_both_parts_and_only_the_kamelets_headers() throws Exception {
    start(TO);
    MimeMessage mail = send("ada@example.com", "Ada");

    assertThat(names(mail))
        .containsExactlyInAnyOrder(
            "Date",
            "From",
            "To",
            "Message-ID",
            "Subject",
            "MIME-Version",
            "Content-Type",
            "Auto-Submitted");
    assertThat(mail.getHeader("From")).containsExactly("Example Shop <shop@shop.example.com>");
    assertThat(mail.getHeader("To")).containsExactly("ada@example.com");
    assertThat(mail.getHeader("Auto-Submitted")).containsExactly("auto-generated");
    assertThat(mail.getSentDate()).isEqualTo(Instant.parse("2026-11-23T20:15:02Z"));
    assertThat(mail.getSubject()).isEqualTo("Hello Ada & co");
    Multipart parts = (Multipart) mail.getContent();
    assertThat(parts.getContentType()).startsWith("multipart/alternative");
    assertThat(content(parts, 0)).isEqualTo("text/plain; charset=UTF-8|Hello Ada,\nplain\n");
    assertThat(content(parts, 1)).startsWith("text/html; charset=UTF-8|<!DOCTYPE html>");
  }

  @Test
  void the_message_id_is_the_same_at_every_attempt_and_another_for_the_second_call()
      throws Exception {
    start(TO, TO, TO + "\nkey: reminder");

    send("ada@example.com", "Ada");
    send("ada@example.com", "Ada");

    String id = "<" + EffectRoutes.EVENT_ID + ".mail";
    assertThat(mails().stream().map(EmailSinkTest::id))
        .containsExactly(
            id + "@shop.example.com>",
            id + ".2@shop.example.com>",
            id + ".reminder@shop.example.com>",
            id + "@shop.example.com>",
            id + ".2@shop.example.com>",
            id + ".reminder@shop.example.com>");
  }

  @Test
  void without_a_text_template_there_is_the_html_part_alone() throws Exception {
    start(TO);
    Files.delete(folder.resolve("email/hello.txt"));

    assertThat(((Multipart) send("ada@example.com", "Ada").getContent()).getCount()).isEqualTo(1);
  }

  @Test
  void html_in_values_is_escaped_in_the_html_and_plain_in_subject_and_text() throws Exception {
    start(TO);
    MimeMessage mail = send("ada@example.com", "<b>\"Ada\"</b></title><script>");

    assertThat(mail.getSubject()).isEqualTo("Hello <b>\"Ada\"</b></title><script> & co");
    Multipart parts = (Multipart) mail.getContent();
    assertThat(content(parts, 0)).contains("Hello <b>\"Ada\"</b></title><script>,");
    assertThat(content(parts, 1))
        .contains("<p>&lt;b&gt;&quot;Ada&quot;&lt;/b&gt;&lt;/title&gt;&lt;script&gt;</p>")
        .doesNotContain("<script>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Ada\r\nBcc: evil@example.com",
        "Ada\nBcc: evil@example.com\n\nbody",
        "Ada\rBcc: evil@example.com",
        "Ada\u2028Bcc: evil@example.com",
        "Ada\u0000\u0085\u000bBcc: evil@example.com",
        "Äda\r\n Bcc: evil@example.com",
      })
  void a_line_break_in_a_value_makes_no_header(String name) throws Exception {
    start(
        """
        to: '"${variable.event[data][customer][name]}" <${variable.event[data][customer][email]}>'
        subject: "Hi ${variable.event[data][customer][name]}"
        reply-to: "${variable.event[data][customer][name]} <r@example.com>"
        """);
    MimeMessage mail = send("ada@example.com", name);

    assertThat(names(mail))
        .containsExactlyInAnyOrder(
            "Date",
            "From",
            "Reply-To",
            "To",
            "Message-ID",
            "Subject",
            "MIME-Version",
            "Content-Type",
            "Auto-Submitted");
    assertThat(mail.getAllRecipients()).hasSize(1);
    assertThat(mail.getSubject()).startsWith("Hi ").contains("da Bcc: evil@example.com");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com,evil@example.com",
        "ada@example.com;evil@example.com",
        "ada@example.com evil@example.com",
        "evil@example.com>,<ada@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "\"ada\"evil\"@example.com",
        "\"ada@evil.com>\"@example.com",
        "\"\"@example.com",
        "..@example.com",
        "ada@@example.com",
        "jos\u00e9@example.com",
        "N/A",
        "ada@example.com\r\nBcc: evil@example.com",
        "ada@example.com\n",
        "a\u0000da@example.com",
        "friends:ada@example.com,evil@example.com;",
        "@evil.example.com:ada@example.com",
        "ada@[127.0.0.1]",
        "ada@exa mple.com",
        "ada@-example.com",
        "ada@example..com",
        "ada(comment)@example.com",
        "=?utf-8?q?ada=40evil.com=2C?=@example.com",
      })
  void whatever_is_not_exactly_one_address_is_nobody_to_write_to(String email) throws Exception {
    start(TO);
    Exchange exchange = deliver(email, "Ada", e -> {});
    if (email.equals("ada@example.com\n") || email.startsWith("=?")) {
      // White space around is not part of it; the encoded word is an odd but single address.
      assertThat(mails())
          .singleElement()
          .satisfies(m -> assertThat(m.getAllRecipients()).hasSize(1));
      return;
    }

    assertThat(exchange.getException()).isNull();
    assertThat(remarks(exchange))
        .startsWith(
            "skipped [nobody to write to: the e-mail's to, ${variable.event[data][customer][email]},"
                + " is ")
        .endsWith(" for this event; exactly one e-mail address would be right], noted []")
        .doesNotContain("\n", "\r", "\0");
    assertThat(mails()).isEmpty();
    assertThat(exchange.getMessage().getBody(String.class)).contains("\"event\":\"order\"");
  }

  private static String remarks(Exchange exchange) {
    return String.valueOf(exchange.getProperty("PayhookRemarks"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "ada..b@docomo.ne.jp ~ \"ada..b\"@docomo.ne.jp",
        ".a@example.com ~ \".a\"@example.com",
        "a.@example.com ~ \"a.\"@example.com",
        "\"john doe\"@example.com ~ \"john doe\"@example.com",
        "ada@example.com. ~ ada@example.com",
        "o'brien+tag@example.com ~ o'brien+tag@example.com",
        "a/b@example.com ~ a/b@example.com",
      })
  void addresses_that_people_have_are_written_as_servers_take_them(String email, String sent)
      throws Exception {
    start(TO);
    MimeMessage mail = send(email, "Ada");

    assertThat(mail.getAllRecipients())
        .extracting(to -> ((InternetAddress) to).getAddress())
        .containsExactly(sent);
  }

  @Test
  void an_address_that_is_missing_keeps_nothing_from_the_others() throws Exception {
    start(
        """
        to: "${variable.event[data][customer][email]}, finance@example.com"
        cc: "${variable.event[data][customer][none]}"
        reply-to: "${variable.event[data][customer][email]}"
        """);
    Exchange exchange = EffectRoutes.done(deliver("N/A", "Ada", e -> {}));

    assertThat(mails())
        .singleElement()
        .satisfies(
            mail ->
                assertThat(mail.getAllRecipients())
                    .extracting(Object::toString)
                    .containsExactly("finance@example.com"));
    assertThat(remarks(exchange))
        .startsWith("skipped [], noted [left out: the e-mail's to, ")
        .contains("left out: the e-mail's cc, ")
        .endsWith(", done");
  }

  @Test
  void a_filter_says_whether_it_let_the_event_through() throws Exception {
    start(TO);
    try (EffectRoutes bundled =
        new EffectRoutes(
            new MailStandIn(folder.resolve("other"), EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            "http://127.0.0.1:1",
            EffectRoutes.bundled())) {
      String without = "{\"event\":\"payment.success\",\"data\":{}}";
      Exchange exchange = EffectRoutes.done(bundled.deliver("receipt-email", without));

      assertThat(exchange.getProperty(Remarks.FILTER)).isEqualTo(false);
      assertThat(exchange.getProperty(Exchange.TO_ENDPOINT)).isNull();
    }
  }

  @Test
  void a_recipient_of_the_route_itself_that_is_no_address_is_its_mistake() throws Exception {
    start("to: finance");

    assertThat(deliver("ada@example.com", "Ada", e -> {}).getException())
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("the e-mail's to, finance, is 'finance'");
  }

  @Test
  void only_the_routes_own_commas_make_more_recipients() throws Exception {
    start(
        """
        to: "${variable.event[data][customer][email]}, finance@example.com"
        cc: '"Books, Ltd" <books@example.com>'
        """);
    MimeMessage mail = send("ada@example.com", "Ada");

    assertThat(mail.getRecipients(RecipientType.TO))
        .extracting(Object::toString)
        .containsExactly("ada@example.com", "finance@example.com");
    assertThat(mail.getRecipients(RecipientType.CC))
        .extracting(Object::toString)
        .containsExactly("\"Books, Ltd\" <books@example.com>");
    deliver("a@example.com,b@example.com", "Ada", e -> {});
    assertThat(mails()).hasSize(2);
    assertThat(mails().get(1).getRecipients(RecipientType.TO))
        .extracting(Object::toString)
        .containsExactly("finance@example.com");
  }

  @Test
  void an_international_domain_is_sent_in_ascii() throws Exception {
    start(TO);

    assertThat(send("ada@bücher.example", "Ada").getHeader("To"))
        .containsExactly("ada@xn--bcher-kva.example");
  }

  @Test
  void headers_of_any_origin_stay_out_of_the_mail_and_come_back_to_the_route() throws Exception {
    start(TO);
    Exchange exchange =
        EffectRoutes.done(
            deliver(
                "ada@example.com",
                "Ada",
                e -> {
                  e.getMessage().setHeader("To", "evil@example.com");
                  e.getMessage().setHeader("Bcc", "evil@example.com");
                  e.getMessage().setHeader("subject", "evil");
                  e.getMessage().setHeader("mail.smtp.from", "evil@example.com");
                  e.getMessage().setHeader("mail.smtp.host", "evil.example.com");
                  e.getMessage().setHeader("X-Own", "kept");
                }));

    MimeMessage mail = mails().get(0);
    assertThat(mail.getAllRecipients())
        .extracting(Object::toString)
        .containsExactly("ada@example.com");
    assertThat(names(mail)).doesNotContain("Bcc", "X-Own", "mail.smtp.from");
    assertThat(exchange.getMessage().getHeaders())
        .containsOnlyKeys("To", "Bcc", "subject", "mail.smtp.from", "mail.smtp.host", "X-Own");
    assertThat(exchange.getMessage().getBody(String.class)).contains("\"event\":\"order\"");
  }

  @Test
  void a_long_or_foreign_subject_is_one_folded_header() throws Exception {
    start(TO);
    MimeMessage mail = send("ada@example.com", "Ọlá ".repeat(100));

    assertThat(mail.getSubject())
        .hasSizeLessThanOrEqualTo(201)
        .startsWith("Hello Ọlá Ọlá")
        .endsWith("…");
    for (String line : mail.getHeader("Subject")[0].split("\r\n", -1)) {
      assertThat(line).matches("[\\x20-\\x7e\\t]*").hasSizeLessThan(79);
    }
  }

  @Test
  void a_template_with_a_mistake_is_an_error_that_names_file_and_line() throws Exception {
    start(TO);
    Files.writeString(
        folder.resolve("email/hello.html"), "<title>x</title>\n{{ event.data | monny }}");
    assertThat(deliver("ada@example.com", "Ada", e -> {}).getException())
        .isInstanceOf(EffectException.class)
        .hasMessageStartingWith(folder.resolve("email/hello.html") + ":2: ")
        .hasMessageContaining("monny");

    Files.delete(folder.resolve("email/hello.html"));
    assertThat(deliver("ada@example.com", "Ada", e -> {}).getException())
        .isInstanceOf(EffectException.class)
        .hasMessageStartingWith(folder.resolve("email/hello.html") + ": there is no such template");
  }

  @Test
  void an_email_without_subject_is_an_error_that_says_what_to_do() throws Exception {
    start(TO);
    Files.writeString(folder.resolve("email/hello.html"), "<p>no title</p>");

    assertThat(deliver("ada@example.com", "Ada", e -> {}).getException())
        .hasMessageEndingWith(
            "the e-mail has no subject; give the template a <title> or the route a parameter 'subject'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\0',
      value = {
        "100% more + $5 #1? %41 ~ 100% more + $5 #1? %41",
        "{curly} [square] 'single' \"double\" ~ {curly} [square] 'single' \"double\"",
        "RAW(this & that=x) ~ this & that=x",
        "${variable.event[data][none]}ok ~ ok",
      })
  void a_written_subject_arrives_as_written(String written, String arrived) throws Exception {
    start(TO + "\nsubject: " + Json.MAPPER.writeValueAsString(written));

    assertThat(send("ada@example.com", "Ada").getSubject()).isEqualTo(arrived);
  }

  @Test
  void a_parameter_that_the_kamelet_has_not_got_stops_the_start() {
    assertThatThrownBy(() -> start(TO + "\nsubjekt: x"))
        .hasStackTraceContaining("email-sink has no parameter 'subjekt'; did you mean 'subject'?");
    assertThatThrownBy(() -> start(TO + "\nsubject: this & that"))
        .hasStackTraceContaining(
            "email-sink has no parameter 'that'; it has cc, from, key, reply-to, subject, template,"
                + " to. A text that holds an & is written RAW(…)");
  }

  @Test
  void values_that_look_like_expressions_or_placeholders_stay_text() throws Exception {
    start(TO + "\nsubject: \"${variable.event[data][customer][name]}\"");

    assertThat(
            send("ada@example.com", "{{payhook.crm.url}} ${variable.eventId} {% x %}").getSubject())
        .isEqualTo("{{payhook.crm.url}} ${variable.eventId} {% x %}");
  }

  private static String id(MimeMessage mail) {
    try {
      return mail.getMessageID();
    } catch (jakarta.mail.MessagingException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> names(MimeMessage mail) throws Exception {
    List<String> names = new ArrayList<>();
    for (Header header : Collections.list(mail.getAllHeaders())) {
      names.add(header.getName());
    }
    return names;
  }

  private static String content(Multipart parts, int index) throws Exception {
    BodyPart part = parts.getBodyPart(index);
    return part.getContentType() + "|" + part.getContent().toString().replace("\r\n", "\n");
  }

  private void start(String... calls) throws Exception {
    Files.createDirectories(folder.resolve("email"));
    Files.writeString(
        folder.resolve("email/hello.html"),
        "<!DOCTYPE html>\n<title>Hello {{ event.data.customer.name }} &amp;\n co</title>"
            + "<p>{{ event.data.customer.name }}</p>\n");
    Files.writeString(
        folder.resolve("email/hello.txt"), "Hello {{ event.data.customer.name }},\nplain\n");
    StringBuilder route =
        new StringBuilder(
            """
            - route:
                id: mail
                from:
                  uri: event:shop/order
                  steps:
            """);
    for (String call : calls) {
      route.append(
          """
                - to:
                    uri: kamelet:email-sink
                    parameters:
                      template: email/hello.html
          """);
      call.lines().forEach(line -> route.append("            ").append(line).append('\n'));
    }
    Path file = Files.writeString(folder.resolve("shop.camel.yaml"), route.toString());
    running =
        new EffectRoutes(
            new MailStandIn(folder.resolve("mail"), EffectRoutes.CLOCK),
            PaymentsTables.dataSource(),
            "http://127.0.0.1:1",
            file);
  }

  private Exchange deliver(String email, String name, Consumer<Exchange> change)
      throws IOException {
    return running.deliver(
        "mail",
        Json.MAPPER.writeValueAsString(
            Map.of(
                "event",
                "order",
                "data",
                Map.of("customer", Map.of("email", email, "name", name)))),
        change);
  }

  private MimeMessage send(String email, String name) throws Exception {
    EffectRoutes.done(deliver(email, name, e -> {}));
    List<MimeMessage> mails = mails();
    return mails.get(mails.size() - 1);
  }

  private List<MimeMessage> mails() throws Exception {
    List<MimeMessage> mails = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.resolve("mail"))) {
      for (Path file : files.sorted().toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          mails.add(new MimeMessage(Session.getInstance(new Properties()), in));
        }
      }
    }
    return mails;
  }
}

package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.payhook.testing.Eventually;
import io.payhook.testing.HttpStub;
import jakarta.mail.internet.MimeMessage;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
 * The bundled integration in the program as it ships, with a real mail server, CRM and PostgreSQL.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PaymentsIT {
  private static final Path ROUTES = Path.of("routes").toAbsolutePath();
  private static GreenMail mail;
  private static HttpStub crm;
  private static LaunchedService service;

  @BeforeAll
  static void start(@TempDir Path data) throws Exception {
    mail = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    mail.start();
    crm = new HttpStub();
    crm.answerHeaders = Map.of("Set-Cookie", "crm=secret", "X-Crm", "internal");
    service =
        LaunchedService.start(
            data.resolve("data"),
            ROUTES,
            Map.of(
                "payhook.mail.host", "127.0.0.1",
                "payhook.mail.port", String.valueOf(mail.getSmtp().getPort()),
                "payhook.mail.from", "shop@example.com",
                "payhook.crm.url", crm.url(),
                "payhook.crm.token", "crm-token",
                "payhook.intake.max-body", "100KB"));
  }

  @AfterAll
  static void stop() throws Exception {
    assertThat(service.stop()).describedAs("exit code after SIGTERM").isZero();
    Eventually.holds(
        () -> assertThat(service.log()).anyMatch(line -> line.startsWith("Payhook has stopped;")));
    crm.close();
    mail.stop();
  }

  private static String fresh() {
    return "T-" + UUID.randomUUID();
  }

  private static String payment(String type, String transaction, String email) {
    return """
        {"event": "%s", "data": {"transaction_id": "%s", "amount": 15000.50, "currency": "NGN", "status": "success", \
        "customer": {"email": "%s", "name": "Ada \\u003cb\\u003eObi"}}}"""
        .formatted(type, transaction, email);
  }

  private static String sample(String type, String transaction) throws Exception {
    String sample = Files.readString(ROUTES.resolve("payments/samples/" + type + ".json"));
    return sample.replaceFirst(
        "(\"transaction_id\"\\s*:\\s*)\"[^\"]*\"", "$1\"" + transaction + "\"");
  }

  private static String accepted(HttpResponse<String> response) {
    assertThat(response.statusCode()).describedAs(response.body()).isEqualTo(200);
    assertThat(response.body()).contains("\"status\":\"accepted\"");
    return response.body().replaceFirst(".*\"id\":\"([^\"]+)\".*", "$1");
  }

  private static void settled(String event) throws Exception {
    Eventually.holds(
        () ->
            assertThat(
                    service.query(
                        "select route || ' ' || state || coalesce(' ' || error, '') from payhook.delivery where event_id = '"
                            + event
                            + "'"))
                .isNotEmpty()
                .allMatch(line -> line.endsWith(" done")));
  }

  private static List<MimeMessage> mailsTo(String recipient) throws Exception {
    List<MimeMessage> found = new ArrayList<>();
    for (MimeMessage message : mail.getReceivedMessages()) {
      if (message.getAllRecipients()[0].toString().equals(recipient)) {
        found.add(message);
      }
    }
    return found;
  }

  @Test
  void a_successful_payment_becomes_rows_a_receipt_and_a_crm_contact() throws Exception {
    String transaction = fresh();
    String email = transaction.toLowerCase(java.util.Locale.ROOT) + "@example.com";

    String event = accepted(service.post(payment("payment.success", transaction, email)));
    settled(event);

    assertThat(
            service.query(
                "select status || ' ' || amount || ' ' || currency || ' ' || customer_name from payment where transaction_id = '"
                    + transaction
                    + "'"))
        .containsExactly("success 15000.50 NGN Ada <b>Obi");
    assertThat(service.query("select name from customer where email = '" + email + "'")).hasSize(1);
    assertThat(mailsTo(email)).hasSize(1);
    MimeMessage receipt = mailsTo(email).get(0);
    assertThat(receipt.getSubject()).contains("15,000.50");
    assertThat(receipt.getMessageID()).contains(event);
    String mime = new String(receipt.getRawInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(mime.substring(mime.indexOf("<html")))
        .contains("Ada &lt;b&gt;Obi")
        .doesNotContain("<b>Obi");
    assertThat(Collections.list(receipt.getAllHeaderLines()))
        .noneMatch(line -> line.contains("X-Echezona") || line.startsWith("User-Agent"));
    assertThat(crm.calls)
        .filteredOn(
            call ->
                call.body().contains(email)
                    || call.uri().contains(transaction.toLowerCase(java.util.Locale.ROOT)))
        .isNotEmpty()
        .allSatisfy(
            call -> {
              assertThat(call.headers().get("Authorization")).containsExactly("Bearer crm-token");
              assertThat(call.headers().getFirst("Idempotency-Key")).startsWith(event);
              assertThat(call.headers()).doesNotContainKey("X-echezona-signature");
            });
  }

  @Test
  void each_of_the_five_event_types_has_all_its_effects() throws Exception {
    for (String type :
        List.of(
            "payment.success",
            "payment.failed",
            "refund.processed",
            "transfer.success",
            "subscription.renew")) {
      String transaction = fresh();
      String event = accepted(service.post(sample(type, transaction)));
      settled(event);
      int effects =
          service
              .query("select route from payhook.delivery where event_id = '" + event + "'")
              .size();
      assertThat(effects).describedAs(type).isEqualTo(type.equals("transfer.success") ? 2 : 3);
    }
    for (String table : List.of("payment", "customer", "refund", "transfer", "subscription")) {
      assertThat(service.query("select 1 from " + table)).describedAs(table).isNotEmpty();
    }
  }

  @Test
  void the_aliases_of_the_platform_s_first_plugin_are_the_same_events() throws Exception {
    String transaction = fresh();
    accepted(service.post(payment("charge.success", transaction, "alias@example.com")));
    assertThat(service.post(payment("payment.success", transaction, "alias@example.com")).body())
        .contains("duplicate");
  }

  @Test
  void thirty_two_copies_at_once_are_one_event() throws Exception {
    String body = payment("payment.success", fresh(), "once@example.com");
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      answers.add(service.postAsync(body));
    }
    List<String> bodies = new ArrayList<>();
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get().statusCode()).isEqualTo(200);
      bodies.add(answer.get().body());
    }
    assertThat(bodies).filteredOn(answer -> answer.contains("accepted")).hasSize(1);
    assertThat(bodies)
        .extracting(answer -> answer.replaceFirst(".*\"id\":", ""))
        .containsOnly(bodies.get(0).replaceFirst(".*\"id\":", ""));
    settled(bodies.get(0).replaceFirst(".*\"id\":\"([^\"]+)\".*", "$1"));
    assertThat(mailsTo("once@example.com")).hasSize(1);
  }

  @Test
  void the_same_key_with_another_body_is_a_duplicate_that_is_kept_as_a_conflict() throws Exception {
    String transaction = fresh();
    String event =
        accepted(service.post(payment("payment.success", transaction, "first@example.com")));
    settled(event);

    HttpResponse<String> other =
        service.post(payment("payment.success", transaction, "other@example.com"));

    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(other.body()).contains("duplicate", event);
    assertThat(service.query("select state from payhook.event where conflict_of = '" + event + "'"))
        .containsExactly("conflict");
    assertThat(
            service.query(
                "select customer_email from payment where transaction_id = '" + transaction + "'"))
        .containsExactly("first@example.com");
    assertThat(mailsTo("other@example.com")).isEmpty();
  }

  @Test
  void the_same_json_in_another_order_and_spacing_is_no_conflict() throws Exception {
    String transaction = fresh();
    String first =
        "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\""
            + transaction
            + "\",\"amount\":1,\"currency\":\"NGN\",\"customer\":{\"email\":\"a@example.com\",\"name\":\"A\"}}}";
    String again =
        "{\"data\":{\"currency\":\"NGN\", \"amount\":1, \"transaction_id\":\""
            + transaction
            + "\",\"customer\":{\"name\":\"A\",\"email\":\"a@example.com\"}}, \"event\":\"payment.success\"}";
    String event = accepted(service.post(first));

    assertThat(service.post(again).body()).contains("duplicate", event);
    assertThat(service.query("select id from payhook.event where conflict_of = '" + event + "'"))
        .isEmpty();
  }

  @Test
  void a_wrong_or_missing_signature_is_401_with_the_same_body_and_leaves_only_a_rejection()
      throws Exception {
    String body = payment("payment.success", fresh(), "nobody@example.com");

    HttpResponse<String> missing = service.post(body, Map.of());
    HttpResponse<String> wrong =
        service.post(body, Map.of("X-Echezona-Signature", "00".repeat(32)));
    HttpResponse<String> garbage = service.post(body, Map.of("X-Echezona-Signature", "not hex"));

    assertThat(List.of(missing, wrong, garbage))
        .extracting(HttpResponse::statusCode)
        .containsOnly(401);
    assertThat(List.of(missing, wrong, garbage))
        .extracting(HttpResponse::body)
        .containsOnly(missing.body());
    assertThat(
            service.query(
                "select 1 from payhook.event where body = convert_to('"
                    + body.replace("'", "''")
                    + "', 'UTF8')"))
        .isEmpty();
    Eventually.holds(
        () ->
            assertThat(
                    service.query(
                        "select reason from payhook.rejection where category = 'SIGNATURE'"))
                .isNotEmpty());
  }

  @Test
  void a_signature_in_upper_case_hex_is_accepted() throws Exception {
    String body = payment("payment.success", fresh(), "upper@example.com");
    accepted(
        service.post(
            body,
            Map.of(
                "X-Echezona-Signature",
                LaunchedService.sign(body).toUpperCase(java.util.Locale.ROOT))));
  }

  @Test
  void what_is_signed_but_no_event_is_400() throws Exception {
    for (String body :
        List.of(
            "",
            "{",
            "not json",
            "[]",
            "\"text\"",
            "{\"event\":\"payment.success\"}",
            "{\"data\":{\"transaction_id\":\"x\"}}")) {
      assertThat(service.post(body).statusCode()).describedAs(body).isEqualTo(400);
    }
  }

  @Test
  void every_content_type_reaches_the_check_as_the_bytes_that_were_sent() throws Exception {
    for (String type :
        List.of(
            "application/json",
            "text/plain; charset=iso-8859-1",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream")) {
      String body =
          payment("payment.success", fresh(), "ünïcode+" + type.length() + "@example.com");
      accepted(
          service.post(
              body,
              Map.of("X-Echezona-Signature", LaunchedService.sign(body), "Content-Type", type)));
      assertThat(service.query("select content_type from payhook.event order by id desc limit 1"))
          .containsExactly(type);
    }
    byte[] notText = {(byte) 0xff, (byte) 0xfe, 0, 1, 2};
    assertThat(
            service
                .post(
                    "/webhooks/payments",
                    notText,
                    Map.of("X-Echezona-Signature", LaunchedService.sign(notText)))
                .statusCode())
        .describedAs("authentic, but no JSON")
        .isEqualTo(400);
    assertThat(
            service
                .post("/webhooks/payments", notText, Map.of("X-Echezona-Signature", "00"))
                .statusCode())
        .isEqualTo(401);
  }

  @Test
  void an_unknown_event_type_is_kept_as_unrouted() throws Exception {
    String event =
        accepted(
            service.post(
                "{\"event\":\"invoice.created\",\"data\":{\"transaction_id\":\""
                    + fresh()
                    + "\"}}"));
    assertThat(service.query("select state from payhook.event where id = '" + event + "'"))
        .containsExactly("unrouted");
  }

  @Test
  void unknown_endpoints_wrong_methods_and_other_paths_are_refused() throws Exception {
    assertThat(
            service
                .post("/webhooks/nobody", "{}".getBytes(StandardCharsets.UTF_8), Map.of())
                .statusCode())
        .isEqualTo(404);
    assertThat(service.post("/", "{}".getBytes(StandardCharsets.UTF_8), Map.of()).statusCode())
        .isEqualTo(404);
    assertThat(service.method("GET", "/observe/health").statusCode()).isEqualTo(404);
    for (String method : List.of("GET", "PUT", "DELETE", "PATCH", "OPTIONS")) {
      HttpResponse<String> response = service.method(method, "/webhooks/payments");
      assertThat(response.statusCode()).describedAs(method).isEqualTo(405);
      assertThat(response.headers().firstValue("Allow")).contains("POST");
    }
  }

  @Test
  void a_body_over_the_limit_is_413_with_and_without_a_length() throws Exception {
    byte[] large = "x".repeat(200_000).getBytes(StandardCharsets.UTF_8);
    assertThat(
            service
                .post(
                    "/webhooks/payments",
                    large,
                    Map.of("X-Echezona-Signature", LaunchedService.sign(large)))
                .statusCode())
        .isEqualTo(413);
    String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
    assertThat(
            raw(
                "POST /webhooks/payments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Echezona-Signature: "
                    + "0".repeat(64)
                    + "\r\n\r\n"
                    + chunk.repeat(3)
                    + "0\r\n\r\n"))
        .startsWith("HTTP/1.1 413");
  }

  @Test
  void health_and_metrics_are_on_the_management_port_alone() throws Exception {
    assertThat(service.management("/observe/health/ready").statusCode()).isEqualTo(200);
    assertThat(service.management("/observe/health/live").statusCode()).isEqualTo(200);
    assertThat(service.management("/observe/metrics").body())
        .contains("payhook_journal_commit_time");
    assertThat(service.method("GET", "/observe/metrics").statusCode()).isEqualTo(404);
  }

  // What an attacker tries. None of it reaches an effect or the reply.

  private static String raw(String request) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.port)) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(request.getBytes(StandardCharsets.UTF_8));
      out.flush();
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[64 * 1024];
      int n = in.read(buffer);
      return n < 0 ? "" : new String(buffer, 0, n, StandardCharsets.UTF_8);
    }
  }

  private static String signedRaw(String target, String body, String moreHeaders) {
    return "POST "
        + target
        + " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Echezona-Signature: "
        + LaunchedService.sign(body)
        + "\r\n"
        + moreHeaders
        + "Content-Length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  @Test
  void a_request_target_with_a_host_of_its_own_calls_nobody() throws Exception {
    try (HttpStub attacker = new HttpStub()) {
      String body = payment("payment.success", fresh(), "ssrf@example.com");
      assertThat(raw(signedRaw(attacker.url() + "/webhooks/payments", body, "")))
          .startsWith("HTTP/1.1 400");
      assertThat(
              raw(
                  signedRaw(
                      "http://{{payhook.crm.token}}.example.com/webhooks/payments", body, "")))
          .startsWith("HTTP/1.1 400");
      String event = accepted(service.post(body));
      settled(event);
      assertThat(attacker.calls).isEmpty();
    }
  }

  @Test
  void recipients_and_mail_settings_in_query_and_headers_change_no_mail() throws Exception {
    String email = "victim-" + UUID.randomUUID() + "@example.com";
    String body = payment("payment.success", fresh(), email);
    String answer =
        raw(
            signedRaw(
                "/webhooks/payments?To=evil@example.com&Bcc=evil@example.com&mail.smtp.from=evil@example.com&mail.smtp.localhost=evil&Subject=evil",
                body,
                "To: evil@example.com\r\nBcc: evil@example.com\r\nSubject: evil\r\nmail.smtp.from: evil@example.com\r\nFrom: evil@example.com\r\nReply-To: evil@example.com\r\n"));
    assertThat(answer).startsWith("HTTP/1.1 200").doesNotContain("evil");
    Eventually.holds(() -> assertThat(mailsTo(email)).hasSize(1));
    MimeMessage message = mailsTo(email).get(0);
    assertThat(String.join("\n", Collections.list(message.getAllHeaderLines())))
        .doesNotContain("evil");
    assertThat(message.getFrom()[0].toString()).isEqualTo("shop@example.com");
    assertThat(mailsTo("evil@example.com")).isEmpty();
  }

  @Test
  void camel_headers_in_any_case_steer_nothing() throws Exception {
    try (HttpStub attacker = new HttpStub()) {
      String email = "camel-" + UUID.randomUUID() + "@example.com";
      String body = payment("payment.success", fresh(), email);
      StringBuilder headers = new StringBuilder();
      for (String name :
          List.of(
              "CamelHttpUri",
              "camelhttpuri",
              "CAMELHTTPURI",
              "CamelHttpPath",
              "CamelHttpResponseCode",
              "camelhttpresponsecode",
              "CamelSqlQuery",
              "CamelJdbcParameters",
              "CamelHttpMethod",
              "CamelFileName")) {
        headers
            .append(name)
            .append(": ")
            .append(
                name.toLowerCase(java.util.Locale.ROOT).contains("code") ? "418" : attacker.url())
            .append("\r\n");
      }
      String answer =
          raw(
              signedRaw(
                  "/webhooks/payments?CamelHttpUri="
                      + attacker.url()
                      + "&CamelHttpResponseCode=418",
                  body,
                  headers.toString()));
      assertThat(answer).startsWith("HTTP/1.1 200").doesNotContainIgnoringCase("camel");
      String event = answer.replaceFirst("(?s).*\"id\":\"([^\"]+)\".*", "$1");
      settled(event);
      assertThat(attacker.calls).isEmpty();
      assertThat(crm.calls)
          .filteredOn(call -> call.headers().getFirst("Idempotency-Key").startsWith(event))
          .isNotEmpty();
    }
  }

  @Test
  void the_reply_carries_no_header_of_the_request_nor_of_the_crm() throws Exception {
    String body = payment("payment.success", fresh(), "echo@example.com");
    String answer =
        raw(
            signedRaw(
                "/webhooks/payments?echo=query-echo",
                body,
                "authorization: Bearer echo-auth\r\ncookie: echo=cookie\r\nX-Api-Key: echo-key\r\n"));
    assertThat(answer).startsWith("HTTP/1.1 200").doesNotContain("echo", "crm", "Echezona");
  }

  @Test
  void a_signature_in_the_query_counts_for_nothing() throws Exception {
    String body = payment("payment.success", fresh(), "query@example.com");
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String good = "/webhooks/payments?X-Echezona-Signature=" + LaunchedService.sign(body);
    assertThat(service.post(good, bytes, Map.of()).statusCode()).isEqualTo(401);
    assertThat(
            service.post(good, bytes, Map.of("X-Echezona-Signature", "00".repeat(32))).statusCode())
        .isEqualTo(401);
    assertThat(
            service
                .post(
                    "/webhooks/payments?X-Echezona-Signature=" + "00".repeat(32),
                    bytes,
                    Map.of("X-Echezona-Signature", LaunchedService.sign(body)))
                .statusCode())
        .isEqualTo(200);
  }
}

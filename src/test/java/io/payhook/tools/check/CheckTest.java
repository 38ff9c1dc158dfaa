package io.payhook.tools.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Finding;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts from the routes folder that ships, breaks one thing, and expects just that finding. */
@Tag("service")
class CheckTest {
  private static final Path SHIPPED = Path.of("routes").toAbsolutePath();

  /**
   * An integration in which nothing is wrong, and which stays as it is when the shipped one grows.
   */
  private static final Path VALID = Path.of("src/test/resources/checked").toAbsolutePath();

  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);
  private static final String SUCCESS = "payments/payment-success.camel.yaml";
  private static final String NEW = "payments/new.camel.yaml";

  private static TestDatabase database;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    database = TestDatabase.create();
  }

  @AfterAll
  static void close() {
    database.close();
  }

  @BeforeEach
  void copy() throws IOException {
    copy(VALID, folder);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }

  @Test
  void what_ships_has_no_findings() throws IOException {
    Path own = folder.resolve("payments");
    try (Stream<Path> all = Files.walk(own)) {
      for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
    Files.delete(folder.resolve("intake.camel.yaml"));
    copy(SHIPPED, folder);
    assertThat(findings()).isEmpty();
  }

  private List<String> findings() {
    Settings settings =
        Settings.of(
            Map.of("payhook.data", folder + "/data", "payments.finance.email", "f@example.com"));
    UnaryOperator<String> placeholders = Placeholders.forReading(settings);
    return new Check(folder, placeholders, settings.names(), database::connect, CLOCK)
        .run().stream().map(this::shown).toList();
  }

  private String shown(Finding finding) {
    String file =
        folder.relativize(Path.of("").toAbsolutePath().resolve(finding.file())).toString();
    return new Finding(file, finding.line(), finding.column(), finding.what(), finding.right())
        .toString();
  }

  private void write(String file, String text) throws IOException {
    Files.createDirectories(folder.resolve(file).getParent());
    Files.writeString(folder.resolve(file), text);
  }

  private void replace(String file, String old, String by) throws IOException {
    String text = Files.readString(folder.resolve(file));
    assertThat(text).contains(old);
    int at = text.indexOf(old);
    write(file, text.substring(0, at) + by + text.substring(at + old.length()));
  }

  /** Replaces one text in one file, and expects these findings and no others. */
  private void breaking(String file, String old, String by, String... expected) throws IOException {
    replace(file, old, by);
    assertThat(findings()).containsExactly(expected);
  }

  /** Adds a route that starts well, with the steps given. */
  private void adding(String steps, String... expected) throws IOException {
    write(
        NEW,
        """
        - route:
            id: try-it
            description: Tries something.
            from:
              uri: event:payments/payment.success
              steps:
        """
            + steps.indent(8));
    assertThat(findings()).containsExactly(expected);
  }

  private static final String IN_PARTS =
      """
      - route:
          id: note-payment
          description: Notes a payment.
          from:
            uri: event
            parameters:
              endpoint: payments
              type: payment.success
              maxAttempts: 3
            steps:
              - to:
                  uri: direct
                  parameters:
                    name: note
      - route:
          id: note
          description: Notes it.
          from:
            uri: direct
            parameters:
              name: note
            steps:
              - to:
                  uri: kamelet:crm-sink
                  parameters:
                    path: "/notes/${variable.event[data][transaction_id]}"
      """;

  @Test
  void an_address_in_parts_as_editors_write_it_is_as_good_as_a_whole_one() throws IOException {
    write(NEW, IN_PARTS);
    assertThat(findings()).isEmpty();
  }

  @Test
  void an_address_in_parts_is_checked_as_a_whole_one() throws IOException {
    write(NEW, IN_PARTS.replace("name: note\n- ", "name: nota\n- "));
    assertThat(findings())
        .containsExactly(
            "payments/new.camel.yaml:12:18: nobody consumes 'direct:nota'; did you mean 'direct:note'?");
    write(NEW, IN_PARTS.replace("endpoint: payments", "endpoint: paymnts"));
    assertThat(findings())
        .singleElement()
        .asString()
        .endsWith("no such endpoint 'paymnts'; did you mean 'payments'?");
    write(NEW, IN_PARTS.replace("        endpoint: payments\n", ""));
    assertThat(findings())
        .containsExactly(
            "payments/new.camel.yaml:5:12: 'event' is no address; write event:… as one, or 'endpoint:' and 'type:' among its parameters");
  }

  @Test
  void the_folder_that_ships_has_no_problem() {
    assertThat(findings()).isEmpty();
  }

  // YAML and Camel's notation

  @Test
  void broken_yaml_is_placed() throws IOException {
    breaking(
        SUCCESS,
        "description: Records the payment and its customer.",
        "description: Records: the payment",
        "payments/payment-success.camel.yaml:5:25: not YAML: mapping values are not allowed here; look at the indentation and the quotes here and in the line above");
  }

  @Test
  void a_tab_is_named_as_such() throws IOException {
    breaking(
        SUCCESS,
        "    description: Records the payment",
        "\tdescription: Records the payment",
        "payments/payment-success.camel.yaml:5:1: not YAML: found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation) (while scanning for the next token); indent with spaces, not with tabs");
  }

  @Test
  void a_key_given_twice_is_found() throws IOException {
    breaking(
        SUCCESS,
        "    description: Records the payment and its customer.",
        "    id: record-payment",
        "payments/payment-success.camel.yaml:5:5: 'id' is already in line 4 of the same block; keep one of the two");
  }

  @Test
  void an_unknown_step_is_named() throws IOException {
    adding(
        "- sett-body:\n    expression:\n      constant:\n        expression: x",
        "payments/new.camel.yaml:7:11: no such step 'sett-body'; did you mean 'setBody'?");
  }

  @Test
  void an_unknown_option_of_a_step_is_named() throws IOException {
    breaking(
        "intake.camel.yaml",
        "removeOnFailure",
        "removeOnFailur",
        "intake.camel.yaml:33:13: 'idempotentConsumer' has no option 'removeOnFailur'; did you mean 'removeOnFailure'?");
  }

  @Test
  void an_unknown_language_is_named() throws IOException {
    adding(
        "- setBody:\n    expression:\n      simpel:\n        expression: x",
        "payments/new.camel.yaml:9:15: no such language 'simpel'; did you mean 'simple'?");
  }

  @Test
  void an_unknown_entry_of_a_file_is_named() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "- beans:",
        "- bean:",
        "payments/payments.camel.yaml:4:3: no such entry 'bean'; did you mean 'beans'?");
  }

  @Test
  void a_step_that_lost_its_dash_is_found() throws IOException {
    breaking(
        "intake.camel.yaml",
        "        - removeHeaders:\n            id: forget-headers",
        "          removeHeaders:\n            id: forget-headers",
        "intake.camel.yaml:24:11: 'removeHeaders' stands in the step of 'process'; begin it with '- ' as a step of its own");
  }

  @Test
  void a_missing_option_is_named() throws IOException {
    adding("- to:\n    id: nowhere", "payments/new.camel.yaml:7:11: 'to' has no 'uri'; add 'uri:'");
  }

  @Test
  void a_value_of_the_wrong_kind_is_named() throws IOException {
    breaking(
        "intake.camel.yaml",
        "skipDuplicate: true",
        "skipDuplicate: yess",
        "intake.camel.yaml:34:28: 'skipDuplicate' can't be 'yess'; true or false would be right");
  }

  @Test
  void a_route_without_route_is_compact_notation() throws IOException {
    write(NEW, "- from:\n    uri: event:payments/payment.success\n    steps: []\n");
    assertThat(findings())
        .containsExactly(
            "payments/new.camel.yaml:1:3: compact notation: a 'from' without a 'route'; write '- route:' with 'id', 'description' and 'from' below it");
  }

  @Test
  void a_step_in_one_line_is_compact_notation() throws IOException {
    adding(
        "- to: direct:x",
        "payments/new.camel.yaml:7:11: compact notation: 'to' with its value in one line; write 'uri:' with the value below it");
  }

  @Test
  void a_language_without_expression_is_compact_notation() throws IOException {
    adding(
        "- setBody:\n    constant: x",
        "payments/new.camel.yaml:8:13: compact notation: 'constant' without 'expression'; write 'expression:' with 'constant:' and its 'expression:' below it");
  }

  @Test
  void options_in_an_address_are_compact_notation() throws IOException {
    breaking(
        SUCCESS,
        "uri: kamelet:database-sink",
        "uri: kamelet:database-sink?bridgeErrorHandler=true",
        "payments/payment-success.camel.yaml:13:39: compact notation: 'bridgeErrorHandler' in the address; write it as 'bridgeErrorHandler:' under 'parameters:'");
  }

  @Test
  void a_file_nobody_loads_is_found() throws IOException {
    Files.move(folder.resolve(SUCCESS), folder.resolve("payments/payment-success.yaml"));
    assertThat(findings())
        .containsExactly(
            "payments/payment-success.yaml:1:1: the file is not loaded because of its name; name it payment-success.camel.yaml");
  }

  @Test
  void an_empty_file_is_found() throws IOException {
    write(NEW, "");
    assertThat(findings())
        .containsExactly(
            "payments/new.camel.yaml:1:1: the file is empty; write a route into it, or delete it");
  }

  // Routes

  @Test
  void a_route_without_id_is_found() throws IOException {
    breaking(
        SUCCESS,
        "    id: record-payment\n",
        "",
        "payments/payment-success.camel.yaml:3:3: the route has no id; add 'id:' with its name in logs and metrics, such as record-payment");
  }

  @Test
  void a_route_without_description_is_found() throws IOException {
    breaking(
        SUCCESS,
        "    description: Records the payment and its customer.\n",
        "",
        "payments/payment-success.camel.yaml:4:9: route 'record-payment' has no description; add 'description:' with one sentence that says what it does for the business");
  }

  @Test
  void two_routes_of_one_id_are_found() throws IOException {
    breaking(
        SUCCESS,
        "id: record-payment",
        "id: record-failure",
        "payments/payment-success.camel.yaml:4:9: route id 'record-failure' is already in payment-failed.camel.yaml:4; give one of the two another id");
  }

  @Test
  void an_unknown_component_is_named() throws IOException {
    adding(
        "- to:\n    uri: htp://example.com",
        "payments/new.camel.yaml:8:18: no such component 'htp'; did you mean 'http'?");
  }

  @Test
  void an_unknown_option_of_a_component_is_named() throws IOException {
    breaking(
        SUCCESS,
        "transacted: true",
        "transactd: true",
        "payments/payment-success.camel.yaml:9:9: 'event' has no option 'transactd'; did you mean 'transacted'?");
  }

  @Test
  void an_option_typo_that_would_be_sent_as_a_query_parameter_is_found() throws IOException {
    adding(
        "- to:\n    uri: https://example.com/x\n    parameters:\n      conectTimeout: 3000",
        "payments/new.camel.yaml:10:15: 'https' has no option 'conectTimeout' and would send it as a query parameter; did you mean 'connectTimeout'?");
  }

  @Test
  void a_query_that_is_meant_stands_in_the_address() throws IOException {
    adding("- to:\n    uri: https://example.com/x?region=eu");
  }

  @Test
  void an_options_value_of_the_wrong_kind_is_found() throws IOException {
    breaking(
        SUCCESS,
        "transacted: true",
        "backoff: soon",
        "payments/payment-success.camel.yaml:9:18: 'backoff' can't be 'soon'; a time such as 500ms, 30s or 5m would be right");
  }

  @Test
  void a_component_that_only_starts_routes_is_not_sent_to() throws IOException {
    adding(
        "- to:\n    uri: event:payments/payment.success",
        "payments/new.camel.yaml:8:18: 'event:' only starts a route; name it in 'from:', or send to another component");
  }

  @Test
  void an_unknown_kamelet_is_named() throws IOException {
    breaking(
        SUCCESS,
        "kamelet:database-sink",
        "kamelet:databse-sink",
        "payments/payment-success.camel.yaml:13:18: no such kamelet 'databse-sink'; did you mean 'database-sink'?");
  }

  @Test
  void an_unknown_parameter_of_a_kamelet_is_named() throws IOException {
    breaking(
        SUCCESS,
        "statement: sql",
        "statment: sql",
        "payments/payment-success.camel.yaml:15:15: kamelet 'database-sink' has no parameter 'statment'; did you mean 'statement'?");
  }

  @Test
  void a_missing_parameter_of_a_kamelet_is_named() throws IOException {
    breaking(
        SUCCESS,
        "              template: email/receipt.html\n",
        "",
        "payments/payment-success.camel.yaml:24:18: kamelet 'email-sink' needs 'template'; add 'template:' under 'parameters:'");
  }

  @Test
  void a_parameters_value_that_is_none_of_its_words_is_found() throws IOException {
    breaking(
        SUCCESS,
        "method: PUT",
        "method: PUTT",
        "payments/payment-success.camel.yaml:38:23: 'method' can't be 'PUTT'; did you mean 'PUT'?");
  }

  @Test
  void a_kamelet_of_ones_own_is_checked_and_known() throws IOException {
    write(
        "kamelets/notify-sink.kamelet.yaml",
        """
        apiVersion: camel.apache.org/v1
        kind: Kamelet
        metadata:
          name: notify-sink
        spec:
          definition:
            title: Notify
            description: Notifies.
            required:
              - channel
            properties:
              channel:
                type: string
          template:
            from:
              uri: kamelet:source
              steps:
                - to:
                    uri: "log:{{channel}}"
                    parameters:
                      levl: INFO
        """);
    adding(
        "- to:\n    uri: kamelet:notify-sink\n    parameters:\n      channel: sales",
        "kamelets/notify-sink.kamelet.yaml:21:15: 'log' has no option 'levl'; did you mean 'level'?");
  }

  @Test
  void an_ampersand_that_would_cut_a_parameter_is_found() throws IOException {
    breaking(
        SUCCESS,
        "template: email/receipt.html",
        "template: email/receipt.html\n              subject: Nuts & bolts",
        "payments/payment-success.camel.yaml:27:29: an & ends the value of 'subject', the rest would be lost; write it as RAW(Nuts & bolts)");
  }

  @Test
  void the_kamelets_that_ship_have_no_problem() throws IOException {
    copy(Path.of("src/main/resources/kamelets"), folder.resolve("kamelets"));
    assertThat(findings()).isEmpty();
  }

  @Test
  void a_bad_simple_expression_is_placed() throws IOException {
    adding(
        "- setBody:\n    expression:\n      simple:\n        expression: \"for ${bdy}\"",
        "payments/new.camel.yaml:10:34: 'for ${bdy}' is no simple: Unknown function: bdy; did you mean 'body'?");
  }

  @Test
  void a_bad_simple_condition_is_placed() throws IOException {
    adding(
        "- filter:\n    expression:\n      simple:\n        expression: \"${body} =! 3\"\n    steps: []",
        "payments/new.camel.yaml:10:38: '${body} =! 3' is no simple: Unexpected token =; correct it here");
  }

  @Test
  void a_bad_jsonpath_is_placed() throws IOException {
    adding(
        "- setBody:\n    expression:\n      jsonpath:\n        expression: \"$.data[?(@.amount\"",
        "payments/new.camel.yaml:10:36: '$.data[?(@.amount' is no JSONPath: Could not parse token starting at position 6. Expected ?, ', 0-9, * ; $.data.amount is one, for example");
  }

  @Test
  void a_direct_that_nobody_consumes_is_found() throws IOException {
    adding(
        "- to:\n    uri: direct:notify",
        "payments/new.camel.yaml:8:18: nobody consumes 'direct:notify'; add a route with 'from: uri: direct:notify'");
  }

  @Test
  void a_bean_that_is_not_there_is_found() throws IOException {
    breaking(
        "intake.camel.yaml",
        "            ref: signature",
        "            ref: signatur",
        "intake.camel.yaml:23:18: there is no bean 'signatur'; did you mean 'signature'?",
        "intake.camel.yaml:29:35: the journal is reached without the signature step, so anybody could send events; put '- process:' with 'ref: signature' before this step");
  }

  @Test
  void an_intake_route_without_the_signature_step_is_found() throws IOException {
    breaking(
        "intake.camel.yaml",
        "        - process:\n            id: verify-signature\n            ref: signature\n",
        "",
        "intake.camel.yaml:26:35: the journal is reached without the signature step, so anybody could send events; put '- process:' with 'ref: signature' before this step");
  }

  @Test
  void a_signature_step_on_a_branch_alone_guards_nothing() throws IOException {
    breaking(
        "intake.camel.yaml",
        "        - process:\n            id: verify-signature\n            ref: signature\n",
        """
                - filter:
                    expression:
                      simple:
                        expression: "${body} != ''"
                    steps:
                      - process:
                          ref: signature
        """,
        "intake.camel.yaml:33:35: the journal is reached without the signature step, so anybody could send events; put '- process:' with 'ref: signature' before this step");
  }

  @Test
  void an_endpoint_whose_requests_no_route_takes_is_found() throws IOException {
    Files.delete(folder.resolve("intake.camel.yaml"));
    assertThat(findings())
        .containsExactly(
            "payments/payments.camel.yaml:5:13: no route takes the requests of endpoint 'payments'; copy intake.camel.yaml of a new Payhook into "
                + folder.getFileName()
                + "/");
  }

  // Configuration

  @Test
  void an_unresolved_placeholder_is_placed() throws IOException {
    breaking(
        "payments/transfer-success.camel.yaml",
        "{{payments.finance.email:finance@example.com}}",
        "{{payments.finance.emial}}",
        "payments/transfer-success.camel.yaml:27:20: {{payments.finance.emial}}: nobody sets 'payments.finance.emial'; did you mean 'payments.finance.email'?");
  }

  @Test
  void an_environment_variable_that_is_not_set_is_placed() throws IOException {
    breaking(
        "payments/transfer-success.camel.yaml",
        "{{payments.finance.email:finance@example.com}}",
        "Finance <{{env:PAYHOOK_TEST_NOT_SET}}>",
        "payments/transfer-success.camel.yaml:27:29: {{env:PAYHOOK_TEST_NOT_SET}}: environment variable PAYHOOK_TEST_NOT_SET is not set; set it, or give a default as in {{env:PAYHOOK_TEST_NOT_SET:default}}");
  }

  @Test
  void an_endpoints_secret_in_clear_is_found() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "\"{{env:PAYMENTS_WEBHOOK_SECRET}}\"",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "payments/payments.camel.yaml:9:18: a secret written in clear; write \"{{env:PAYMENTS_WEBHOOK_SECRET}}\" and set that environment variable");
  }

  @Test
  void any_secret_in_clear_is_found() throws IOException {
    adding(
        "- to:\n    uri: https://example.com/x\n    parameters:\n      oauth2ClientSecret: hunter2",
        "payments/new.camel.yaml:10:35: a secret written in clear; write \"{{env:OAUTH2_CLIENT_SECRET}}\" and set that environment variable");
  }

  @Test
  void a_credential_header_in_clear_is_found() throws IOException {
    adding(
        "- setHeader:\n    name: Authorization\n    expression:\n      constant:\n        expression: Bearer abc",
        "payments/new.camel.yaml:11:29: a secret written in clear; write \"{{env:AUTHORIZATION}}\" and set that environment variable");
  }

  // Endpoints and presets

  @Test
  void an_unknown_provider_is_named() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "provider: echezona",
        "provider: echezna",
        "payments/payments.camel.yaml:8:19: no such provider 'echezna'; did you mean 'echezona'?");
  }

  @Test
  void an_unknown_setting_of_an_endpoint_is_named() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "        provider: echezona",
        "        provider: echezona\n        signature.heder: X-Signature",
        "payments/payments.camel.yaml:9:9: signature.heder: no such setting; did you mean 'signature.header'?");
  }

  @Test
  void a_bad_json_pointer_of_an_endpoint_is_placed() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "        provider: echezona",
        "        provider: echezona\n        signature:\n          pointer: data.signature",
        "payments/payments.camel.yaml:10:20: signature.pointer: 'data.signature' is not a JSON Pointer; one begins with '/', as /data/id");
  }

  @Test
  void an_endpoint_without_a_secret_is_found() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "        secrets: \"{{env:PAYMENTS_WEBHOOK_SECRET}}\"\n",
        "",
        "payments/payments.camel.yaml:5:13: endpoint 'payments' has no secrets; add 'secrets: \"{{env:PAYMENTS_WEBHOOK_SECRET}}\"' to its properties");
  }

  @Test
  void an_endpoint_that_must_be_confirmed_and_has_no_key_is_found() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "provider: echezona\n",
        "provider: echezona\n        confirm.enabled: true\n",
        "payments/payments.camel.yaml:8:19: confirm.secret: is missing; every event is confirmed with the platform's API, which asks for its key; add 'confirm.secret: \"{{env:PAYMENTS_CONFIRM_SECRET}}\"' to its properties");
  }

  @Test
  void the_key_that_confirms_may_not_be_in_clear() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "provider: echezona\n",
        "provider: echezona\n        confirm.secret: sk_live_1\n",
        "payments/payments.camel.yaml:9:25: a secret written in clear; write \"{{env:PAYMENTS_CONFIRM_SECRET}}\" and set that environment variable");
  }

  @Test
  void what_a_confirmation_asks_is_checked() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "provider: echezona\n",
        "provider: echezona\n        confirm.amount-rule: more\n",
        "payments/payments.camel.yaml:9:30: confirm.amount-rule: 'more' is none of equal, at-least; correct it here");
  }

  @Test
  void a_samples_file_must_say_what_it_holds() throws IOException {
    write("payments/samples/payment.success.jsn", "{}");
    assertThat(findings())
        .containsExactly(
            "payments/samples/payment.success.jsn:1:1: a sample's file can't end so; one of .json, .form, .xml, .txt is right, by its content");
  }

  @Test
  void two_endpoints_of_one_name_are_found() throws IOException {
    Files.copy(
        folder.resolve("payments/payments.camel.yaml"), folder.resolve("payments/zz.camel.yaml"));
    assertThat(findings())
        .containsExactly(
            "payments/zz.camel.yaml:5:13: endpoint 'payments' is already in payments.camel.yaml:5; give one of the two another name");
  }

  @Test
  void a_class_that_is_not_there_is_found() throws IOException {
    breaking(
        "payments/payments.camel.yaml",
        "- beans:\n",
        "- beans:\n    - name: other\n      type: io.payhook.Endpint\n",
        "payments/payments.camel.yaml:6:13: there is no class 'io.payhook.Endpint'; did you mean 'io.payhook.Endpoint'?");
  }

  @Test
  void an_unknown_setting_of_a_preset_is_named() throws IOException {
    write(
        "providers/acme.yaml",
        "title: Acme\nsignature:\n  heder: X-Acme\n  algorithm: hmac-sha256\nevent:\n  type: /type\n  key: /id\n");
    assertThat(findings())
        .containsExactly(
            "providers/acme.yaml:3:3: signature.heder: no such setting; did you mean 'signature.header'?");
  }

  @Test
  void a_subscription_to_an_unknown_endpoint_is_named() throws IOException {
    breaking(
        SUCCESS,
        "event:payments/payment.success",
        "event:paymens/payment.success",
        "payments/payment-success.camel.yaml:7:18: no such endpoint 'paymens'; did you mean 'payments'?");
  }

  @Test
  void a_subscription_to_a_type_without_sample_is_named() throws IOException {
    breaking(
        SUCCESS,
        "event:payments/payment.success",
        "event:payments/payment.sucess",
        "payments/payment-success.camel.yaml:7:27: no sample of type 'payment.sucess'; did you mean 'payment.success'?");
  }

  @Test
  void a_subscription_to_the_platforms_name_of_an_alias_is_named() throws IOException {
    breaking(
        SUCCESS,
        "event:payments/payment.success",
        "event:payments/charge.success",
        "payments/payment-success.camel.yaml:7:27: events of type 'charge.success' arrive as 'payment.success'; subscribe to payments/payment.success");
  }

  // SQL

  @Test
  void sql_that_does_not_fit_the_tables_is_placed() throws IOException {
    breaking(
        "payments/sql/record-transfer.sql",
        "narration, updated_at)",
        "naration, updated_at)",
        "payments/sql/record-transfer.sql:3:74: the statement fails: column \"naration\" of relation \"transfer\" does not exist; name a column of the table, or add a script to sql/schema that adds it");
  }

  @Test
  void sql_that_is_no_sql_is_placed_behind_its_parameters() throws IOException {
    breaking(
        "payments/sql/record-transfer.sql",
        "on conflict (transaction_id) do update set",
        "on conflict (transaction_id) do updte set",
        "payments/sql/record-transfer.sql:15:33: the statement fails: syntax error at or near \"updte\"; correct it here");
  }

  @Test
  void a_statement_behind_another_is_placed() throws IOException {
    breaking(
        "payments/sql/record-failure.sql",
        "insert into payment (",
        "insert into paymnt (",
        "payments/sql/record-failure.sql:6:13: the statement fails: relation \"paymnt\" does not exist; name a table of this integration's sql/schema, or add a script there that makes it");
  }

  @Test
  void sql_that_fails_with_the_sample_is_found() throws IOException {
    breaking(
        "payments/sql/record-transfer.sql",
        ":event.data.amount::numeric",
        ":event.data.currency::numeric",
        "payments/sql/record-transfer.sql:2:1: the statement fails with sample transfer.success.json: invalid input syntax for type numeric: \"NGN\"; cast or check the value before it is used");
  }

  @Test
  void a_parameter_without_a_value_in_any_sample_is_named() throws IOException {
    breaking(
        "payments/sql/record-transfer.sql",
        ":event.data.amount::numeric",
        ":event.data.amuont::numeric",
        "payments/sql/record-transfer.sql:7:3: :event.data.amuont: sample transfer.success.json has no 'amuont'; did you mean 'amount'?");
  }

  @Test
  void a_parameter_that_names_no_variable_is_named() throws IOException {
    breaking(
        "payments/sql/record-transfer.sql",
        "  :receivedAt",
        "  :recievedAt",
        "payments/sql/record-transfer.sql:13:3: :recievedAt: there is no variable 'recievedAt'; did you mean ':receivedAt'?");
  }

  @Test
  void a_broken_migration_is_the_only_finding_of_its_integration() throws IOException {
    write("payments/sql/schema/V002__more.sql", "alter table payment add column more text;");
    breaking(
        "payments/sql/schema/V001__payments.sql",
        "amount          numeric",
        "amount          numerc",
        "payments/sql/schema/V001__payments.sql:8:19: the statement fails: type \"numerc\" does not exist; correct it here");
  }

  @Test
  void a_migration_that_would_not_run_is_found() throws IOException {
    write("payments/sql/schema/2-more.sql", "create table more (id text);");
    assertThat(findings())
        .containsExactly(
            "payments/sql/schema/2-more.sql:1:1: the script does not run because of its name; name it V002__what_it_does.sql, with the next number");
  }

  @Test
  void a_statement_that_is_not_there_is_named() throws IOException {
    breaking(
        SUCCESS,
        "sql/record-payment.sql",
        "sql/record-paymnt.sql",
        "payments/payment-success.camel.yaml:15:26: there is no file sql/record-paymnt.sql beside this route file; did you mean 'sql/record-payment.sql'?");
  }

  // Templates and texts

  @Test
  void a_template_that_does_not_render_is_placed() throws IOException {
    breaking(
        "payments/email/receipt.txt",
        "{{ event.data.amount | money(event.data.currency) }}",
        "{{ event.data.amount | mony(event.data.currency) }}",
        "payments/email/receipt.txt:3:34: there is no filter 'mony'; did you mean 'money'?");
  }

  @Test
  void a_value_in_a_template_that_no_sample_has_is_placed() throws IOException {
    breaking(
        "payments/email/receipt.txt",
        "{{ event.data.amount | money",
        "{{ event.data.amuont | money",
        "payments/email/receipt.txt:3:37: event.data.amuont: sample payment.success.json has no 'amuont'; did you mean 'amount'?");
  }

  @Test
  void a_template_whose_name_comes_from_the_event_is_placed() throws IOException {
    breaking(
        "payments/email/refund.html",
        "{% extends \"layout.html\" %}",
        "{% extends event.data.layout | default(\"layout.html\") %}",
        "payments/email/refund.html:1:12: the template's name is made of values, so whoever sends the event chooses it; write the names: {% if … %}{% include \"one.html\" %}{% endif %}");
  }

  @Test
  void a_body_that_is_no_json_is_placed() throws IOException {
    breaking(
        "payments/crm/refund.json",
        "{{ event.data.reason | json }}",
        "{{ event.data.reason }}",
        "payments/crm/refund.json:6:13: isn't JSON once its values are in: Unrecognized token 'Returned': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false'); write \"{{ value }}\" in quotes or {{ value | json }} without");
  }

  @Test
  void a_value_in_a_text_that_no_sample_has_is_placed() throws IOException {
    breaking(
        SUCCESS,
        "to: \"${variable.event[data][customer][email]}\"",
        "to: \"${variable.event[data][customer][emial]}\"",
        "payments/payment-success.camel.yaml:27:20: ${variable.event[data][customer][emial]}: sample payment.success.json has no 'emial'; did you mean 'email'?");
  }

  @Test
  void what_was_meant_is_told_by_the_sample_that_has_most_of_the_way() throws IOException {
    write(
        "payments/samples/payment.success@bare.json",
        "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"T-1\"}}");
    breaking(
        SUCCESS,
        "to: \"${variable.event[data][customer][email]}\"",
        "to: \"${variable.event[data][customer][emial]}\"",
        "payments/payment-success.camel.yaml:27:20: ${variable.event[data][customer][emial]}: sample payment.success.json has no 'emial'; did you mean 'email'?");
  }

  @Test
  void a_value_that_may_be_missing_is_looked_for_too() throws IOException {
    adding(
        "- filter:\n    expression:\n      simple:\n        expression: \"${variable.event?.[data]?.[custmer]} != null\"\n    steps:\n      - to:\n          uri: log:x",
        "payments/new.camel.yaml:10:30: ${variable.event?.[data]?.[custmer]}: sample payment.success.json has no 'custmer'; did you mean 'customer'?");
  }

  @Test
  void a_text_that_can_not_be_read_is_placed() throws IOException {
    breaking(
        SUCCESS,
        "to: \"${variable.event[data][customer][email]}\"",
        "to: \"${variable.event[data][customer][email]\"",
        "payments/payment-success.camel.yaml:27:20: '${variable.event[data][customer][email]': the expression at character 1 has no closing brace; ${variable.event[data][…]} reads a value of the event");
  }

  // Samples

  @Test
  void a_sample_that_is_no_json_is_placed() throws IOException {
    breaking(
        "payments/samples/transfer.success.json",
        "\"amount\": 250000.00,",
        "\"amount\": 250000.00",
        "payments/samples/transfer.success.json:6:5: the sample is not JSON: Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries; one JSON document is right");
  }

  @Test
  void a_sample_that_the_endpoint_would_refuse_is_found() throws IOException {
    breaking(
        "payments/samples/transfer.success.json",
        "\"event\":",
        "\"type\":",
        "payments/samples/transfer.success.json:1:1: endpoint 'payments' would refuse this sample: there is no event type at /event | has:/reference=payment | has:/transactionId=payment; its event type is at /event | has:/reference=payment | has:/transactionId=payment, its key at {type}:{/data/transaction_id|/data/transactionId|/data/reference|/transactionId|/reference}");
  }

  @Test
  void a_sample_of_another_type_than_its_name_says_is_found() throws IOException {
    breaking(
        "payments/samples/transfer.success.json",
        "\"event\": \"transfer.success\"",
        "\"event\": \"transfer.sucess\"",
        "payments/samples/transfer.success.json:1:1: the sample is an event of type 'transfer.sucess'; name the file transfer.sucess.json");
  }

  // All together

  @Test
  void every_mistake_is_found_at_once() throws IOException {
    replace(SUCCESS, "transacted: true", "transactd: true");
    replace(
        "payments/payments.camel.yaml",
        "- beans:\n",
        "- beans:\n    - name: a b\n      type: x.Y\n");
    replace("payments/sql/record-transfer.sql", "narration, updated_at)", "naration, updated_at)");
    replace("payments/samples/refund.processed.json", "\"event\":", "\"evnt\":");
    assertThat(findings()).hasSize(4);
  }

  @Test
  void without_a_database_the_rest_is_checked_and_that_is_said() throws IOException {
    replace(SUCCESS, "transacted: true", "transactd: true");
    List<Finding> findings =
        new Check(
                folder,
                text -> text,
                List.of(),
                () -> {
                  throw new IllegalStateException("no disk");
                },
                CLOCK)
            .run();
    assertThat(findings).hasSize(2);
    assertThat(findings.get(0).what()).isEqualTo("the SQL files can't be tried: no disk");
  }

  @Test
  void a_hundred_route_files_are_checked_at_once() throws IOException {
    for (int i = 0; i < 20; i++) {
      Path copy = folder.resolve("copy-" + i);
      copy(VALID.resolve("payments"), copy);
      Files.delete(copy.resolve("sql/schema/V001__payments.sql"));
      try (Stream<Path> files = Files.list(copy)) {
        for (Path file : files.filter(each -> each.toString().endsWith(".yaml")).toList()) {
          String text =
              Files.readString(file)
                  .replace("event:payments/", "event:payments-" + i + "/")
                  .replace("name: payments", "name: payments-" + i)
                  .replaceAll("(?m)^    id: (.*)$", "    id: $1-" + i);
          Files.writeString(file, text);
        }
      }
    }
    assertThat(findings()).isEmpty();
  }

  @Test
  void a_finding_reads_as_editors_and_ci_expect() {
    assertThat(new Finding("routes/a.camel.yaml", 14, 9, "no such step 'x'", "did you mean 'y'?"))
        .hasToString("routes/a.camel.yaml:14:9: no such step 'x'; did you mean 'y'?");
  }
}

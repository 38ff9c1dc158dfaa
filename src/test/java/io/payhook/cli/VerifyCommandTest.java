package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

class VerifyCommandTest {
  private static final String BODY =
      "{\"event\":\"charge.success\",\"data\":{\"reference\":\"ECZ-1\",\"amount\":500000,\"metadata\":{\"order_id\":1}}}";
  private static final String SIGNATURE =
      "a8b7b91f31260941d3f537ecc93c22b973c3435a6c2052447b6490b280dab3b0";

  @TempDir private Path folder;
  private Path body;

  private record Ran(int exit, String out, String err) {}

  @BeforeEach
  void a_body() throws IOException {
    body = Files.writeString(folder.resolve("body.json"), BODY);
  }

  private static Ran run(Object command, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        new CommandLine(command)
            .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    return new Ran(exit, out.toString(), err.toString());
  }

  private Ran verify(String... arguments) {
    return run(new VerifyCommand(), arguments);
  }

  private Ran verifyEchezona(String secret, String header) {
    return verify(
        "--provider",
        "echezona",
        "--secret",
        secret,
        "--header",
        header,
        "--body",
        body.toString());
  }

  @Test
  void an_authentic_request_is_told_with_what_it_says() {
    Ran ran = verifyEchezona("echezona_api_key", "X-Echezona-Signature: " + SIGNATURE);
    assertThat(ran.exit()).isZero();
    assertThat(ran.out())
        .startsWith("authentic\n")
        .contains("type       payment.success")
        .contains("key        payment.success:ECZ-1")
        .contains("amount     500000.00 NGN")
        .doesNotContain("echezona_api_key");
  }

  @Test
  void json_has_the_verdict_and_the_facts_and_null_is_what_is_not_known() throws IOException {
    Ran ran =
        verify(
            "--json",
            "--provider",
            "echezona",
            "--secret",
            "echezona_api_key",
            "--header",
            "X-Echezona-Signature: " + SIGNATURE,
            "--body",
            body.toString());

    JsonNode told = new ObjectMapper().readTree(ran.out());
    assertThat(told.path("authentic").asBoolean()).isTrue();
    assertThat(told.at("/events/0").toString())
        .isEqualTo(
            "{\"type\":\"payment.success\",\"key\":\"payment.success:ECZ-1\",\"entity\":\"ECZ-1\","
                + "\"amount\":\"500000.00\",\"currency\":\"NGN\",\"digits\":2,\"occurredAt\":null}");
  }

  @Test
  void one_that_is_not_is_told_with_advice_and_exit_code_1() throws IOException {
    Files.writeString(body, BODY + "\n");
    Ran ran = verifyEchezona("echezona_api_key", "X-Echezona-Signature: " + SIGNATURE);
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out())
        .startsWith("not authentic: wrong-signature:")
        .contains("without the line end at its end");
  }

  @Test
  void a_header_under_another_name_is_found() {
    Ran ran = verifyEchezona("echezona_api_key", "X-PayBridge-Signature: " + SIGNATURE);
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out()).contains("set signature.header to it");
  }

  @Test
  void an_endpoints_overrides_can_be_tried() {
    Ran ran =
        verify(
            "--provider", "echezona",
            "--secret", "echezona_api_key",
            "--set", "signature.header=X-PayBridge-Signature",
            "--header", "X-PayBridge-Signature: " + SIGNATURE,
            "--body", body.toString());
    assertThat(ran.exit()).isZero();
  }

  @Test
  void an_authentic_request_that_is_no_event_is_told_so() throws IOException {
    Path hello = Files.writeString(folder.resolve("hello"), "Hello, World!");
    Ran ran =
        verify(
            "--provider", "github",
            "--secret", "It's a Secret to Everybody",
            "--header",
                "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "--body", hello.toString());
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).startsWith("authentic, but the endpoint would answer 400: not-json");
  }

  @Test
  void the_clock_can_be_set() throws IOException {
    Path stripe =
        Files.writeString(
            folder.resolve("stripe"),
            "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}");
    String[] arguments = {
      "--provider", "stripe",
      "--secret", "whsec_test_secret",
      "--header",
          "Stripe-Signature: t=1614556800,v1=fa0b5ccf7817f153d5f82b42b3e550fd47d0d5ed0eceffd9a2a99d68c4baca04",
      "--body", stripe.toString(),
      "--now", "1614556800"
    };
    assertThat(verify(arguments).exit()).isZero();
    arguments[9] = "1614557101";
    Ran late = verify(arguments);
    assertThat(late.exit()).isEqualTo(1);
    assertThat(late.out()).contains("timestamp-too-old").contains("301 s ago");
    arguments[9] = "2021-03-01T00:00:00Z";
    assertThat(verify(arguments).exit()).isZero();
  }

  @Test
  void json_is_printed_on_demand() throws IOException {
    Ran ran =
        verify(
            "--provider",
            "echezona",
            "--secret",
            "wrong",
            "--header",
            "X-Echezona-Signature: " + SIGNATURE,
            "--body",
            body.toString(),
            "--json");
    assertThat(ran.exit()).isEqualTo(1);
    JsonNode result = new ObjectMapper().readTree(ran.out());
    assertThat(result.get("authentic").asBoolean()).isFalse();
    assertThat(result.get("reason").asText()).isEqualTo("wrong-signature");
    assertThat(result.get("advice")).isNotEmpty();
  }

  @Test
  void wrong_use_ends_with_2_and_says_what_would_be_right() {
    assertThat(verify().exit()).isEqualTo(2);
    assertThat(verify("--provider", "paystak", "--secret", "x", "--body", body.toString()))
        .satisfies(
            ran -> {
              assertThat(ran.exit()).isEqualTo(2);
              assertThat(ran.err()).contains("did you mean 'paystack'?");
            });
    assertThat(verify("--provider", "paystack", "--body", body.toString()).err())
        .contains("secrets: there is none");
    assertThat(verify("--provider", "paystack", "--secret", "x", "--body", "/none").err())
        .contains("there is no such file");
    assertThat(verifyEchezona("x", "no colon").err()).contains("has no colon");
    assertThat(
            verify(
                    "--provider",
                    "paystack",
                    "--secret",
                    "env:NO_SUCH_SECRET",
                    "--body",
                    body.toString())
                .err())
        .contains("the environment has no NO_SUCH_SECRET");
    assertThat(
            verify(
                    "--provider",
                    "paystack",
                    "--secret",
                    "x",
                    "--body",
                    body.toString(),
                    "--set",
                    "signature.heder=X")
                .err())
        .contains("did you mean 'signature.header'?");
    assertThat(verify("--vectors", folder.resolve("none").toString()).exit()).isEqualTo(2);
  }

  @Test
  void the_vectors_end_with_a_count() throws IOException {
    Ran ran = verify("--vectors", "src/test/resources/vectors/signature-vectors.json");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out().strip()).endsWith("58 passed, 0 failed");
    Path wrong =
        Files.writeString(
            folder.resolve("vectors.json"),
            """
            [{"name": "a", "scheme": "github", "secret": "x", "headers": {}, "body": "", "valid": true},
             {"name": "b", "scheme": "no-such", "secret": "x", "headers": {}, "body": "", "valid": true},
             {"name": "c", "scheme": "github", "secret": "x", "headers": {}, "body": "", "valid": false}]
            """);
    Ran failed = verify("--vectors", wrong.toString());
    assertThat(failed.exit()).isEqualTo(1);
    assertThat(failed.out()).contains("FAILED  a: refused: missing-header").contains("FAILED  b:");
    assertThat(failed.out().strip()).endsWith("1 passed, 2 failed");
  }

  @Test
  void the_presets_are_listed_and_shown() throws IOException {
    Ran all = run(new ProvidersCommand());
    assertThat(all.exit()).isZero();
    assertThat(all.out())
        .contains(
            "paystack", "Paystack", "NOT SIGNED", "(body signed in part)", "partly unconfirmed");
    Ran one = run(new ProvidersCommand(), "echezona");
    assertThat(one.out())
        .contains("signature.header", "X-Echezona-Signature", "Not confirmed:", "payment.success");
    JsonNode json =
        new ObjectMapper().readTree(run(new ProvidersCommand(), "stripe", "--json").out());
    assertThat(json.at("/settings/signature.part").asText()).isEqualTo("v1");
    assertThat(json.at("/retryHorizonSeconds").asLong()).isEqualTo(259_200);
    assertThat(new ObjectMapper().readTree(run(new ProvidersCommand(), "--json").out()))
        .hasSizeGreaterThan(30);
    assertThat(run(new ProvidersCommand(), "--settings").out()).contains("signature.signed");
    Ran none = run(new ProvidersCommand(), "paystak");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("did you mean 'paystack'?");
  }
}

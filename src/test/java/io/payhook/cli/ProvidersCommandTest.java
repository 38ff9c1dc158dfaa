package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Tag("service")
class ProvidersCommandTest {
  @TempDir Path folder;

  private record Run(int exit, String out, String err) {}

  private Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("providers", "--routes", folder.toString()));
    all.addAll(List.of(arguments));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Cli.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = line.execute(all.toArray(String[]::new));
    return new Run(exit, out.toString(), err.toString());
  }

  @Test
  void the_facts_of_every_sample_of_every_preset_are_told() throws Exception {
    Run run = run("--facts", "--json");

    JsonNode rows = new ObjectMapper().readTree(run.out());
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.fieldNames())
                  .toIterable()
                  .as(row.toString())
                  .containsExactly(
                      "provider",
                      "sample",
                      "type",
                      "key",
                      "entity",
                      "amount",
                      "currency",
                      "digits",
                      "occurredAt");
              assertThat(row.path("amount").isNull() || row.path("amount").isTextual()).isTrue();
              if (row.path("amount").isTextual() && row.path("digits").isInt()) {
                assertThat(row.path("amount").decimalValue().scale()).isNotNegative();
                String decimals = row.path("amount").asText().replaceFirst("^[^.]*\\.?", "");
                assertThat(decimals.length())
                    .as(row.toString())
                    .isGreaterThanOrEqualTo(row.path("digits").asInt());
              }
            });
    assertThat(rows.findValuesAsText("provider")).contains("paystack", "stripe", "paypal", "adyen");
    assertThat(run.exit()).isZero();
  }

  @Test
  void of_one_preset_they_are_a_table() {
    Run run = run("--facts", "paystack");

    assertThat(run.out().lines().findFirst().orElseThrow())
        .containsSubsequence("PROVIDER", "TYPE", "ENTITY", "AMOUNT", "CURRENCY", "OCCURRED");
    assertThat(run.out()).contains("charge.success").contains("NGN").doesNotContain("stripe");
    assertThat(run.exit()).isZero();
  }

  @Test
  void a_preset_of_ones_own_that_refuses_its_sample_is_told_so() throws Exception {
    Files.createDirectories(folder.resolve("providers/kobo"));
    Files.writeString(
        folder.resolve("providers/kobo.yaml"),
        """
        title: Kobo
        signature: {algorithm: hmac-sha256, header: X-Kobo, signed: "{body}"}
        event: {type: /type, key: "{/id}", amount: /sum, amount-unit: minor, currency: /currency}
        """);
    Files.writeString(
        folder.resolve("providers/kobo/paid.json"),
        "{\"type\":\"paid\",\"id\":1,\"sum\":500050,\"currency\":\"NGN\"}");
    assertThat(run("--facts", "kobo").out()).contains("5000.50").contains("NGN");
    assertThat(run("--facts", "kobo").exit()).isZero();

    Files.writeString(folder.resolve("providers/kobo/lost.json"), "{\"id\":1}");
    Run run = run("--facts", "kobo");
    assertThat(run.out()).contains("lost.json REFUSED: ");
    assertThat(run.exit()).isEqualTo(1);
  }
}

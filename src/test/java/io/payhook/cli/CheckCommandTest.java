package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.testing.TestDatabase;
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
class CheckCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();

  /** Runs the command on the folder that ships, with its database in a kept folder. */
  private int check(String... more) throws Exception {
    return check(Path.of("routes"), more);
  }

  private int check(Path routes, String... more) throws Exception {
    Path config = folder.resolve("application.properties");
    if (!Files.exists(config)) {
      Files.writeString(config, "");
    }
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "check",
                routes.toString(),
                "--config",
                config.toString(),
                "--data",
                "target/check-command",
                "--set",
                "payhook.database.programs=" + TestDatabase.programs()));
    arguments.addAll(List.of(more));
    CommandLine cli = Cli.commandLine();
    cli.setOut(new PrintWriter(out, true));
    return cli.execute(arguments.toArray(String[]::new));
  }

  @Test
  void what_ships_is_answered_with_zero() throws Exception {
    assertThat(check()).isZero();
    assertThat(out.toString()).isEqualToIgnoringNewLines("No problems.");
  }

  @Test
  void settings_are_checked_along_and_placed() throws Exception {
    Files.writeString(
        folder.resolve("application.properties"),
        """
        # Ours.
        payhook.databse.url=jdbc:postgresql://db/payhook
        payhook.mail.port=many
        payhook.mail.password=hunter2
        payhook.crm.token={{env:PATH}}
        """);
    assertThat(check("--json")).isEqualTo(1);
    JsonNode findings = new ObjectMapper().readTree(out.toString());
    assertThat(findings).hasSize(3);
    assertThat(findings.get(0).path("line").asInt()).isEqualTo(2);
    assertThat(findings.get(0).path("right").asText())
        .isEqualTo("did you mean 'payhook.database.url'?");
    assertThat(findings.get(0).path("severity").asText()).isEqualTo("problem");
    assertThat(findings.get(1).path("line").asInt()).isEqualTo(3);
    assertThat(findings.get(2).path("line").asInt()).isEqualTo(4);
    assertThat(findings.get(2).path("what").asText())
        .isEqualTo("payhook.mail.password: a secret written in clear");
    assertThat(out.toString()).doesNotContain("hunter2");
  }

  @Test
  void warnings_are_told_and_fail_only_where_that_is_asked_for() throws Exception {
    Path routes = folder.resolve("routes");
    Files.createDirectories(routes.resolve("shop/sql/schema"));
    Files.writeString(
        routes.resolve("shop/sql/schema/V001__order.sql"),
        "create table shop_order (id text, amount real);\n");

    assertThat(check(routes)).isZero();
    assertThat(out.toString())
        .contains("V001__order.sql:1:42: warning: column 'amount' is real")
        .endsWith("No problems, 1 warning" + System.lineSeparator());

    assertThat(check(routes, "--strict")).isEqualTo(1);

    out.getBuffer().setLength(0);
    assertThat(check(routes, "--json")).isZero();
    JsonNode finding = new ObjectMapper().readTree(out.toString()).get(0);
    assertThat(finding.path("severity").asText()).isEqualTo("warning");
    assertThat(finding.path("right").asText()).isEqualTo("numeric is right");
  }

  @Test
  void what_a_start_in_production_refuses_of_an_endpoint_is_a_problem_there_too() throws Exception {
    Path routes = folder.resolve("routes");
    Files.createDirectories(routes.resolve("shop"));
    Files.writeString(
        routes.resolve("shop/endpoint.camel.yaml"),
        """
        - beans:
            - name: shop
              type: io.payhook.Endpoint
              properties:
                provider: square
                secrets: "{{env:SHOP_WEBHOOK_SECRET}}"
        """);
    String[] production = {
      "--profile",
      "prod",
      "--set",
      "payhook.mail.host=127.0.0.1",
      "--set",
      "payhook.crm.url=http://127.0.0.1:9",
      "--set",
      "payhook.database.url=jdbc:postgresql://127.0.0.1/none"
    };
    check(routes, production);
    assertThat(out.toString())
        .contains(
            "endpoint.camel.yaml:1:1: profile prod: endpoint 'shop': payhook.public-url is empty,"
                + " and the platform signs the URL it calls");

    out.getBuffer().setLength(0);
    List<String> known = new ArrayList<>(List.of(production));
    known.addAll(List.of("--set", "payhook.public-url=https://hooks.example.com"));
    check(routes, known.toArray(String[]::new));
    assertThat(out.toString()).doesNotContain("public-url");
  }
}

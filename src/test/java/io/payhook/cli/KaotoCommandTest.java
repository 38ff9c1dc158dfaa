package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Tag("service")
class KaotoCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** A catalog as Kaoto's package has it, of two lines of Camel and with a vendor's build. */
  @BeforeEach
  void a_catalog_of_kaoto() throws IOException {
    library("4.22.1", "4.18.2", "4.18.10", "4.18.11.redhat-00001", "4.14.9");
    write(
        "camel-main/4.18.10/index.json",
        """
        {"name": "Camel Main 4.18.10", "runtime": "Main",
         "catalogs": {"components": {"name": "components", "file": "components.json"},
                      "kamelets": {"name": "kamelets", "file": "kamelets.json"},
                      "models": {"name": "models", "file": "models.json"}},
         "schemas": {"camelYamlDsl": {"name": "camelYamlDsl", "file": "dsl.json"}}}
        """);
    write("camel-main/4.18.10/components.json", "{\"aws2-s3\": {}}");
    write("camel-main/4.18.10/kamelets.json", "{\"kafka-sink\": {}}");
    write("camel-main/4.18.10/models.json", "{\"choice\":   {}}");
    write("camel-main/4.18.10/dsl.json", "{}");
  }

  private void library(String... versions) throws IOException {
    StringBuilder definitions = new StringBuilder();
    for (String version : versions) {
      definitions.append(
          """
          {"name": "Camel Main %s", "version": "%s", "runtime": "Main",
           "fileName": "camel-main/%s/index.json"},
          """
              .formatted(version, version, version));
    }
    write(
        "index.json",
        """
        {"version": 3, "name": "Default Kaoto catalog", "definitions": [
        %s{"name": "Camel Quarkus 3.33.1", "version": "4.18.99", "runtime": "Quarkus"}]}
        """
            .formatted(definitions));
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve("package").resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, text);
  }

  private int kaoto(String from) throws IOException {
    Path config = folder.resolve("application.properties");
    Files.writeString(config, "");
    CommandLine cli = Cli.commandLine();
    cli.setOut(new PrintWriter(out, true));
    cli.setErr(new PrintWriter(err, true));
    return cli.execute(
        "kaoto",
        folder.resolve(from).toString(),
        "--config",
        config.toString(),
        "--data",
        folder.resolve("data").toString(),
        "--routes",
        folder.resolve("routes").toString());
  }

  private JsonNode written(String name) throws IOException {
    return JSON.readTree(folder.resolve("data/kaoto").resolve(name).toFile());
  }

  private void assertRefused(String from, String message) throws IOException {
    assertThat(kaoto(from)).isEqualTo(Cli.NO);
    assertThat(err.toString()).isEqualTo("payhook: " + message + System.lineSeparator());
    assertThat(folder.resolve("data")).doesNotExist();
  }

  @Test
  void the_library_has_one_catalog_of_the_newest_plain_build_for_our_camel() throws IOException {
    assertThat(kaoto("package")).isZero();
    JsonNode definitions = written("index.json").path("definitions");
    assertThat(definitions).hasSize(1);
    assertThat(definitions.at("/0/name").asText()).isEqualTo("Payhook (Camel 4.18.10)");
    assertThat(definitions.at("/0/fileName").asText()).isEqualTo("camel-main/4.18.10/index.json");
    assertThat(written("camel-main/4.18.10/index.json").path("name").asText())
        .isEqualTo("Payhook (Camel 4.18.10)");
    assertThat(out.toString()).contains("data/kaoto/index.json").contains("kaoto.catalog.url");
  }

  @Test
  void a_vendors_build_is_taken_where_there_is_no_other() throws IOException {
    library("4.22.1", "4.18.11.redhat-00001");
    Files.move(
        folder.resolve("package/camel-main/4.18.10"),
        folder.resolve("package/camel-main/4.18.11.redhat-00001"));
    assertThat(kaoto("package")).isZero();
    assertThat(out.toString()).contains("Payhook (Camel 4.18.11.redhat-00001)");
  }

  @Test
  void steps_and_schemas_are_copied_as_they_are() throws IOException {
    kaoto("package");
    for (String name : List.of("models.json", "dsl.json")) {
      String file = "camel-main/4.18.10/" + name;
      assertThat(folder.resolve("data/kaoto").resolve(file))
          .hasSameBinaryContentAs(folder.resolve("package").resolve(file));
    }
  }

  @Test
  void event_has_a_form_of_its_parameters() throws IOException {
    kaoto("package");
    JsonNode form =
        written("camel-main/4.18.10/components.json").path("event").path("propertiesSchema");
    assertThat(form.path("required"))
        .extracting(JsonNode::asText)
        .containsExactly("endpoint", "type");
    JsonNode fields = form.path("properties");
    JsonNode transacted = fields.path("transacted");
    assertThat(transacted.path("type").asText()).isEqualTo("boolean");
    assertThat(transacted.path("default").isBoolean()).isTrue();
    assertThat(transacted.path("title").asText()).isEqualTo("Transacted");
    assertThat(transacted.path("$comment").asText()).isEqualTo("group:consumer");
    assertThat(fields.at("/maxAttempts/type").asText()).isEqualTo("integer");
    assertThat(fields.at("/backoff/format").asText()).isEqualTo("duration");
    assertThat(fields.at("/exchangePattern/enum")).hasSize(2);
    assertThat(fields.at("/exceptionHandler/format").asText())
        .isEqualTo("bean:org.apache.camel.spi.ExceptionHandler");
  }

  @Test
  void the_components_are_those_on_board() throws IOException {
    kaoto("package");
    JsonNode components = written("camel-main/4.18.10/components.json");
    assertThat(components.has("aws2-s3")).isFalse();
    assertThat(components.at("/http/propertiesSchema/properties/proxyAuthPassword/format").asText())
        .isEqualTo("password");
    assertThat(components.at("/jdbc/propertiesSchema/required/0").asText())
        .isEqualTo("dataSourceName");
  }

  @Test
  void the_kamelets_are_those_that_ship_and_a_teams_own_with_their_forms() throws IOException {
    Path own = Files.createDirectories(folder.resolve("routes/kamelets"));
    Files.writeString(
        own.resolve("chat-sink.kamelet.yaml"),
        """
        apiVersion: camel.apache.org/v1
        kind: Kamelet
        metadata:
          name: chat-sink
        spec:
          definition:
            title: Chat
            required: [room]
            properties:
              room:
                title: Room
                type: string
              loud:
                title: Loud
                type: boolean
                default: false
        """);
    kaoto("package");
    JsonNode kamelets = written("camel-main/4.18.10/kamelets.json");
    assertThat(kamelets.properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("crm-sink", "database-sink", "email-sink", "chat-sink");
    assertThat(kamelets.at("/crm-sink/propertiesSchema/required/0").asText()).isEqualTo("path");
    assertThat(kamelets.at("/crm-sink/spec/definition/properties/method/enum")).hasSize(5);
    assertThat(kamelets.at("/chat-sink/propertiesSchema/properties/loud/default").isBoolean())
        .isTrue();
  }

  @Test
  void a_kamelet_without_a_form_is_named() throws IOException {
    Path own = Files.createDirectories(folder.resolve("routes/kamelets"));
    Path file = Files.writeString(own.resolve("chat-sink.kamelet.yaml"), "spec: {}\n");
    assertRefused(
        "package",
        file + ": has no form; write a 'definition:' below 'spec:', with its title and properties");
  }

  @Test
  void a_folder_without_a_catalog_is_named_with_the_right_one() throws IOException {
    assertRefused(
        "elsewhere",
        folder.resolve("elsewhere/index.json")
            + ": there is no such file; name the folder of an unpacked @kaoto/camel-catalog that has"
            + " it, which is dist/camel-catalog");
  }

  @Test
  void a_package_without_our_camel_is_named_with_what_it_has() throws IOException {
    library("4.22.1", "4.14.9");
    assertRefused(
        "package",
        folder.resolve("package/index.json")
            + ": has no catalog of Camel Main 4.18, only [4.22.1, 4.14.9]; take a version of"
            + " @kaoto/camel-catalog that has one of 4.18");
  }

  @Test
  void a_file_that_is_missing_is_named() throws IOException {
    Path models = folder.resolve("package/camel-main/4.18.10/models.json");
    Files.delete(models);
    assertRefused(
        "package",
        folder.resolve("package/camel-main/4.18.10/index.json")
            + ": 'models' is to be in "
            + models
            + ", which is no file there; unpack @kaoto/camel-catalog as a whole");
  }
}

package io.payhook.tools.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.payhook.delivery.EventEndpoint;
import io.payhook.kit.Located;
import io.payhook.routes.Integrations;
import io.payhook.routes.Shipped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.spi.EndpointUriFactory;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What editors are told is what the program does. */
class SchemasTest {
  private static final Path SHIPPED = Path.of("src/main/resources/schema");
  private static final Pattern EDITOR_LINE =
      Pattern.compile("\\A# yaml-language-server: \\$schema=(\\S+)");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final LoadSettings YAML = LoadSettings.builder().build();
  private static final JsonSchemaFactory VALIDATORS =
      JsonSchemaFactory.getInstance(
          SpecVersion.VersionFlag.V7,
          factory ->
              factory.schemaMappers(
                  mappers ->
                      mappers.mappings(
                          Map.of(Schemas.CAMEL, "classpath:schema/camelYamlDsl.json"))));
  private static final Map<Path, JsonSchema> COMPILED = new HashMap<>();
  private static final Path EVENT =
      Path.of("src/main/resources/META-INF/io/payhook/delivery/event.json");

  /** {@code mvn test -Dtest=SchemasTest -Dpayhook.write-schemas} brings them up to date. */
  @Test
  void the_schemas_that_ship_are_those_of_the_settings() throws IOException {
    for (Map.Entry<String, String> schema : Schemas.all().entrySet()) {
      Path file = SHIPPED.resolve(schema.getKey());
      if (System.getProperty("payhook.write-schemas") != null) {
        Files.createDirectories(SHIPPED);
        Files.writeString(file, schema.getValue());
      }
      assertThat(file).content().isEqualTo(schema.getValue());
    }
  }

  /** With a validator that knows nothing of Payhook, and Camel's schema from Camel's own jar. */
  @ParameterizedTest
  @MethodSource
  void every_file_is_valid_by_the_schema_that_its_first_line_names(Path file) throws IOException {
    String text = Files.readString(file);
    Matcher line = EDITOR_LINE.matcher(text);
    assertThat(line.find()).as(text.lines().findFirst().orElse("")).isTrue();
    Path schema = file.resolveSibling(line.group(1)).normalize();
    assertThat(schema).hasParent(SHIPPED);
    assertThat(
            COMPILED
                .computeIfAbsent(schema, SchemasTest::compiled)
                .validate(JSON.valueToTree(new Load(YAML).loadFromString(text))))
        .isEmpty();
  }

  /** Camel's schema is large: compiling it takes a second. */
  private static JsonSchema compiled(Path schema) {
    try {
      return VALIDATORS.getSchema(Files.readString(schema));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> every_file_is_valid_by_the_schema_that_its_first_line_names()
      throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("routes"))) {
      return files
          .filter(file -> file.toString().endsWith(".camel.yaml") || file.endsWith("tests.yaml"))
          .toList();
    }
  }

  @Test
  void an_address_of_event_is_made_of_what_its_metadata_names() throws Exception {
    try (CamelContext context = new DefaultCamelContext()) {
      context.build();
      EndpointUriFactory addresses =
          context.getCamelContextExtension().getEndpointUriFactory("event");
      assertThat(addresses.propertyNames())
          .containsExactlyInAnyOrderElementsOf(
              JSON.readTree(EVENT.toFile()).path("properties").properties().stream()
                  .map(Map.Entry::getKey)
                  .toList());
      Map<String, Object> parts =
          Map.of("endpoint", "prototype", "type", "payment.*", "transacted", true);
      assertThat(addresses.buildUri("event", parts))
          .isEqualTo("event:prototype/payment.*?transacted=true");
    }
  }

  @Test
  void the_metadata_of_event_is_that_of_its_code() throws IOException {
    JsonNode metadata = JSON.readTree(EVENT.toFile());
    UriEndpoint about = EventEndpoint.class.getAnnotation(UriEndpoint.class);
    assertThat(metadata.at("/component/scheme").asText()).isEqualTo(about.scheme());
    assertThat(metadata.at("/component/title").asText()).isEqualTo(about.title());
    assertThat(metadata.at("/component/syntax").asText()).isEqualTo(about.syntax());
    Map<String, String> expected = new TreeMap<>();
    for (Field field : EventEndpoint.class.getDeclaredFields()) {
      UriPath path = field.getAnnotation(UriPath.class);
      UriParam parameter = field.getAnnotation(UriParam.class);
      if (path != null) {
        expected.put(field.getName(), "path: " + path.description());
      } else if (parameter != null) {
        expected.put(field.getName(), "parameter: " + parameter.description());
      }
    }
    Map<String, String> actual = new TreeMap<>();
    metadata
        .path("properties")
        .properties()
        .forEach(
            property -> {
              // The rest every consumer has.
              if (!property.getValue().path("label").asText().contains("advanced")) {
                actual.put(
                    property.getKey(),
                    property.getValue().path("kind").asText()
                        + ": "
                        + property.getValue().path("description").asText());
              }
            });
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void the_kamelets_that_ship_are_those_that_check_knows() {
    assertThat(Shipped.names("kamelets", Integrations.KAMELET))
        .containsExactlyElementsOf(
            Kamelets.SHIPPED.stream().map(name -> name + Integrations.KAMELET).toList());
  }

  @Test
  void every_kamelet_says_what_an_editors_form_shows() throws Exception {
    for (String name : Kamelets.SHIPPED) {
      Located document =
          Located.parse(Path.of(name), Shipped.text("kamelets/" + name + Integrations.KAMELET))
              .orElseThrow();
      assertThat(((Located.Map) document).map("metadata", "annotations").entries())
          .extracting(entry -> entry.key().value())
          .as(name)
          .contains("camel.apache.org/kamelet.icon", "camel.apache.org/provider");
      Located.Map definition = ((Located.Map) document).map("spec", "definition");
      assertThat(definition).isNotNull();
      assertThat(definition.text("title")).isNotNull();
      assertThat(definition.text("description")).isNotNull();
      for (Located.Entry parameter : definition.map("properties").entries()) {
        Located.Map about = (Located.Map) parameter.value();
        assertThat(about.text("title")).as(name + " " + parameter.key()).isNotNull();
        assertThat(about.text("description")).as(name + " " + parameter.key()).isNotNull();
        assertThat(about.text("type")).as(name + " " + parameter.key()).isNotNull();
      }
    }
  }
}

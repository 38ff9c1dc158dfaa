package io.payhook.routes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.payhook.delivery.EventEndpoint;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.junit.jupiter.api.Test;

/** What editors are told is what the program does. */
class SchemasTest {
  private static final Path SHIPPED = Path.of("src/main/resources/schema");
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

  @Test
  void the_metadata_of_event_is_that_of_its_code() throws IOException {
    JsonNode metadata = new ObjectMapper().readTree(EVENT.toFile());
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
    assertThat(Shipped.names("kamelets", Kamelets.SUFFIX))
        .containsExactlyElementsOf(
            Kamelets.SHIPPED.stream().map(name -> name + Kamelets.SUFFIX).toList());
  }

  @Test
  void every_kamelet_says_what_an_editors_form_shows() throws Exception {
    for (String name : Kamelets.SHIPPED) {
      Located document =
          Located.parse(name, Shipped.text("kamelets/" + name + Kamelets.SUFFIX)).orElseThrow();
      Located.Map definition = Kamelets.at(document, "spec", "definition");
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

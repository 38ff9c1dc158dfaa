package io.payhook.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The description says what the router does. */
@Tag("service")
class OpenApiTest {
  private ApiFixture fixture;
  private Map<?, ?> description;

  @BeforeEach
  void read() throws Exception {
    fixture = new ApiFixture(null);
    Client.Answer answer = new Client(fixture.port()).get("/api/v1/openapi.yaml");
    assertThat(answer.status()).isEqualTo(200);
    description =
        (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(answer.body());
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void each_operation_and_its_parameters_are_described_and_no_others() {
    Map<String, Set<String>> described = new TreeMap<>();
    map(description, "paths")
        .forEach(
            (path, item) ->
                ((Map<?, ?>) item)
                    .forEach(
                        (method, operation) ->
                            described.put(method + " " + path, parameters((Map<?, ?>) operation))));

    Map<String, Set<String>> served = new TreeMap<>();
    for (ManagementApi.Operation operation : fixture.api.operations()) {
      Set<String> names = new TreeSet<>(operation.parameters());
      if (operation.path().contains(":id")) {
        names.add("id");
      }
      served.put(
          operation.method().name().toLowerCase(Locale.ROOT)
              + " "
              + operation.path().replace(":id", "{id}"),
          names);
    }

    assertThat(described).isEqualTo(served);
  }

  private Set<String> parameters(Map<?, ?> operation) {
    Set<String> names = new TreeSet<>();
    if (operation.get("parameters") instanceof List<?> list) {
      for (Object one : list) {
        Map<?, ?> parameter = (Map<?, ?>) one;
        Object reference = parameter.get("$ref");
        Map<?, ?> resolved = reference == null ? parameter : resolve(String.valueOf(reference));
        names.add(String.valueOf(resolved.get("name")));
      }
    }
    if (operation.get("requestBody") != null) {
      Map<?, ?> schema =
          map(map(map(map(operation, "requestBody"), "content"), "application/json"), "schema");
      map(schema, "properties").keySet().forEach(name -> names.add(String.valueOf(name)));
    }
    return names;
  }

  @Test
  void every_reference_leads_somewhere() {
    List<String> references = new ArrayList<>();
    collect(description, references);

    assertThat(references).isNotEmpty();
    for (String reference : new HashSet<>(references)) {
      assertThat(resolve(reference)).as(reference).isNotEmpty();
    }
  }

  private static void collect(Object node, List<String> references) {
    if (node instanceof Map<?, ?> map) {
      map.forEach(
          (key, value) -> {
            if (key.equals("$ref")) {
              references.add(String.valueOf(value));
            } else {
              collect(value, references);
            }
          });
    } else if (node instanceof List<?> list) {
      list.forEach(item -> collect(item, references));
    }
  }

  private Map<?, ?> resolve(String reference) {
    assertThat(reference).startsWith("#/");
    Map<?, ?> node = description;
    for (String step : List.of(reference.substring(2).split("/", -1))) {
      node = map(node, step);
    }
    return node;
  }

  private static Map<?, ?> map(Map<?, ?> tree, String name) {
    assertThat(tree.get(name)).as(name).isInstanceOf(Map.class);
    return (Map<?, ?>) tree.get(name);
  }
}

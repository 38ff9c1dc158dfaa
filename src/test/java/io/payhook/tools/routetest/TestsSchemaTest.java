package io.payhook.tools.routetest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The schema knows just the names that the reader of {@code tests.yaml} knows. */
class TestsSchemaTest {
  private static final Path SCHEMA = Path.of("src/main/resources/schema/tests.schema.json");
  private static final Pattern KNOWN = Pattern.compile("there is no 'zzz' here.*there are: (.*)");
  private static final String TEST = "/properties/tests/items";
  private static final String STEP = TEST + "/properties/steps/anyOf/0";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|{zzz: 1}",
        TEST + "|{tests: [{name: x, send: y, zzz: 1}]}",
        TEST
            + "/properties/fails/anyOf/0|{tests: [{name: x, send: y, fails: [{at: crm, zzz: 1}]}]}",
        TEST
            + "/properties/fails/anyOf/0/properties/with/anyOf/1|{tests: [{name: x, send: y, fails:"
            + " [{at: confirm, with: {zzz: 1}}]}]}",
        "/definitions/stub/anyOf/1|{tests: [{name: x, send: y, stubs: [{at: x, zzz: 1}]}]}",
        "/definitions/reply/anyOf/1|{tests: [{name: x, send: y, stubs: [{at: x, answer: {zzz:"
            + " 1}}]}]}",
        "/definitions/stub/anyOf/1|{stubs: [{at: x, zzz: 1}], tests: []}",
        STEP + "|{tests: [{name: x, steps: [{send: y, zzz: 1}]}]}",
        TEST
            + "/properties/answer/anyOf/0/anyOf/2|{tests: [{name: x, send: y, answer: [{zzz:"
            + " 1}]}]}",
        TEST
            + "/properties/rows/anyOf/0|{tests: [{name: x, send: y, rows: [{query: q, count: 1,"
            + " zzz: 1}]}]}",
        TEST + "/properties/emails/anyOf/0|{tests: [{name: x, send: y, emails: [{zzz: 1}]}]}",
        TEST + "/properties/calls/anyOf/0|{tests: [{name: x, send: y, calls: [{zzz: 1}]}]}",
        "/definitions/facts|{tests: [{name: x, send: y, facts: [{zzz: 1}]}]}",
        TEST
            + "/properties/deliveries/additionalProperties/anyOf/0/anyOf/1|{tests: [{name: x, send:"
            + " y, deliveries: {r: [{state: done, zzz: 1}]}}]}",
      })
  void each_place_has_the_same_names(String pointer, String yaml) throws IOException {
    Path file = folder.resolve("tests.yaml");
    Files.writeString(file, yaml);
    List<String> problems = new ArrayList<>();
    List<RouteTest> unused = TestFile.read(file, file, problems);
    Matcher known = KNOWN.matcher(String.join("\n", problems));
    assertThat(known.find()).as(problems.toString()).isTrue();
    JsonNode schema = new ObjectMapper().readTree(SCHEMA.toFile()).at(pointer);
    TreeSet<String> names = new TreeSet<>();
    schema.path("properties").fieldNames().forEachRemaining(names::add);
    assertThat(names).containsExactlyInAnyOrder(known.group(1).split(", "));
  }
}

package io.payhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages for contributors name classes and decisions that are there. */
class ArchitecturePageTest {
  private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z]+\\w*)(?:\\.\\w+)?`");
  private static final Pattern STEP = Pattern.compile("(?m)^\\d+\\. .*(?:\\n   .*)*");
  private static final Set<String> LIBRARIES =
      Set.of("BigDecimal", "MessageDigest", "CamelHttpResponseCode");
  private static final Path DECISIONS = Path.of("docs/adr");

  @ParameterizedTest
  @ValueSource(strings = {"docs/architecture.md", "CONTRIBUTING.md"})
  void each_class_that_a_page_names_is_there(String page) throws IOException {
    Set<String> classes;
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      classes =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".java"))
              .map(name -> name.substring(0, name.length() - ".java".length()))
              .collect(Collectors.toSet());
    }
    List<String> named =
        CLASS
            .matcher(Files.readString(Path.of(page)))
            .results()
            .map(found -> found.group(1))
            .filter(name -> !LIBRARIES.contains(name))
            .toList();
    assertThat(named).hasSizeGreaterThan(10);
    assertThat(classes).containsAll(named);
  }

  @Test
  void each_step_of_an_events_way_is_a_file_of_its_own() throws IOException {
    List<String> first =
        STEP.matcher(Files.readString(Path.of("docs/architecture.md")))
            .results()
            .map(step -> CLASS.matcher(step.group()))
            .map(named -> named.find() ? named.group(1) : "no class")
            .toList();
    assertThat(first).hasSizeGreaterThan(15).doesNotContain("no class").doesNotHaveDuplicates();
  }

  @Test
  void the_index_lists_each_decision() throws IOException {
    String index = Files.readString(DECISIONS.resolve("README.md"));
    try (Stream<Path> files = Files.list(DECISIONS)) {
      assertThat(
              files
                  .map(file -> file.getFileName().toString())
                  .filter(name -> !name.equals("README.md")))
          .isNotEmpty()
          .allSatisfy(name -> assertThat(index).contains("](" + name + ")"));
    }
  }
}

package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class VectorsTest {
  private static final Path FOLDER = Path.of("src/test/resources/vectors");
  private static final Path FILE = FOLDER.resolve("signature-vectors.json");
  private static final Path NEW_PLATFORMS = FOLDER.resolve("new-platforms.json");

  @TestFactory
  Stream<DynamicContainer> every_vector_gets_the_verdict_it_should() {
    return Stream.of(tests(FILE), tests(NEW_PLATFORMS));
  }

  private static DynamicContainer tests(Path file) {
    return DynamicContainer.dynamicContainer(
        String.valueOf(file.getFileName()),
        outcomes(file).stream()
            .map(
                outcome ->
                    DynamicTest.dynamicTest(
                        outcome.name(),
                        () -> assertThat(outcome.passed()).as(outcome.told()).isTrue())));
  }

  @Test
  void the_files_have_all_their_vectors() {
    assertThat(outcomes(FILE)).hasSize(58);
    assertThat(outcomes(NEW_PLATFORMS)).hasSize(59);
  }

  @Test
  void no_vector_is_named_twice() {
    Stream<String> names =
        Stream.of(FILE, NEW_PLATFORMS)
            .flatMap(file -> outcomes(file).stream().map(Vectors.Outcome::name));
    assertThat(names).doesNotHaveDuplicates();
  }

  private static List<Vectors.Outcome> outcomes(Path file) {
    try {
      return Vectors.run(file, Providers.shipped());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class VectorsTest {
  private static final Path FILE = Path.of("src/test/resources/vectors/signature-vectors.json");

  @TestFactory
  List<DynamicTest> every_vector_gets_the_verdict_it_should() throws IOException {
    return Vectors.run(FILE, Providers.shipped()).stream()
        .map(
            outcome ->
                DynamicTest.dynamicTest(
                    outcome.name(), () -> assertThat(outcome.passed()).as(outcome.told()).isTrue()))
        .toList();
  }

  @Test
  void the_file_has_all_its_vectors() throws IOException {
    assertThat(Vectors.run(FILE, Providers.shipped())).hasSize(58);
  }
}

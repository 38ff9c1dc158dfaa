package io.payhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SECURITY.md says which test shows what. */
class SecurityPageTest {
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`");

  @Test
  void each_test_that_the_page_names_is_there() throws IOException {
    List<MatchResult> named =
        TEST.matcher(Files.readString(Path.of("SECURITY.md"))).results().toList();
    assertThat(named).hasSizeGreaterThan(5);
    for (MatchResult test : named) {
      assertThat(source(test.group(1)))
          .describedAs("%s", test.group())
          .contains("void " + test.group(2) + "(");
    }
  }

  private static String source(String name) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      Path file = files.filter(each -> each.endsWith(name + ".java")).findFirst().orElseThrow();
      return Files.readString(file);
    }
  }
}

package io.payhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** README.md lists what there is. Its commands and their output are run by {@code ReadmeIT}. */
class ReadmePageTest {
  private static final Path README = Path.of("README.md");
  private static final Pattern CODE = Pattern.compile("`([^`\\s]+)`");
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#([^)]+))?\\)");

  @Test
  void the_platforms_are_the_presets_that_ship() throws IOException {
    String text = Files.readString(README);
    int start = text.indexOf("\n## Platforms\n");
    String section = text.substring(start, text.indexOf("\n## ", start + 1));
    List<String> presets;
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/providers"))) {
      presets =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".yaml"))
              .map(name -> name.substring(0, name.length() - ".yaml".length()))
              .toList();
    }
    assertThat(CODE.matcher(section).results().map(code -> code.group(1)))
        .containsExactlyInAnyOrderElementsOf(presets);
  }

  @Test
  void the_settings_that_it_names_are_there() throws IOException {
    String settings = Files.readString(Path.of("application.properties"));
    assertThat(
            CODE.matcher(Files.readString(README))
                .results()
                .map(code -> code.group(1))
                .filter(code -> code.startsWith("payhook.")))
        .isNotEmpty()
        .allSatisfy(key -> assertThat(settings).contains("\n#" + key + "="));
  }

  @Test
  void each_link_leads_somewhere() throws IOException {
    assertThat(LINK.matcher(Files.readString(README)).results().toList())
        .isNotEmpty()
        .allSatisfy(
            link -> {
              assertThat(Path.of(link.group(1))).exists();
              if (link.group(2) != null) {
                assertThat(headings(Path.of(link.group(1)))).contains(link.group(2));
              }
            });
  }

  private static List<String> headings(Path page) throws IOException {
    return Files.readAllLines(page).stream()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(java.util.Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\w -]", "").replace(' ', '-'))
        .toList();
  }
}

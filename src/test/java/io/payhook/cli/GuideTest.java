package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Finding;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * Does what a page of the guide says: writes its files into a copy of the routes, runs its {@code
 * new} commands, reads its other commands, and checks the whole.
 */
@Tag("service")
class GuideTest {
  private static final Path DOCS = Path.of("docs").toAbsolutePath();
  private static final Pattern BLOCK =
      Pattern.compile("(?m)^```(\\w+)(?: file=(\\S+))?\\n(.*?)^```$", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+\\.md)\\)");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

  @TempDir Path folder;

  static Stream<String> pages() {
    return Stream.of(
        "guide.md",
        "endpoints.md",
        "effects.md",
        "sql.md",
        "emails.md",
        "crm.md",
        "testing.md",
        "production.md");
  }

  @ParameterizedTest
  @MethodSource("pages")
  void every_block_of_a_page_is_sound(String page) throws Exception {
    copy(Path.of("routes"), folder.resolve("routes"));
    Files.copy(Path.of("application.properties"), folder.resolve("application.properties"));
    Matcher block = BLOCK.matcher(Files.readString(DOCS.resolve(page)));
    int blocks = 0;
    while (block.find()) {
      blocks++;
      if (block.group(2) != null) {
        Path file = folder.resolve(block.group(2));
        Files.createDirectories(file.getParent());
        Files.writeString(file, block.group(3));
      } else if (block.group(1).equals("sh")) {
        block.group(3).lines().forEach(this::command);
      } else {
        assertThat(block.group(1)).as("a block that nobody checks").isIn("text", "yaml");
      }
    }
    assertThat(blocks).isPositive();
    Settings.Inspection settings = settings();
    assertThat(settings.problems()).isEmpty();
    assertThat(findings(settings.settings())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void every_link_leads_to_a_page(String page) throws IOException {
    Matcher link = LINK.matcher(Files.readString(DOCS.resolve(page)));
    while (link.find()) {
      assertThat(DOCS.resolve(link.group(1))).exists();
    }
  }

  private void command(String line) {
    assertThat(line).startsWith("./payhook ");
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(line.substring("./payhook ".length()));
    while (word.find()) {
      words.add(word.group(1) != null ? word.group(1) : word.group(2));
    }
    CommandLine cli = Cli.commandLine();
    if (words.get(0).equals("new")) {
      words.add("--routes");
      words.add(folder.resolve("routes").toString());
      assertThat(cli.execute(words.toArray(String[]::new))).as(line).isZero();
    } else {
      // Throws where a command or an option is not there.
      assertThat(cli.parseArgs(words.toArray(String[]::new)).hasSubcommand()).as(line).isTrue();
    }
  }

  private Settings.Inspection settings() {
    return Settings.inspect(
        new Settings.Arguments(folder.resolve("application.properties"), null, null, List.of()),
        Map.of());
  }

  private List<Finding> findings(Settings settings) {
    try (TestDatabase database = TestDatabase.create()) {
      return new Check(
              folder.resolve("routes"),
              Placeholders.forReading(settings),
              settings.names(),
              database::connect,
              Clock.systemUTC())
          .run();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }
}

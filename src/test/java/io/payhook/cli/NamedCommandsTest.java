package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;

/** Whoever reads of a command, in a page, a comment or a message, can give it. */
@Tag("service")
final class NamedCommandsTest {
  private static final Pattern QUOTED =
      Pattern.compile("[`'](?:\\./)?payhook ([a-z][^`'\"{}]*)[`']");

  static Stream<Path> texts() throws IOException {
    List<Path> texts =
        new ArrayList<>(List.of(Path.of("README.md"), Path.of("application.properties")));
    for (String root : List.of("docs", "src/main", "routes")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        files
            .filter(file -> file.toString().matches(".*\\.(md|java|yaml|xml|json|html)"))
            .forEach(texts::add);
      }
    }
    return texts.stream().filter(NamedCommandsTest::namesOne);
  }

  private static boolean namesOne(Path file) {
    try {
      return QUOTED.matcher(Files.readString(file)).find();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("texts")
  void every_command_that_is_named_is_there(Path file) throws IOException {
    Matcher named = QUOTED.matcher(Files.readString(file));
    while (named.find()) {
      String[] words = named.group(1).replace(" …", "").strip().split("\\s+");
      try {
        assertThat(Cli.commandLine().parseArgs(words).hasSubcommand()).as(named.group()).isTrue();
      } catch (MissingParameterException e) {
        // Named without what it needs, it is there all the same.
        assertThat(e.getCommandLine().getParent()).as(named.group()).isNotNull();
      } catch (CommandLine.UnmatchedArgumentException e) {
        throw new AssertionError(file + ": " + named.group() + ": " + e.getMessage(), e);
      } catch (ParameterException e) {
        // Placeholders such as N are no values.
        assertThat(e.getCommandLine().getParent()).as(named.group()).isNotNull();
      }
    }
  }
}

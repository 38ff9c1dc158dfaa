package io.payhook.cli;

import io.payhook.routes.RouteFileException;
import io.payhook.settings.Settings;
import io.payhook.tools.routetest.Report;
import io.payhook.tools.routetest.RouteTests;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook test}. */
@Command(
    name = "test",
    description =
        "Runs the route tests (tests.yaml) of a folder: the real routes, on a database, a mail"
            + " server and a CRM of their own.")
final class TestCommand extends Printing {
  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description = "The routes folder, or a folder in it (default: payhook.routes).")
  private @Nullable Path folder;

  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Also writes the results as JUnit XML.")
  private @Nullable Path junit;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Only the tests whose name contains this.")
  private @Nullable String only;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Number of tests that run at once (default: number of processors plus one).")
  private int jobs = Runtime.getRuntime().availableProcessors() + 1;

  @Override
  public Integer call() throws Exception {
    // What the tests make the routes do is their business, not the log's.
    System.setProperty("payhook.log.level", "OFF");
    Settings settings = options.load();
    Map<String, String> own = new LinkedHashMap<>();
    Path where = settings.routes();
    Path named = folder;
    if (named != null) {
      where = named.toAbsolutePath().normalize();
      if (!Files.isDirectory(where)) {
        throw wrong("there is no folder " + named + "; name one with tests in it");
      }
      if (!where.startsWith(settings.routes())) {
        own.put("payhook.routes", where.toString());
      }
    }
    try {
      RouteTests tests = RouteTests.in(where);
      if (only != null) {
        tests = tests.named(only);
      }
      if (tests.size() == 0) {
        return no(
            "there is no such test in %s; a file tests.yaml beside the routes holds them"
                .formatted(where));
      }
      Report report =
          tests.run(
              more -> {
                Map<String, String> all = new LinkedHashMap<>(own);
                all.putAll(more);
                return options.load(all);
              },
              settings.data().resolve("tests"),
              Math.max(1, jobs));
      report.print(out());
      Path file = junit;
      if (file != null) {
        report.junit(file);
      }
      return report.passed() ? 0 : Cli.NO;
    } catch (RouteFileException e) {
      e.problems().forEach(this::note);
      return Cli.NO;
    }
  }
}

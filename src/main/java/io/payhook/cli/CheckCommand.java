package io.payhook.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import io.payhook.postgres.ScratchDatabase;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Finding;
import io.payhook.routes.Providers;
import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFileException;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Production;
import io.payhook.settings.Settings;
import io.payhook.tools.check.Check;
import io.payhook.tools.routetest.RouteTests;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook check}. */
@Command(
    name = "check",
    description =
        "Reports every mistake in route files, endpoints, SQL, templates, samples and "
            + "settings at once, before anything starts.")
final class CheckCommand extends Printing {
  private static final Pattern PLACED =
      Pattern.compile("(?s)(.+?\\.(?:properties|yaml)):(\\d+)(?::(\\d+))?: (.*)");

  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Parameters(
      paramLabel = "DIR",
      arity = "0..1",
      description = "The routes folder, or a folder in it (default: payhook.routes).")
  private @Nullable Path folder;

  @Option(names = "--json", description = "Prints the findings as a JSON array.")
  private boolean json;

  @Option(names = "--strict", description = "Fails for warnings too.")
  private boolean strict;

  @Override
  public Integer call() throws Exception {
    Settings.Inspection inspection = options.inspect();
    Settings settings = inspection.settings();
    TreeSet<Finding> findings = new TreeSet<>();
    inspection.problems().forEach(problem -> findings.add(finding(problem)));
    try (ScratchDatabase scratch = new ScratchDatabase(settings)) {
      Path asked = folder == null ? settings.routes() : folder.toAbsolutePath().normalize();
      // A folder in it stands on the rest, which is read along.
      boolean part = asked.startsWith(settings.routes());
      new Check(
              part ? settings.routes() : asked,
              Placeholders.forReading(settings),
              settings.names(),
              scratch::connect,
              Clock.systemUTC())
          .forProduction(settings.isProduction()).run().stream()
              .filter(finding -> Path.of(finding.file()).toAbsolutePath().startsWith(asked))
              .forEach(findings::add);
      tests(asked, findings);
      if (settings.isProduction()) {
        production(settings, part ? settings.routes() : asked, asked, findings);
      }
    }
    print(List.copyOf(findings));
    return findings.stream()
            .allMatch(finding -> finding.isNote() || (finding.isWarning() && !strict))
        ? 0
        : Cli.NO;
  }

  /** What a start in production refuses, of endpoints that are otherwise right. */
  private static void production(Settings settings, Path root, Path asked, Set<Finding> findings) {
    try {
      Providers providers = Providers.shipped();
      for (DeclaredEndpoint each :
          DeclaredEndpoint.in(root, text -> resolved(settings, text)).values()) {
        if (each.file().toAbsolutePath().startsWith(asked)) {
          Production.problems(settings, each.name(), each.resolve(providers), each.parsedSecrets())
              .forEach(problem -> findings.add(finding(each.file() + ":1: " + problem)));
        }
      }
    } catch (RouteFileException | RuntimeException e) {
      // Then a finding above says what is wrong.
    }
  }

  /** What cannot be resolved is reported elsewhere and stays as it is here. */
  private static String resolved(Settings settings, String text) {
    try {
      return Placeholders.forReading(settings).apply(text);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }

  private static void tests(Path folder, Set<Finding> findings) {
    if (Files.isDirectory(folder)) {
      try {
        RouteTests unused = RouteTests.in(folder);
      } catch (RouteFileException e) {
        e.problems().forEach(problem -> findings.add(finding(problem)));
      }
    }
  }

  private static Finding finding(String problem) {
    Matcher placed = PLACED.matcher(problem);
    boolean known = placed.matches();
    String file = known ? ReloadProblem.shown(Path.of(placed.group(1))).toString() : Settings.FILE;
    int line = known ? Integer.parseInt(placed.group(2)) : 1;
    int column = known && placed.group(3) != null ? Integer.parseInt(placed.group(3)) : 1;
    String text = known ? placed.group(4) : problem;
    int semicolon = text.lastIndexOf("; ");
    return semicolon < 0
        ? new Finding(file, line, column, text, "correct it here")
        : new Finding(
            file, line, column, text.substring(0, semicolon), text.substring(semicolon + 2));
  }

  private void print(List<Finding> findings) {
    if (!json) {
      findings.forEach(out()::println);
      say(summary(findings));
      return;
    }
    ArrayNode array = Json.MAPPER.createArrayNode();
    for (Finding finding : findings) {
      array
          .addObject()
          .put("file", finding.file())
          .put("line", finding.line())
          .put("column", finding.column())
          .put("severity", severity(finding))
          .put("what", finding.what())
          .put("right", finding.right());
    }
    json(array);
  }

  private static String severity(Finding finding) {
    return finding.isNote() ? "note" : finding.isWarning() ? "warning" : "problem";
  }

  private static String summary(List<Finding> findings) {
    long warnings = findings.stream().filter(Finding::isWarning).count();
    long problems = findings.stream().filter(each -> !each.isNote() && !each.isWarning()).count();
    if (warnings + problems == 0) {
      return "No problems.";
    }
    String counted = problems == 0 ? "No problems" : Lines.count(problems, "problem", "problems");
    return warnings == 0 ? counted : counted + ", " + Lines.count(warnings, "warning", "warnings");
  }
}

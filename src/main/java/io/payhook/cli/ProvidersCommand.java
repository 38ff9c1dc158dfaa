package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.signature.Coverage;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Setting;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook providers}. */
@Command(
    name = "providers",
    description = "Lists the presets, or shows one in full.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ProvidersCommand extends Printing {

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "The preset to show in full.")
  private @Nullable String name;

  @Option(names = "--settings", description = "Explains every setting instead.")
  private boolean settings;

  @Option(
      names = "--facts",
      description =
          "Shows the facts read off each sample instead: type, key, entity, amount, currency, time.")
  private boolean facts;

  @Option(
      names = "--routes",
      paramLabel = "DIR",
      defaultValue = "routes",
      description = "The routes folder, for presets of your own in its providers folder.")
  private Path routes = Path.of("routes");

  @Option(names = "--json", description = "Prints JSON.")
  private boolean json;

  @Override
  public Integer call() {
    try {
      if (settings) {
        tellSettings();
        return 0;
      }
      Providers providers = Providers.load(routes.resolve("providers"));
      if (facts) {
        return tellFacts(name == null ? providers.all() : List.of(providers.get(name)), providers);
      }
      if (name == null) {
        tellAll(providers.all());
      } else {
        tellOne(providers.get(name), providers);
      }
      return 0;
    } catch (ProviderException e) {
      throw wrong(
          String.join(
              "; ",
              e.problems().stream().map(problem -> "'" + e.provider() + "': " + problem).toList()),
          e);
    }
  }

  private void tellAll(List<Provider> all) {
    if (json) {
      json(all.stream().map(ProvidersCommand::summary).toList());
      return;
    }
    int width = all.stream().mapToInt(provider -> provider.name().length()).max().orElse(0);
    int algorithms = "hmac-sha256".length();
    for (Provider provider : all) {
      String marks = String.join(", ", marks(provider));
      out()
          .println(
              ansi(
                  pad(provider.name(), width)
                      + "  "
                      + pad(algorithm(provider), algorithms)
                      + "  "
                      + provider.title()
                      + (marks.isEmpty()
                          ? ""
                          : provider.isUnsigned()
                              ? "  @|bold,red " + marks + "|@"
                              : "  (" + marks + ")")));
    }
    out().println();
    out().println("'payhook providers NAME' shows one in full.");
    out().flush();
  }

  private void tellOne(Provider provider, Providers providers) {
    List<String> samples = providers.samples(provider.name()).stream().map(Sample::type).toList();
    if (json) {
      Map<String, Object> whole = new LinkedHashMap<>(summary(provider));
      whole.put("samples", samples);
      whole.put("settings", provider.settings());
      json(whole);
      return;
    }
    out().println(ansi("@|bold " + provider.title() + "|@ (" + provider.name() + ")"));
    if (provider.isUnsigned()) {
      out().println(ansi("@|bold,red NOT SIGNED: anybody can send its events|@"));
    }
    provider.docs().ifPresent(docs -> out().println(docs));
    out().println();
    provider
        .settings()
        .forEach(
            (key, value) -> {
              if (!isProse(key)) {
                List<String> lines = value.lines().toList();
                out().println(pad(key, 30) + " " + lines.get(0));
                lines.stream().skip(1).forEach(line -> out().println(" ".repeat(31) + line));
              }
            });
    prose("Notes", provider.lines(Setting.NOTES));
    prose("Known from", provider.lines(Setting.CONFIRMED));
    prose("Not confirmed", provider.unconfirmed());
    prose("Samples", samples);
    out().flush();
  }

  private static boolean isProse(String key) {
    return List.of(
            Setting.TITLE, Setting.DOCS, Setting.NOTES, Setting.CONFIRMED, Setting.UNCONFIRMED)
        .stream()
        .anyMatch(setting -> setting.key().equals(key));
  }

  private void prose(String head, List<String> lines) {
    if (!lines.isEmpty()) {
      out().println();
      out().println(head + ":");
      lines.forEach(line -> out().println("- " + line));
    }
  }

  /** The answer is no where a preset refuses its own sample. */
  private int tellFacts(List<Provider> of, Providers providers) {
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    for (Provider provider : of) {
      for (Sample sample : providers.samples(provider.name())) {
        rows.addAll(EventFacts.of(provider, sample, Clock.systemUTC()));
      }
    }
    boolean refused = rows.stream().anyMatch(row -> row.containsKey("refused"));
    if (json) {
      json(rows);
      return refused ? Cli.NO : 0;
    }
    print(
        new Table()
            .whole("PROVIDER", 0, Table.text("provider"))
            .cut("TYPE", 10, 0, ProvidersCommand::type)
            .cut("KEY", 8, 3, Table.text("key"))
            .cut("ENTITY", 8, 1, Table.text("entity"))
            .whole("AMOUNT", 0, Table.text("amount"))
            .whole("CURRENCY", 0, Table.text("currency"))
            .whole("DIGITS", 4, Table.text("digits"))
            .whole("OCCURRED", 2, Table.text("occurredAt"))
            .rows(Json.MAPPER.valueToTree(rows)));
    return refused ? Cli.NO : 0;
  }

  private static String type(JsonNode row) {
    return row.has("refused")
        ? "%s REFUSED: %s".formatted(row.path("sample").asText(), row.path("refused").asText())
        : row.path("type").asText();
  }

  private void tellSettings() {
    if (json) {
      List<Map<String, Object>> all = new ArrayList<>();
      for (Setting setting : Setting.values()) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", setting.key());
        one.put("says", setting.says());
        if (!setting.choices().isEmpty()) {
          one.put("choices", setting.choices());
        }
        one.put("list", setting.isList());
        one.put("map", setting.isMap());
        all.add(one);
      }
      json(all);
      return;
    }
    for (Setting setting : Setting.values()) {
      String choices = String.join(", ", setting.choices());
      out()
          .println(
              pad(setting.key() + (setting.isMap() ? ".NAME" : ""), 30)
                  + " "
                  + setting.says()
                  + (choices.isEmpty() ? "" : " [" + choices + "]"));
    }
    out().flush();
  }

  private static Map<String, Object> summary(Provider provider) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("name", provider.name());
    summary.put("title", provider.title());
    provider.docs().ifPresent(docs -> summary.put("docs", docs));
    summary.put("algorithm", algorithm(provider));
    summary.put("signed", !provider.isUnsigned());
    summary.put("covers", provider.coverage().name().toLowerCase(java.util.Locale.ROOT));
    provider
        .retryHorizon()
        .ifPresent(horizon -> summary.put("retryHorizonSeconds", horizon.toSeconds()));
    summary.put("unconfirmed", provider.unconfirmed());
    return summary;
  }

  private static List<String> marks(Provider provider) {
    List<String> marks = new ArrayList<>();
    if (provider.isUnsigned()) {
      marks.add("NOT SIGNED");
    } else if (provider.coverage() == Coverage.NOTHING) {
      marks.add("body not signed");
    } else if (provider.coverage() == Coverage.PART) {
      marks.add("body signed in part");
    }
    if (!provider.unconfirmed().isEmpty()) {
      marks.add("partly unconfirmed");
    }
    return marks;
  }

  private static String algorithm(Provider provider) {
    return provider.setting(Setting.SIGNATURE_ALGORITHM).orElse("none");
  }

  private static String pad(String text, int width) {
    return text.length() >= width ? text : text + " ".repeat(width - text.length());
  }

  private String ansi(String text) {
    return spec.commandLine().getColorScheme().ansi() == Ansi.OFF
        ? Ansi.OFF.string(text)
        : Ansi.AUTO.string(text);
  }
}

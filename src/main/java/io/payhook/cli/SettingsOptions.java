package io.payhook.cli;

import io.payhook.settings.Settings;
import io.payhook.settings.Settings.Assignment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that needs the settings: {@code @Mixin SettingsOptions options}. */
final class SettingsOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Settings file (default: application.properties in this folder, otherwise beside payhook).")
  private @Nullable Path config;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "Profile; prod refuses stand-ins.")
  private @Nullable String profile;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder for everything Payhook stores.")
  private @Nullable String data;

  @Option(names = "--routes", paramLabel = "DIR", description = "Folder with the route files.")
  private @Nullable String routes;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Sets a key; takes precedence over file and environment.")
  private Map<String, String> set = new LinkedHashMap<>();

  /** Reads all sources. */
  Settings load() {
    return load(Map.of());
  }

  /** Reads all sources, with these values taking precedence. */
  Settings load(Map<String, String> over) {
    return Settings.load(arguments(over), System.getenv());
  }

  /** Reads all sources and reports their problems. */
  Settings.Inspection inspect() {
    return Settings.inspect(arguments(Map.of()), System.getenv());
  }

  private Settings.Arguments arguments(Map<String, String> over) {
    List<Assignment> assignments = new ArrayList<>();
    set.forEach((key, value) -> assignments.add(new Assignment(key, value, "--set " + key)));
    if (data != null) {
      assignments.add(new Assignment("payhook.data", data, "--data"));
    }
    if (routes != null) {
      assignments.add(new Assignment("payhook.routes", routes, "--routes"));
    }
    over.forEach((key, value) -> assignments.add(new Assignment(key, value, "the command")));
    String home = System.getProperty("payhook.home");
    return new Settings.Arguments(
        config,
        home == null ? null : Path.of(home),
        over.getOrDefault("payhook.profile", profile),
        assignments);
  }
}

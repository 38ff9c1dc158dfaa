package io.payhook.settings;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All settings of a running service, resolved once at startup. Later sources take precedence: the
 * defaults of {@link Key}, {@code application.properties}, {@code application-PROFILE.properties}
 * beside it, environment variables ({@code PAYHOOK_DATABASE_URL} for {@code payhook.database.url}),
 * the command line.
 *
 * <p>Keys that start with neither {@code payhook.} nor {@code camel.} are the team's own
 * placeholders for route files. Immutable and thread-safe.
 */
public final class Settings {
  /** The default settings file. */
  public static final String FILE = "application.properties";

  private static final Pattern PASSWORD_IN_URL =
      Pattern.compile("(?i)(password=)[^&]*|(//[^:/@]+:)[^@/]*(?=@)");

  private final Map<String, Value> values;
  private final Map<Key<?>, Object> typed;
  private final List<Path> files;
  private final Map<String, Path> inFiles;

  Settings(
      Map<String, Value> values,
      Map<Key<?>, Object> typed,
      List<Path> files,
      Map<String, Path> inFiles) {
    this.values = values;
    this.typed = typed;
    this.files = files;
    this.inFiles = inFiles;
  }

  /**
   * Options of the command line.
   *
   * @param config the file to read; null: {@code application.properties} in the working folder,
   *     otherwise in {@code home}, otherwise none
   * @param home the folder Payhook is installed in, if known
   * @param profile the profile; null: as {@code payhook.profile} says
   * @param assignments settings that take precedence over every other source, in order
   */
  public record Arguments(
      @Nullable Path config,
      @Nullable Path home,
      @Nullable String profile,
      List<Assignment> assignments) {

    public Arguments {
      assignments = List.copyOf(assignments);
    }

    /** No options. */
    public static Arguments none() {
      return new Arguments(null, null, null, List.of());
    }
  }

  /**
   * A setting from the command line.
   *
   * @param origin how the user wrote it, such as {@code --data}
   */
  public record Assignment(String key, String value, String origin) {}

  /** A value, its source, and the folder that a relative path in it is relative to. */
  record Value(String text, String origin, Path folder) {}

  /**
   * Reads all sources.
   *
   * @param environment usually {@link System#getenv()}
   * @throws SettingsException with all problems
   */
  public static Settings load(Arguments arguments, Map<String, String> environment) {
    return new SettingsReading(environment, false).load(arguments);
  }

  /**
   * The settings together with all problems.
   *
   * @param settings with the defaults in place of invalid values
   * @param problems as in {@link SettingsException}; most begin with a file and a line
   */
  public record Inspection(Settings settings, List<String> problems) {
    public Inspection {
      problems = List.copyOf(problems);
    }
  }

  /** Like {@link #load}, for tools that continue despite problems. */
  public static Inspection inspect(Arguments arguments, Map<String, String> environment) {
    SettingsReading reading = new SettingsReading(environment, true);
    Settings settings = reading.load(arguments);
    return new Inspection(settings, reading.problems());
  }

  /** The settings files, whether or not they exist. */
  public List<Path> files() {
    return files;
  }

  /** The names of the settings that have different values, in order. */
  SortedSet<String> changed(Settings next) {
    SortedSet<String> changed = new TreeSet<>(values.keySet());
    changed.addAll(next.values.keySet());
    changed.removeIf(key -> text(key).equals(next.text(key)));
    for (Key<?> key : Key.all()) {
      // A default that is written out is not a difference.
      if (get(key).equals(next.get(key))) {
        changed.remove(key.name());
      }
    }
    return changed;
  }

  private Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).map(Value::text);
  }

  /** The source of a value, as in {@link #origin(Key)}; empty if it has none. */
  Optional<String> origin(String key) {
    return Optional.ofNullable(values.get(key)).map(Value::origin);
  }

  /** These settings with some values of others. */
  Settings with(Settings next, Collection<String> names) {
    Map<String, Value> merged = new LinkedHashMap<>(values);
    Map<Key<?>, Object> both = new LinkedHashMap<>(typed);
    for (String name : names) {
      merged.remove(name);
      Optional.ofNullable(next.values.get(name)).ifPresent(value -> merged.put(name, value));
    }
    for (Key<?> key : Key.all()) {
      if (names.contains(key.name())) {
        both.put(key, next.get(key));
      }
    }
    return new Settings(Map.copyOf(merged), Map.copyOf(both), files, inFiles);
  }

  /** All names that have a value, for suggestions. */
  public Set<String> names() {
    return asCamelProperties().stringPropertyNames();
  }

  /** The defaults with some values replaced, without file or environment: for tests and tools. */
  public static Settings of(Map<String, String> own) {
    List<Assignment> assignments = new ArrayList<>();
    own.forEach((key, value) -> assignments.add(new Assignment(key, value, "given")));
    return new SettingsReading(Map.of(), false).finish(null, assignments, Path.of(""));
  }

  /** The value of a setting. */
  @SuppressWarnings("unchecked")
  public <T> T get(Key<T> key) {
    Object value = typed.get(key);
    if (value == null) {
      throw new IllegalArgumentException(key + " is not in the table of settings");
    }
    return (T) value;
  }

  /** The current value of a setting: if it comes from a file of its own, the file is read again. */
  public String current(Key<String> key) {
    Path file = inFiles.get(key.name());
    if (file == null) {
      return get(key);
    }
    try {
      return Environment.read(file);
    } catch (IOException e) {
      // Perhaps the file is being replaced: the previous value works, or is refused.
      return get(key);
    }
  }

  /** The profile's name, {@code dev} unless set. */
  public String profile() {
    return get(Key.PROFILE);
  }

  /**
   * Whether stand-ins and development secrets are refused: in every profile whose name starts with
   * prod.
   */
  public boolean isProduction() {
    return profile().toLowerCase(Locale.ROOT).startsWith("prod");
  }

  /** How long a shutdown still accepts webhooks: a few seconds in production, unless configured. */
  public Duration shutdownDelay() {
    return isProduction() && !values.containsKey(Key.SHUTDOWN_DELAY.name())
        ? Duration.ofSeconds(5)
        : get(Key.SHUTDOWN_DELAY);
  }

  /**
   * Whether changed files are picked up while running: everywhere but in production, unless set.
   */
  public boolean reloadsByItself() {
    String reload = get(Key.ROUTES_RELOAD);
    return reload.equals("on") || (reload.equals("auto") && !isProduction());
  }

  /** The folder for everything Payhook stores, absolute. */
  public Path data() {
    return get(Key.DATA);
  }

  /** Creates {@link #data()} if it is missing, readable by its owner only. */
  public void makeData() {
    DataFolder.create(data());
  }

  /** The routes folder, absolute. */
  public Path routes() {
    return get(Key.ROUTES);
  }

  /** The public URL of a path of this service, if configured. */
  public Optional<String> publicUrl(String path) {
    return get(Key.PUBLIC_URL).map(base -> base.toString().replaceAll("/+$", "") + path);
  }

  /**
   * The source of a value, for messages: {@code application.properties:14}, a variable's name,
   * {@code --set}, default.
   */
  public String origin(Key<?> key) {
    Value value = values.get(key.name());
    return value == null ? "default" : value.origin();
  }

  /**
   * All values for Camel: the table with its defaults, all {@code camel.} keys and the team's
   * placeholders, with absolute folders. Left out are those that only the service itself needs and
   * no route file may read.
   */
  public Properties asCamelProperties() {
    Properties properties = new Properties();
    values.forEach((key, value) -> properties.setProperty(key, value.text()));
    for (Key<?> key : Key.all()) {
      if (key.isWithheld()) {
        properties.remove(key.name());
      } else if (get(key) instanceof Path folder) {
        properties.setProperty(key.name(), folder.toString());
      } else {
        Value value = values.get(key.name());
        properties.setProperty(key.name(), value == null ? key.defaultText() : value.text());
      }
    }
    return properties;
  }

  /** The differences from the defaults, with secrets masked. */
  @Override
  public String toString() {
    return new TreeMap<>(values)
        .entrySet().stream()
            .map(each -> each.getKey() + "=" + shown(each.getKey(), each.getValue().text()))
            .collect(Collectors.joining(", ", "Settings[", "]"));
  }

  /** The text of a value for people, with secrets masked. */
  static String shown(String key, String text) {
    String lower = key.toLowerCase(Locale.ROOT);
    boolean secret =
        Key.all().stream().anyMatch(known -> known.name().equals(key) && known.isSecret())
            || lower.contains("password")
            || lower.contains("secret")
            || lower.contains("token");
    return secret && !text.isEmpty() ? "***" : PASSWORD_IN_URL.matcher(text).replaceAll("$1$2***");
  }
}

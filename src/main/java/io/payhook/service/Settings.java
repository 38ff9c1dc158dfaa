package io.payhook.service;

import io.payhook.files.Trouble;
import io.payhook.files.Visible;
import io.payhook.kit.Nearest;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

  private static final Pattern ENVIRONMENT_PLACEHOLDER =
      Pattern.compile("\\{\\{env:([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?}}");

  /** Prefixes under which Camel's own keys are allowed beside Payhook's. */
  private static final Pattern OURS_OF_CAMEL = Pattern.compile("camel\\.(server|management)\\.");

  private static final Pattern PASSWORD_IN_URL =
      Pattern.compile("(?i)(password=)[^&]*|(//[^:/@]+:)[^@/]*(?=@)");

  private final Map<String, Value> values;
  private final Map<Key<?>, Object> typed;
  private final List<Path> files;
  private final Map<String, Path> inFiles;

  private Settings(
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
  private record Value(String text, String origin, Path folder) {}

  /**
   * Reads all sources.
   *
   * @param environment usually {@link System#getenv()}
   * @throws SettingsException with all problems
   */
  public static Settings load(Arguments arguments, Map<String, String> environment) {
    return new Loading(environment).load(arguments);
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
    Loading loading = new Loading(environment);
    loading.lenient = true;
    Settings settings = loading.load(arguments);
    return new Inspection(settings, loading.problems.stream().map(Visible::of).toList());
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
    Loading loading = new Loading(Map.of());
    return loading.finish(null, assignments, Path.of(""), List.of());
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
  String current(Key<String> key) {
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
    StringBuilder text = new StringBuilder("Settings[");
    String separator = "";
    for (Map.Entry<String, Value> entry : new TreeMap<>(values).entrySet()) {
      text.append(separator).append(entry.getKey()).append('=');
      text.append(shown(entry.getKey(), entry.getValue().text()));
      separator = ", ";
    }
    return text.append(']').toString();
  }

  private static String shown(String key, String text) {
    String lower = key.toLowerCase(Locale.ROOT);
    boolean secret =
        Key.all().stream().anyMatch(known -> known.name().equals(key) && known.isSecret())
            || lower.contains("password")
            || lower.contains("secret")
            || lower.contains("token");
    return secret && !text.isEmpty() ? "***" : PASSWORD_IN_URL.matcher(text).replaceAll("$1$2***");
  }

  /** One reading of all sources, collecting problems instead of stopping at the first. */
  private static final class Loading {
    private final Map<String, String> environment;
    private final Map<String, Value> values = new LinkedHashMap<>();
    private final Map<String, Key<?>> known = new LinkedHashMap<>();
    private final Set<String> problems = new LinkedHashSet<>();
    private final List<Path> files = new ArrayList<>();
    private final Map<String, Path> inFiles = new LinkedHashMap<>();
    private boolean lenient;

    Loading(Map<String, String> environment) {
      this.environment = environment;
      for (Key<?> key : Key.all()) {
        known.put(key.name(), key);
      }
    }

    Settings load(Arguments arguments) {
      Path config = config(arguments);
      Path folder = config == null ? Path.of("") : folderOf(config);
      List<SettingsFile.Entry> entries = config == null ? List.of() : read(config);
      if (config != null) {
        files.add(config.toAbsolutePath().normalize());
        take(config, entries);
      }
      String profile = profile(arguments);
      if (config != null) {
        overlay(config, profile);
      }
      return finish(
          arguments.profile(), arguments.assignments(), folder, List.copyOf(environment.keySet()));
    }

    Settings finish(
        @Nullable String profile,
        List<Assignment> assignments,
        Path folder,
        List<String> variables) {
      Path here = Path.of("");
      variables.stream().sorted().forEach(this::takeVariable);
      for (Assignment assignment : assignments) {
        put(assignment.key(), new Value(assignment.value(), assignment.origin(), here));
      }
      if (profile != null) {
        put(Key.PROFILE.name(), new Value(profile, "--profile", here));
      }
      Map<Key<?>, Object> typed = new LinkedHashMap<>();
      for (Key<?> key : Key.all()) {
        Object value = typed(key, folder);
        if (value != null) {
          typed.put(key, value);
        }
      }
      if (problems.isEmpty() || lenient) {
        Settings settings =
            new Settings(
                Map.copyOf(values), Map.copyOf(typed), List.copyOf(files), Map.copyOf(inFiles));
        together(settings);
        if (problems.isEmpty() || lenient) {
          return settings;
        }
      }
      throw new SettingsException(problems.stream().map(Visible::of).toList());
    }

    private @Nullable Path config(Arguments arguments) {
      if (arguments.config() != null) {
        return arguments.config();
      }
      Path here = Path.of(FILE);
      if (Files.exists(here) || arguments.home() == null) {
        return Files.exists(here) ? here : null;
      }
      Path installed = arguments.home().resolve(FILE);
      return Files.exists(installed) ? installed : null;
    }

    private List<SettingsFile.Entry> read(Path file) {
      try {
        return SettingsFile.read(file).entries();
      } catch (NoSuchFileException e) {
        problems.add(file + ": there is no such file; name the settings file with --config");
      } catch (IOException e) {
        Trouble trouble =
            e instanceof FileSystemException || e instanceof CharacterCodingException
                ? Trouble.of(file, e)
                : new Trouble(file, String.valueOf(e.getMessage()), "correct it");
        problems.add(trouble.toString());
      }
      return List.of();
    }

    private void take(Path file, List<SettingsFile.Entry> entries) {
      Map<String, Integer> lines = new LinkedHashMap<>();
      for (SettingsFile.Entry entry : entries) {
        String origin = file + ":" + entry.line();
        Integer earlier = lines.put(entry.key(), entry.line());
        if (earlier != null) {
          problems.add(
              origin
                  + ": "
                  + entry.key()
                  + " is already set in line "
                  + earlier
                  + "; keep one of the two");
        }
        put(entry.key(), new Value(entry.value(), origin, folderOf(file)));
        if (lenient && isClearSecret(entry.key(), entry.value())) {
          problems.add(
              origin
                  + ": "
                  + entry.key()
                  + ": a secret written in clear; remove it and set the environment variable "
                  + entry.key().toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_")
                  + ", or write {{env:NAME}}");
        }
      }
    }

    /** Warns of what is allowed, since the file may be private, but should be known. */
    private static boolean isClearSecret(String key, String text) {
      return !text.isEmpty() && !text.contains("{{") && !shown(key, text).equals(text);
    }

    /** The profile must be known before its file is read. */
    private String profile(Arguments arguments) {
      String profile = arguments.profile();
      for (Assignment assignment : arguments.assignments()) {
        if (profile == null && assignment.key().equals(Key.PROFILE.name())) {
          profile = assignment.value();
        }
      }
      if (profile == null) {
        profile = environment.get(Key.PROFILE.variable());
      }
      if (profile == null || profile.isEmpty()) {
        Value value = values.get(Key.PROFILE.name());
        profile =
            value == null || value.text().isEmpty() ? Key.PROFILE.defaultText() : value.text();
      }
      return profile;
    }

    private void overlay(Path config, String profile) {
      if (!profile.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
        problems.add("profile '" + profile + "' is not a name; letters, digits, - and _ make one");
        return;
      }
      Path file = folderOf(config).resolve("application-" + profile + ".properties");
      files.add(file);
      if (Files.exists(file)) {
        List<SettingsFile.Entry> entries = read(file);
        for (SettingsFile.Entry entry : entries) {
          if (entry.key().equals(Key.PROFILE.name())) {
            problems.add(
                file
                    + ":"
                    + entry.line()
                    + ": payhook.profile cannot be set in a profile's own file; remove it");
          }
        }
        take(file, entries);
      } else if (!profile.equals("dev") && !profile.startsWith("prod")) {
        problems.add(
            "profile '"
                + profile
                + "' is unknown: there is no "
                + file
                + "; dev and prod need no file");
      }
    }

    private void put(String key, Value value) {
      Optional<Integer> odd = key.codePoints().filter(c -> !isOfKeys(c)).boxed().findFirst();
      if (odd.isPresent()) {
        int character = odd.get();
        String written = Character.toString(character);
        problems.add(
            value.origin()
                + ": the key '"
                + key
                + "' has a character that no key has: "
                + (written.equals(Visible.of(written))
                    ? Visible.name(character) + " '" + written + "'"
                    : Visible.name(character))
                + "; remove it");
        return;
      }
      boolean nearly =
          (!key.startsWith("camel.") || OURS_OF_CAMEL.matcher(key).lookingAt())
              && Nearest.to(key, known.keySet())
                  .filter(near -> Nearest.distance(near, key) <= 2)
                  .isPresent();
      if ((key.startsWith("payhook.") || nearly) && !known.containsKey(key)) {
        problems.add(
            value.origin()
                + ": there is no setting '"
                + key
                + "'"
                + Nearest.didYouMean(key, known.keySet()));
        return;
      }
      values.put(key, value);
      if (!value.origin().endsWith("_FILE")) {
        inFiles.remove(key);
      }
    }

    /** As in {@code payhook.database.url} and {@code camel.beans.pool[0]}. */
    private static boolean isOfKeys(int c) {
      return Character.isLetterOrDigit(c) || "._-[]:/$#@".indexOf(c) >= 0;
    }

    /**
     * {@code PAYHOOK_…} sets the key that it spells. One that spells none is a mistake only if it
     * is similar to a key: container platforms add variables such as {@code PAYHOOK_SERVICE_HOST},
     * and route files may use any.
     */
    private void takeVariable(String variable) {
      Path here = Path.of("");
      String text = environment.getOrDefault(variable, "");
      for (Key<?> key : Key.all()) {
        if (key.variable().equals(variable)) {
          put(key.name(), new Value(text, "environment variable " + variable, here));
          return;
        }
        if (variable.equals(key.variable() + "_FILE")) {
          String value = lookup(key.variable());
          if (value != null) {
            remember(key.name(), key.variable());
            put(key.name(), new Value(value, "environment variable " + variable, here));
          }
          return;
        }
      }
      if (variable.startsWith("PAYHOOK_")) {
        List<String> variables =
            Key.all().stream()
                .map(Key::variable)
                .flatMap(known -> Stream.of(known, known + "_FILE"))
                .toList();
        Nearest.to(variable, variables)
            .filter(near -> Nearest.distance(near, variable) <= 2)
            .ifPresent(
                near ->
                    problems.add(
                        "environment variable "
                            + variable
                            + ": sets nothing; did you mean '"
                            + near
                            + "'?"));
      } else if (variable.startsWith("CAMEL_") && !invented(variable)) {
        String flat = flat(variable);
        String key =
            values.keySet().stream()
                .filter(one -> one.startsWith("camel.") && flat(one).equals(flat))
                .findFirst()
                .orElseGet(() -> camelKey(variable));
        put(key, new Value(text, "environment variable " + variable, here));
      }
    }

    private @Nullable String lookup(String variable) {
      try {
        return new Environment(environment::get).get(variable);
      } catch (IllegalArgumentException e) {
        problems.add(String.valueOf(e.getMessage()));
        return null;
      }
    }

    private void remember(String key, String variable) {
      Path file = new Environment(environment::get).file(variable);
      if (file != null) {
        inFiles.put(key, file);
      }
    }

    private static boolean invented(String variable) {
      return variable.endsWith("_SERVICE_HOST")
          || variable.endsWith("_SERVICE_PORT")
          || variable.contains("_PORT_");
    }

    private static String flat(String name) {
      return name.replaceAll("[._-]", "").toLowerCase(Locale.ROOT);
    }

    /**
     * {@code CAMEL_SERVER_MAX_BODY_SIZE} is {@code camel.server.max-body-size}, which Camel reads
     * as maxBodySize.
     */
    private static String camelKey(String variable) {
      String[] words = variable.toLowerCase(Locale.ROOT).split("_", 3);
      return words.length < 3
          ? String.join(".", words)
          : words[0] + "." + words[1] + "." + words[2].replace('_', '-');
    }

    private @Nullable Object typed(Key<?> key, Path folder) {
      Value value = values.get(key.name());
      if (value == null || (value.text().isEmpty() && !key.defaultText().isEmpty())) {
        // An empty value means the default, as with an empty environment variable.
        values.remove(key.name());
        return key.parse(key.defaultText(), folder);
      }
      String text = resolved(key.name(), value);
      values.put(key.name(), new Value(text, value.origin(), value.folder()));
      try {
        return key.parse(text, value.folder());
      } catch (IllegalArgumentException e) {
        String what = key.isSecret() ? "the value" : "'" + shown(key.name(), text) + "'";
        problems.add(value.origin() + ": " + key + ": " + what + " is " + e.getMessage());
        return lenient ? key.parse(key.defaultText(), folder) : null;
      }
    }

    /** {@code {{env:NAME}}} and {@code {{env:NAME:default}}} in a value. */
    private String resolved(String key, Value value) {
      Matcher matcher = ENVIRONMENT_PLACEHOLDER.matcher(value.text());
      StringBuilder text = new StringBuilder();
      while (matcher.find()) {
        String found = lookup(matcher.group(1));
        if (found != null && matcher.group().equals(value.text())) {
          remember(key, matcher.group(1));
        }
        if (found == null) {
          found = matcher.group(2);
        }
        if (found == null) {
          problems.add(
              value.origin()
                  + ": environment variable "
                  + matcher.group(1)
                  + " is not set; set it or give a default"
                  + " as in {{env:"
                  + matcher.group(1)
                  + ":default}}");
          found = "";
        }
        matcher.appendReplacement(text, Matcher.quoteReplacement(found));
      }
      return matcher.appendTail(text).toString();
    }

    /** Checks that involve several values. */
    private void together(Settings settings) {
      if (settings.get(Key.DELIVERY_BACKOFF).compareTo(settings.get(Key.DELIVERY_BACKOFF_MAX))
          > 0) {
        problems.add(
            settings.origin(Key.DELIVERY_BACKOFF_MAX)
                + ": payhook.delivery.backoff-max is shorter than payhook.delivery.backoff; make it longer");
      }
      List<String> empty = Production.emptySecrets(environment);
      problems.addAll(empty);
      if (settings.isProduction() && empty.isEmpty()) {
        problems.addAll(Production.problems(settings, environment));
      }
    }

    private static Path folderOf(Path file) {
      Path folder = file.toAbsolutePath().normalize().getParent();
      return folder == null ? Path.of("/") : folder;
    }
  }
}

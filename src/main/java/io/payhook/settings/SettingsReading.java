package io.payhook.settings;

import io.payhook.files.Trouble;
import io.payhook.files.Visible;
import io.payhook.kit.Nearest;
import io.payhook.settings.Settings.Arguments;
import io.payhook.settings.Settings.Assignment;
import io.payhook.settings.Settings.Value;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One reading of all sources, collecting problems instead of stopping at the first. */
final class SettingsReading {
  private static final Pattern ENVIRONMENT_PLACEHOLDER =
      Pattern.compile("\\{\\{env:([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?}}");

  /** Prefixes under which Camel's own keys are allowed beside Payhook's. */
  private static final Pattern OURS_OF_CAMEL = Pattern.compile("camel\\.(server|management)\\.");

  /** Of what comes from no file. */
  private static final Path HERE = Path.of("");

  private final Map<String, String> environment;
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final Map<String, Key<?>> known = new LinkedHashMap<>();
  private final Set<String> problems = new LinkedHashSet<>();
  private final List<Path> files = new ArrayList<>();
  private final Map<String, Path> inFiles = new LinkedHashMap<>();
  private final boolean lenient;

  /**
   * @param lenient whether to continue despite problems, and to report what is allowed but risky
   */
  SettingsReading(Map<String, String> environment, boolean lenient) {
    this.environment = environment;
    this.lenient = lenient;
    for (Key<?> key : Key.all()) {
      known.put(key.name(), key);
    }
  }

  /** One line each. */
  List<String> problems() {
    return problems.stream().map(Visible::of).toList();
  }

  Settings load(Arguments arguments) {
    Path config = config(arguments);
    if (config != null) {
      files.add(config.toAbsolutePath().normalize());
      take(config, read(config));
      overlay(config, profile(arguments));
    }
    return finish(
        arguments.profile(), arguments.assignments(), config == null ? HERE : folderOf(config));
  }

  Settings finish(@Nullable String profile, List<Assignment> assignments, Path folder) {
    environment.keySet().stream().sorted().forEach(this::takeVariable);
    for (Assignment assignment : assignments) {
      put(assignment.key(), new Value(assignment.value(), assignment.origin(), HERE));
    }
    if (profile != null) {
      put(Key.PROFILE.name(), new Value(profile, "--profile", HERE));
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
    throw new SettingsException(problems());
  }

  private @Nullable Path config(Arguments arguments) {
    if (arguments.config() != null) {
      return arguments.config();
    }
    Path here = Path.of(Settings.FILE);
    if (Files.exists(here) || arguments.home() == null) {
      return Files.exists(here) ? here : null;
    }
    Path installed = arguments.home().resolve(Settings.FILE);
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
            "%s: %s is already set in line %d; keep one of the two"
                .formatted(origin, entry.key(), earlier));
      }
      put(entry.key(), new Value(entry.value(), origin, folderOf(file)));
      if (lenient && isClearSecret(entry.key(), entry.value())) {
        problems.add(
            ("%s: %s: a secret written in clear; remove it and set the environment variable %s,"
                    + " or write {{env:NAME}}")
                .formatted(
                    origin,
                    entry.key(),
                    entry.key().toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_")));
      }
    }
  }

  /** Warns of what is allowed, since the file may be private, but should be known. */
  private static boolean isClearSecret(String key, String text) {
    return !text.isEmpty() && !text.contains("{{") && !Settings.shown(key, text).equals(text);
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
      profile = value == null || value.text().isEmpty() ? Key.PROFILE.defaultText() : value.text();
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
              "%s:%d: payhook.profile cannot be set in a profile's own file; remove it"
                  .formatted(file, entry.line()));
        }
      }
      take(file, entries);
    } else if (!profile.equals("dev") && !profile.startsWith("prod")) {
      problems.add(
          "profile '%s' is unknown: there is no %s; dev and prod need no file"
              .formatted(profile, file));
    }
  }

  private void put(String key, Value value) {
    Optional<Integer> odd = key.codePoints().filter(c -> !isOfKeys(c)).boxed().findFirst();
    if (odd.isPresent()) {
      int character = odd.get();
      String written = Character.toString(character);
      String shown = written.equals(Visible.of(written)) ? " '" + written + "'" : "";
      problems.add(
          "%s: the key '%s' has a character that no key has: %s%s; remove it"
              .formatted(value.origin(), key, Visible.name(character), shown));
      return;
    }
    boolean nearly =
        (!key.startsWith("camel.") || OURS_OF_CAMEL.matcher(key).lookingAt())
            && Nearest.to(key, known.keySet())
                .filter(near -> Nearest.distance(near, key) <= 2)
                .isPresent();
    if ((key.startsWith("payhook.") || nearly) && !known.containsKey(key)) {
      problems.add(
          "%s: there is no setting '%s'%s"
              .formatted(value.origin(), key, Nearest.didYouMean(key, known.keySet())));
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
   * {@code PAYHOOK_…} sets the key that it spells. One that spells none is a mistake only if it is
   * similar to a key: container platforms add variables such as {@code PAYHOOK_SERVICE_HOST}, and
   * route files may use any.
   */
  private void takeVariable(String variable) {
    String text = environment.getOrDefault(variable, "");
    String origin = "environment variable " + variable;
    for (Key<?> key : Key.all()) {
      if (key.variable().equals(variable)) {
        put(key.name(), new Value(text, origin, HERE));
        return;
      }
      if (variable.equals(key.variable() + "_FILE")) {
        String value = lookup(key.variable());
        if (value != null) {
          remember(key.name(), key.variable());
          put(key.name(), new Value(value, origin, HERE));
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
                      "environment variable %s: sets nothing; did you mean '%s'?"
                          .formatted(variable, near)));
    } else if (variable.startsWith("CAMEL_") && !invented(variable)) {
      String flat = flat(variable);
      String key =
          values.keySet().stream()
              .filter(one -> one.startsWith("camel.") && flat(one).equals(flat))
              .findFirst()
              .orElseGet(() -> camelKey(variable));
      put(key, new Value(text, origin, HERE));
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
   * {@code CAMEL_SERVER_MAX_BODY_SIZE} is {@code camel.server.max-body-size}, which Camel reads as
   * maxBodySize.
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
      String what = key.isSecret() ? "the value" : "'" + Settings.shown(key.name(), text) + "'";
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
            ("%1$s: environment variable %2$s is not set; set it or give a default as in"
                    + " {{env:%2$s:default}}")
                .formatted(value.origin(), matcher.group(1)));
        found = "";
      }
      matcher.appendReplacement(text, Matcher.quoteReplacement(found));
    }
    return matcher.appendTail(text).toString();
  }

  /** Checks that involve several values. */
  private void together(Settings settings) {
    if (settings.get(Key.DELIVERY_BACKOFF).compareTo(settings.get(Key.DELIVERY_BACKOFF_MAX)) > 0) {
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

package io.payhook.tools.check;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import io.payhook.kit.Lines;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Place;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Nearest;
import io.payhook.routes.Finding;
import io.payhook.routes.FolderCheck;
import io.payhook.routes.Integrations;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the mistakes in a routes folder, all at once and without starting anything: route files,
 * endpoints, presets, kamelets, samples, SQL and templates.
 *
 * <pre>{@code
 * List<Finding> findings = new Check(folder, placeholders, names, tables, clock).run();
 * }</pre>
 */
public final class Check implements FolderCheck {

  /** Gives a connection to an empty PostgreSQL database, in which nothing will be committed. */
  public interface Tables {
    /**
     * Connects.
     *
     * @throws SQLException when there is none
     * @throws RuntimeException when there is none; the message says why
     */
    Connection connect() throws SQLException;
  }

  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^{}]+)}}");

  private final Path root;
  private final UnaryOperator<String> placeholders;
  private final Collection<String> placeholderNames;
  private final @Nullable Tables tables;
  private final Clock clock;

  private static final Pattern TEXTS = Pattern.compile(".*\\.(ya?ml|sql|html|txt|json)");

  private final SortedSet<Finding> findings = new TreeSet<>();
  private boolean production;
  private @Nullable RouteCheck routeCheck;
  private final Path here = Path.of("").toAbsolutePath();

  /** A YAML file that could be read. */
  record Source(Path file, Located document) {}

  /**
   * Prepares a check; nothing is read yet.
   *
   * @param root the routes folder
   * @param placeholders resolves {@code {{…}}} in a text as the running service does; throws {@link
   *     IllegalArgumentException} for a name nobody set
   * @param placeholderNames the names it knows, for suggestions
   * @param tables where SQL is tried; null: SQL files are only read
   * @param clock dates what samples need dates for
   */
  public Check(
      Path root,
      UnaryOperator<String> placeholders,
      Collection<String> placeholderNames,
      @Nullable Tables tables,
      Clock clock) {
    this.root = root.toAbsolutePath().normalize();
    this.placeholders = placeholders;
    this.placeholderNames = placeholderNames;
    this.tables = tables;
    this.clock = clock;
  }

  /** The check that a service makes of its own folder: SQL is tried later, on its own database. */
  public static FolderCheck forService(
      Path root, UnaryOperator<String> placeholders, Collection<String> names, boolean production) {
    return new Check(root, placeholders, names, null, Clock.systemUTC()).forProduction(production);
  }

  /** For a service whose start has to be good for something. */
  public Check forProduction(boolean isProduction) {
    production = isProduction;
    return this;
  }

  @Override
  public List<Finding> run() {
    if (!Files.isDirectory(root)) {
      add(
          root,
          Place.START,
          "there is no such folder",
          "name the folder that holds the route files");
      return List.copyOf(findings);
    }
    Tree tree = Tree.of(root);
    unreadable(tree);
    List<Path> files = tree.files();
    boolean withSql = files.stream().anyMatch(file -> file.toString().endsWith(".sql"));
    CompletableFuture<@Nullable Connection> connecting =
        CompletableFuture.supplyAsync(() -> withSql ? connect() : null);
    try {
      check(tree, connecting);
    } finally {
      close(connecting);
    }
    return List.copyOf(findings);
  }

  private void check(Tree tree, CompletableFuture<@Nullable Connection> connecting) {
    List<Path> files = tree.files();
    Map<Path, Source> routes = new LinkedHashMap<>();
    Map<Path, Source> kamelets = new LinkedHashMap<>();
    Map<Path, Source> presets = new LinkedHashMap<>();
    boolean whole = true;
    for (Path file : files) {
      String name = file.getFileName().toString();
      boolean inPresets = root.resolve("providers").equals(file.getParent());
      Map<Path, Source> kind =
          name.endsWith(".camel.yaml")
              ? routes
              : name.endsWith(Integrations.KAMELET)
                  ? kamelets
                  : inPresets && name.endsWith(".yaml") ? presets : null;
      if (kind == null) {
        stranger(file, name);
        continue;
      }
      Optional<Source> source = read(file);
      source.ifPresent(each -> kind.put(file, each));
      whole &= source.isPresent();
    }
    Declarations declared = new Declarations(this, presets.values(), routes.values());
    Kamelets known = new Kamelets();
    kamelets.forEach(
        (file, source) -> {
          known.add(Integrations.kamelet(file), source.document(), false);
        });
    RouteCheck check = new RouteCheck(this, declared, known, whole);
    routes.values().forEach(check::routes);
    kamelets.values().forEach(check::kamelet);
    check.together();
    Integrations integrations = Integrations.of(root, tree);
    integrations
        .collisions()
        .forEach(each -> add(each.folder(), Place.START, each.what(), each.right()));
    check.effects(new Schema(this, integrations, connecting));
    routeCheck = check;
    files.forEach(file -> MoneyCheck.schema(this, file));
    if (declared.endpoints().isEmpty() && findings.stream().noneMatch(Finding::isFatal)) {
      noEndpoint();
    }
  }

  /** It takes no webhook, which is seldom what somebody starts a service for. */
  private void noEndpoint() {
    String what = "there is no endpoint, so every webhook is answered 404";
    String right = "'payhook new endpoint NAME --provider P' makes one; see payhook.routes";
    if (production) {
      add(root, Place.START, what, right);
    } else {
      note(root, what, right);
    }
  }

  /** A YAML file that nobody loads is a file somebody named wrongly. */
  private void stranger(Path file, String name) {
    boolean yaml = name.endsWith(".yaml") || name.endsWith(".yml");
    Path folder = file.getParent();
    boolean samples = folder != null && folder.endsWith("samples");
    if (yaml && !name.equals("tests.yaml") && !name.endsWith(".tests.yaml") && !samples) {
      String stem = name.replaceFirst("(\\.camel|\\.kamelet)?\\.ya?ml$", "");
      boolean kamelet = folder != null && folder.endsWith("kamelets");
      unsound(
          file,
          Place.START,
          "the file is not loaded because of its name",
          "name it " + stem + (kamelet ? Integrations.KAMELET : ".camel.yaml"));
    }
  }

  /** What can't be read is as good as gone, and nobody knows what stood in it. */
  private void unreadable(Tree tree) {
    tree.troubles().forEach(this::trouble);
    tree.leftOut()
        .forEach(
            each -> note(each.file(), each.what(), "it is left out; a team has no files there"));
    for (Path file : tree.files()) {
      if (TEXTS.matcher(file.toString()).matches() && !Files.isReadable(file)) {
        trouble(Trouble.of(file, new AccessDeniedException(file.toString())));
      }
    }
  }

  private Optional<Source> read(Path file) {
    try {
      String text = TextFile.read(file);
      Optional<Located> document = Located.parse(file.toString(), text);
      if (document.isEmpty()) {
        add(file, Place.START, "the file is empty", "write a route into it, or delete it");
      }
      return document.map(each -> new Source(file, each));
    } catch (Located.Broken e) {
      add(file, e.place(), String.valueOf(e.getMessage()), e.right());
    } catch (IOException e) {
      trouble(Trouble.of(file, e));
    }
    return Optional.empty();
  }

  private @Nullable Connection connect() {
    try {
      return tables == null ? null : tables.connect();
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  private static void close(CompletableFuture<@Nullable Connection> connecting) {
    try (Connection connection = connecting.join()) {
      if (connection != null && !connection.getAutoCommit()) {
        connection.rollback();
      }
    } catch (SQLException | RuntimeException e) {
      // Said where it was needed.
    }
  }

  @Override
  public List<Finding> describe(Connection connection) throws SQLException {
    SortedSet<Finding> before = new TreeSet<>(findings);
    if (routeCheck != null) {
      routeCheck.describe(connection);
    }
    return findings.stream().filter(finding -> !before.contains(finding)).toList();
  }

  // What its parts share.

  Clock clock() {
    return clock;
  }

  Path root() {
    return root;
  }

  void add(Path file, Place place, String what, String right) {
    add(file, place, Finding.Severity.PROBLEM, what, right);
  }

  void trouble(Trouble trouble) {
    add(trouble.file(), Place.START, trouble.what(), trouble.right());
  }

  /** Of what works, and must not stay so. */
  void unsound(Path file, Place place, String what, String right) {
    add(file, place, Finding.Severity.UNSOUND, what, right);
  }

  /** Of what works, and does what hardly anybody means. */
  void warn(Path file, Place place, String what, String right) {
    add(file, place, Finding.Severity.WARNING, what, right);
  }

  private void note(Path file, String what, String right) {
    add(file, Place.START, Finding.Severity.NOTE, what, right);
  }

  private void add(Path file, Place place, Finding.Severity severity, String what, String right) {
    Path whole = file.toAbsolutePath().normalize();
    Path shown = whole.startsWith(here) ? here.relativize(whole) : whole;
    findings.add(
        new Finding(shown.toString(), place.line(), place.column(), severity, what, right));
  }

  /** As {@link #add}, of a message that may hold what would be right behind its last semicolon. */
  void add(Path file, Place place, String message, String prefix, String right) {
    String line = Lines.one(message);
    int semicolon = line.lastIndexOf("; ");
    add(
        file,
        place,
        prefix + (semicolon < 0 ? line : line.substring(0, semicolon)),
        semicolon < 0 ? right : line.substring(semicolon + 2));
  }

  /**
   * A text with its placeholders resolved.
   *
   * @return empty where one of them can't be; {@link #placeholders} says that
   */
  Optional<String> resolved(String text) {
    if (!text.contains("{{")) {
      return Optional.of(text);
    }
    try {
      return Optional.of(placeholders.apply(text));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Finds what no one set, in all of a file. */
  void placeholders(Path file, Located node, Collection<String> local) {
    if (node instanceof Located.Map map) {
      for (Entry entry : map.entries()) {
        placeholders(file, entry.value(), local);
      }
    } else if (node instanceof Located.Items items) {
      items.items().forEach(item -> placeholders(file, item, local));
    } else if (node instanceof Text text && text.value().contains("{{")) {
      Matcher each = PLACEHOLDER.matcher(text.value());
      while (each.find()) {
        String inside = each.group(1).strip();
        String name = inside.replaceFirst("^[?!]", "").replaceFirst(":.*$", "");
        if (!local.contains(name) && !inside.startsWith("?")) {
          placeholder(file, text.at(each.start()), each.group(), name);
        }
      }
    }
  }

  private void placeholder(Path file, Place place, String written, String name) {
    try {
      String unused = placeholders.apply(written);
    } catch (RuntimeException e) {
      String message = String.valueOf(Lines.root(e).getMessage());
      if (message.startsWith("environment variable ") || message.contains("secrets.properties")) {
        add(file, place, message, written + ": ", "set it");
      } else if (name.equals("env") || written.startsWith("{{env:")) {
        String variable = written.substring(2, written.length() - 2).replaceFirst("^env:", "");
        add(
            file,
            place,
            written + ": environment variable " + variable + " is not set",
            "set it, or give a default as in {{env:" + variable + ":default}}");
      } else {
        add(
            file,
            place,
            written + ": nobody sets '" + name + "'",
            Nearest.meant(
                name,
                placeholderNames,
                "set it in application.properties, or give a default as in {{"
                    + name
                    + ":default}}"));
      }
    }
  }
}

package io.payhook.tools.check;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import io.payhook.kit.Located;
import io.payhook.kit.Location;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.UnaryOperator;
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
  private static final Pattern TEXTS = Pattern.compile(".*\\.(ya?ml|sql|html|txt|json)");

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

  private final Path root;
  private final @Nullable Tables tables;
  private final Clock clock;
  private final Findings findings;
  private boolean production;
  private @Nullable RouteCheck routeCheck;

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
    this.tables = tables;
    this.clock = clock;
    this.findings = new Findings(placeholders, placeholderNames);
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
      findings.problem(
          Location.start(root),
          "there is no such folder",
          "name the folder that holds the route files");
      return findings.all();
    }
    Tree tree = Tree.of(root);
    unreadable(tree);
    boolean withSql = tree.files().stream().anyMatch(file -> file.toString().endsWith(".sql"));
    CompletableFuture<@Nullable Connection> connecting =
        CompletableFuture.supplyAsync(() -> withSql ? connect() : null);
    try {
      check(tree, connecting);
    } finally {
      close(connecting);
    }
    return findings.all();
  }

  private void check(Tree tree, CompletableFuture<@Nullable Connection> connecting) {
    List<Located> routes = new ArrayList<>();
    List<Located> kamelets = new ArrayList<>();
    List<Located> presets = new ArrayList<>();
    boolean whole = true;
    for (Path file : tree.files()) {
      String name = file.getFileName().toString();
      boolean preset = name.endsWith(".yaml") && root.resolve("providers").equals(file.getParent());
      List<Located> kind =
          name.endsWith(Integrations.ROUTES)
              ? routes
              : name.endsWith(Integrations.KAMELET) ? kamelets : preset ? presets : null;
      if (kind == null) {
        stranger(file, name);
        continue;
      }
      Optional<Located> document = read(file);
      document.ifPresent(kind::add);
      whole &= document.isPresent();
    }
    Declarations declared = new Declarations(findings, clock, presets, routes);
    Kamelets known = new Kamelets();
    kamelets.forEach(each -> known.add(Integrations.kamelet(each.location().file()), each, false));
    RouteCheck check = new RouteCheck(findings, root, declared, known, whole);
    routes.forEach(check::routes);
    kamelets.forEach(check::kamelet);
    check.together();
    Integrations integrations = Integrations.of(root, tree);
    integrations
        .collisions()
        .forEach(
            each -> findings.problem(Location.start(each.folder()), each.what(), each.right()));
    check.effects(new Schema(findings, root, integrations, connecting));
    routeCheck = check;
    tree.files().forEach(file -> MoneyUse.schema(findings, file));
    if (declared.endpoints().isEmpty() && !findings.hasFatal()) {
      noEndpoint();
    }
  }

  /** It takes no webhook, which is seldom what somebody starts a service for. */
  private void noEndpoint() {
    String what = "there is no endpoint, so every webhook is answered 404";
    String right = "'payhook new endpoint NAME --provider P' makes one; see payhook.routes";
    if (production) {
      findings.problem(Location.start(root), what, right);
    } else {
      findings.note(root, what, right);
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
      findings.unsound(
          Location.start(file),
          "the file is not loaded because of its name",
          "name it " + stem + (kamelet ? Integrations.KAMELET : Integrations.ROUTES));
    }
  }

  /** What can't be read is as good as gone, and nobody knows what stood in it. */
  private void unreadable(Tree tree) {
    tree.troubles().forEach(findings::trouble);
    tree.leftOut()
        .forEach(
            each ->
                findings.note(
                    each.file(), each.what(), "it is left out; a team has no files there"));
    for (Path file : tree.files()) {
      if (TEXTS.matcher(file.toString()).matches() && !Files.isReadable(file)) {
        findings.trouble(Trouble.of(file, new AccessDeniedException(file.toString())));
      }
    }
  }

  private Optional<Located> read(Path file) {
    try {
      Optional<Located> document = Located.parse(file, TextFile.read(file));
      if (document.isEmpty()) {
        findings.problem(
            Location.start(file), "the file is empty", "write a route into it, or delete it");
      }
      return document;
    } catch (Located.Broken e) {
      findings.problem(e.location(), String.valueOf(e.getMessage()), e.right());
    } catch (IOException e) {
      findings.trouble(Trouble.of(file, e));
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
    TreeSet<Finding> added = new TreeSet<>();
    if (routeCheck != null) {
      List<Finding> before = findings.all();
      routeCheck.describe(connection);
      added.addAll(findings.all());
      before.forEach(added::remove);
    }
    return List.copyOf(added);
  }
}

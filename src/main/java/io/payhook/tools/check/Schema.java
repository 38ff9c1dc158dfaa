package io.payhook.tools.check;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.kit.Location;
import io.payhook.routes.Integrations;
import io.payhook.routes.Shipped;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tables that SQL is tried against: made by the scripts of all integrations in one transaction
 * that is never committed.
 */
public final class Schema {
  private static final Pattern SCRIPT = Pattern.compile("([VR])([0-9_.]*)__(.+)\\.sql");

  private final Findings findings;
  private final Path root;
  private final Integrations integrations;
  private final CompletableFuture<@Nullable Connection> connecting;
  private final Set<Path> broken = new LinkedHashSet<>();
  private @Nullable Connection connection;

  Schema(
      Findings findings,
      Path root,
      Integrations integrations,
      CompletableFuture<@Nullable Connection> connecting) {
    this.findings = findings;
    this.root = root;
    this.integrations = integrations;
    this.connecting = connecting;
  }

  /** The connection to try a folder's SQL with, or null where it can't be tried. */
  @Nullable Connection forFolder(Path folder) {
    return broken.contains(folder) ? null : connection;
  }

  /** Makes the tables, where there are scripts that do. */
  void make() {
    try {
      connection = connecting.join();
      if (connection != null) {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.execute("set local statement_timeout = '5s'");
          statement.execute("create schema payhook");
          // As in the service: the schema of a user 'payhook' would come first, with the journal's.
          statement.execute("set local search_path to public");
        }
      }
    } catch (CompletionException | SQLException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      connection = null;
      findings.message(
          Location.start(root),
          "the SQL files can't be tried: ",
          String.valueOf(cause.getMessage()),
          "repair that and check again");
    }
    for (String script :
        connection == null ? List.<String>of() : Shipped.names("db/migration", ".sql")) {
      run(() -> script(Path.of(script), Shipped.text("db/migration/" + script)));
    }
    for (Path folder : folders()) {
      for (Path script : scripts(folder)) {
        boolean well = run(() -> script(script, TextFile.read(script)));
        if (!well) {
          // Those behind it stand on it.
          broken.add(folder);
          break;
        }
      }
    }
  }

  private interface Trial {
    boolean run() throws SQLException, IOException;
  }

  private boolean run(Trial trial) {
    try {
      return trial.run();
    } catch (IOException e) {
      // Said of the file itself.
      return false;
    } catch (SQLException e) {
      findings.problem(
          Location.start(root), "the tables can't be made: " + e.getMessage(), "check again");
      connection = null;
      return false;
    }
  }

  private boolean script(Path file, String text) throws SQLException {
    return SqlRehearsal.script(findings, file, text, connection);
  }

  private List<Path> folders() {
    List<Path> folders = integrations.tree().folders();
    return folders.stream().filter(each -> folders.contains(each.resolve("sql/schema"))).toList();
  }

  /** In the order that migrations run: by version, then the repeatable ones. */
  private List<Path> scripts(Path folder) {
    List<Path> scripts = new ArrayList<>(Tree.files(folder.resolve("sql/schema"), ".sql"));
    scripts.removeIf(
        script -> {
          boolean odd = !SCRIPT.matcher(script.getFileName().toString()).matches();
          if (odd) {
            findings.unsound(
                Location.start(script),
                "the script does not run because of its name",
                "name it V002__what_it_does.sql, with the next number");
          }
          return odd;
        });
    scripts.sort(Comparator.comparing(Schema::order));
    return scripts;
  }

  private static String order(Path script) {
    Matcher name = SCRIPT.matcher(script.getFileName().toString());
    if (!name.matches() || name.group(1).equals("R")) {
      return "z" + script.getFileName();
    }
    StringBuilder order = new StringBuilder("a");
    for (String number : name.group(2).split("[._]", -1)) {
      order.append("0".repeat(Math.max(0, 20 - number.length()))).append(number).append('.');
    }
    return order.toString();
  }
}

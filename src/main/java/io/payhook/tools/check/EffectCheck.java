package io.payhook.tools.check;

import io.payhook.files.Tree;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Place;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Kamelets.Kamelet;
import io.payhook.tools.check.RouteCheck.Route;
import io.payhook.tools.check.RouteCheck.Use;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import org.apache.camel.util.StringHelper;
import org.jspecify.annotations.Nullable;

/** Tries what the kamelets that ship are told to do: statements, templates and texts. */
final class EffectCheck {
  private final Check check;
  private final Kamelets kamelets;
  private final Function<@Nullable Route, Rehearsal> rehearsals;
  private final MoneyCheck money;
  private final Supplier<CamelContext> camel;

  /**
   * @param rehearsals tries what a route does with an event
   */
  EffectCheck(
      Check check,
      Kamelets kamelets,
      Function<@Nullable Route, Rehearsal> rehearsals,
      MoneyCheck money,
      Supplier<CamelContext> camel) {
    this.check = check;
    this.money = money;
    this.kamelets = kamelets;
    this.rehearsals = rehearsals;
    this.camel = camel;
  }

  /** Tries what the kamelets that ship are told to do. */
  void check(List<Use> uses, Schema tables) {
    for (Use use : uses) {
      String uri = check.resolved(use.uri().value()).orElse("");
      String name = uri.startsWith("kamelet:") ? uri.substring(8).replaceFirst("[/?].*$", "") : "";
      Kamelet kamelet = kamelets.get(name);
      boolean own = use.route() != null && use.route().kamelet;
      if (kamelet == null || !kamelet.shipped() || own || use.parameters() == null) {
        continue;
      }
      Rehearsal rehearsal = rehearsals.apply(use.route());
      for (Entry entry : use.parameters().entries()) {
        String parameter = StringHelper.camelCaseToDash(entry.key().value());
        if (!(entry.value() instanceof Text text) || !kamelet.parameters().containsKey(parameter)) {
          continue;
        }
        Optional<String> value =
            check.resolved(text.value()).map(raw -> raw.replaceFirst("^RAW\\((.*)\\)$", "$1"));
        if (value.isEmpty() || value.get().isBlank()) {
          if (text.value().isBlank() && kamelet.required().contains(parameter)) {
            check.add(
                use.source().file(),
                text.place(),
                "'" + parameter + "' is empty",
                "kamelet '" + name + "' needs it");
          }
          continue;
        }
        switch (name + "/" + parameter) {
          case "database-sink/statement" -> sql(use, text, value.get(), rehearsal, tables);
          case "email-sink/template" -> email(use, text, value.get(), rehearsal);
          case "crm-sink/body" -> template(use, text, value.get(), rehearsal);
          case "crm-sink/method" -> {}
          case "email-sink/to", "email-sink/cc", "email-sink/reply-to", "email-sink/from" -> {
            address(use, text, parameter);
            text(use, text, value.get(), rehearsal);
          }
          default -> text(use, text, value.get(), rehearsal);
        }
      }
    }
  }

  /** Looks whether the database has what statements name; nothing is run. */
  void describe(List<Use> uses, Connection connection) throws SQLException {
    for (Use use : uses) {
      Text statement = use.parameters() == null ? null : use.parameters().text("statement");
      boolean own = use.route() != null && use.route().kamelet;
      boolean elsewhere = use.parameters() != null && use.parameters().entries().size() > 1;
      if (statement == null
          || own
          || elsewhere
          || !use.uri().value().equals("kamelet:database-sink")) {
        continue;
      }
      Path file =
          check
              .resolved(statement.value())
              .map(value -> use.source().file().resolveSibling(value).normalize())
              .filter(Files::isRegularFile)
              .orElse(null);
      if (file != null) {
        report(rehearsals.apply(use.route()).described(file, connection));
      }
    }
  }

  private @Nullable Path file(Use use, Text text, String value) {
    Path file = use.source().file().resolveSibling(value).normalize();
    if (Files.isRegularFile(file)) {
      return file;
    }
    Path folder = use.source().file().resolveSibling("");
    Set<String> there = new TreeSet<>();
    String ending = value.substring(Math.max(0, value.lastIndexOf('.')));
    for (Path each : Tree.of(folder).files()) {
      if (each.toString().endsWith(ending)) {
        there.add(folder.relativize(each).toString().replace('\\', '/'));
      }
    }
    check.add(
        use.source().file(),
        text.place(),
        "there is no file " + value + " beside this route file",
        Nearest.meant(value, there, "make it, or name one that is there"));
    return null;
  }

  private void sql(Use use, Text text, String value, Rehearsal rehearsal, Schema tables) {
    Path file = file(use, text, value);
    if (file == null) {
      return;
    }
    try {
      Connection connection = tables.forFolder(use.source().file().resolveSibling("").normalize());
      report(rehearsal.sql(file, connection));
      money.sql(use.route(), file, connection);
    } catch (SQLException e) {
      check.add(
          file, Place.START, String.valueOf(e.getMessage()), "can't be tried: ", "check again");
    }
  }

  private void email(Use use, Text text, String value, Rehearsal rehearsal) {
    if (!value.endsWith(".html")) {
      check.add(
          use.source().file(),
          text.place(),
          "an e-mail's template is a .html file, with a .txt beside it",
          "name the .html file");
      return;
    }
    Path file = template(use, text, value, rehearsal);
    Path plain = file == null ? null : Path.of(file.toString().replaceFirst("\\.html$", ".txt"));
    if (plain != null && Files.isRegularFile(plain)) {
      report(rehearsal.template(plain));
      money.template(use.route(), plain);
    }
  }

  private @Nullable Path template(Use use, Text text, String value, Rehearsal rehearsal) {
    Path file = file(use, text, value);
    if (file != null) {
      report(rehearsal.template(file));
      money.template(use.route(), file);
    }
    return file;
  }

  private void report(List<Rehearsal.Problem> problems) {
    for (Rehearsal.Problem problem : problems) {
      check.add(
          problem.file(),
          new Place(Math.max(1, problem.line()), Math.max(1, problem.column())),
          problem.what(),
          problem.right());
    }
  }

  /** What neither is an address nor reads one. */
  private void address(Use use, Text text, String parameter) {
    String value = text.value();
    if (value.contains("@") || value.contains("${") || value.contains("{{")) {
      return;
    }
    boolean path = value.strip().matches("event(?:\\.\\w+)+");
    check.add(
        use.source().file(),
        text.place(),
        "'" + parameter + "' is no e-mail address: " + value,
        path
            ? "write ${variable.event["
                + value.strip().substring("event.".length()).replace(".", "][")
                + "]}"
            : "name@example.com is one, and ${variable.event[…]} reads one of the event");
  }

  private void text(Use use, Text text, String value, Rehearsal rehearsal) {
    boolean same = value.equals(text.value());
    money.text(use.source().file(), use.route(), text, value, false);
    for (Rehearsal.TextProblem problem : rehearsal.text(camel.get(), value)) {
      check.add(
          use.source().file(),
          text.at(same ? problem.offset() : 0),
          problem.what(),
          problem.right());
    }
  }
}

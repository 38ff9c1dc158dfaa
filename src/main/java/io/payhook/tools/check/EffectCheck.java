package io.payhook.tools.check;

import io.payhook.files.Tree;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Findings.Written;
import io.payhook.tools.check.Kamelets.Kamelet;
import io.payhook.tools.check.Routes.Use;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.TreeSet;
import org.apache.camel.util.StringHelper;
import org.jspecify.annotations.Nullable;

/** Tries what the kamelets that ship are told to do: statements, templates and texts. */
final class EffectCheck {
  private final Findings findings;
  private final Routes routes;
  private final Kamelets kamelets;
  private final MoneyCheck money;

  EffectCheck(Findings findings, Routes routes, Kamelets kamelets, MoneyCheck money) {
    this.findings = findings;
    this.routes = routes;
    this.kamelets = kamelets;
    this.money = money;
  }

  /** Tries what the kamelets that ship are told to do. */
  void check(Schema tables) {
    for (Use use : routes.uses) {
      Kamelet kamelet = kamelets.get(use.kamelet());
      if (kamelet != null && kamelet.shipped() && !use.inKamelet()) {
        Rehearsal rehearsal = routes.rehearsal(use.route());
        use.entries().forEach(entry -> parameter(use, kamelet, entry, rehearsal, tables));
      }
    }
  }

  private void parameter(
      Use use, Kamelet kamelet, Entry entry, Rehearsal rehearsal, Schema tables) {
    String parameter = StringHelper.camelCaseToDash(entry.key().value());
    Option option = kamelet.options().get(parameter);
    if (option == null || !(entry.value() instanceof Text text)) {
      return;
    }
    String value =
        findings
            .resolved(text.value())
            .map(raw -> raw.replaceFirst("^RAW\\((.*)\\)$", "$1"))
            .orElse("");
    if (value.isBlank()) {
      if (text.value().isBlank() && option.required()) {
        findings.problem(
            text.location(),
            "'%s' is empty".formatted(parameter),
            "kamelet '%s' needs it".formatted(kamelet.name()));
      }
      return;
    }
    Written written = new Written(text, value);
    switch (kamelet.name() + "/" + parameter) {
      case "database-sink/statement" -> sql(use, written, rehearsal, tables);
      case "email-sink/template" -> email(use, written, rehearsal);
      case "crm-sink/body" -> template(use, written, rehearsal);
      case "crm-sink/method" -> {}
      case "email-sink/to", "email-sink/cc", "email-sink/reply-to", "email-sink/from" -> {
        address(text, parameter);
        text(use, written, rehearsal);
      }
      default -> text(use, written, rehearsal);
    }
  }

  /** Looks whether the database has what statements name; nothing is run. */
  void describe(Connection connection) throws SQLException {
    for (Use use : routes.uses) {
      Text statement = use.parameter("statement");
      boolean elsewhere = use.entries().size() > 1;
      if (statement == null
          || use.inKamelet()
          || elsewhere
          || !use.uri().value().equals("kamelet:database-sink")) {
        continue;
      }
      Path file = findings.written(statement).map(EffectCheck::beside).orElse(null);
      if (file != null && Files.isRegularFile(file)) {
        routes.rehearsal(use.route()).described(file, connection);
      }
    }
  }

  /** The file that a text names, beside the one it stands in. */
  private static Path beside(Written written) {
    return written.text().location().file().resolveSibling(written.value()).normalize();
  }

  private @Nullable Path file(Written written) {
    Path file = beside(written);
    if (Files.isRegularFile(file)) {
      return file;
    }
    String value = written.value();
    Path folder = written.text().location().file().resolveSibling("");
    Set<String> there = new TreeSet<>();
    String ending = value.substring(Math.max(0, value.lastIndexOf('.')));
    for (Path each : Tree.of(folder).files()) {
      if (each.toString().endsWith(ending)) {
        there.add(folder.relativize(each).toString().replace('\\', '/'));
      }
    }
    findings.problem(
        written.text().location(),
        "there is no file %s beside this route file".formatted(value),
        Nearest.meant(value, there, "make it, or name one that is there"));
    return null;
  }

  private void sql(Use use, Written written, Rehearsal rehearsal, Schema tables) {
    Path file = file(written);
    if (file == null) {
      return;
    }
    try {
      Path folder = written.text().location().file().resolveSibling("").normalize();
      Connection connection = tables.forFolder(folder);
      rehearsal.sql(file, connection);
      money.in(use.route()).sql(file, connection);
    } catch (SQLException e) {
      findings.message(
          Location.start(file), "can't be tried: ", String.valueOf(e.getMessage()), "check again");
    }
  }

  private void email(Use use, Written written, Rehearsal rehearsal) {
    if (!written.value().endsWith(".html")) {
      findings.problem(
          written.text().location(),
          "an e-mail's template is a .html file, with a .txt beside it",
          "name the .html file");
      return;
    }
    Path file = template(use, written, rehearsal);
    Path plain = file == null ? null : Path.of(file.toString().replaceFirst("\\.html$", ".txt"));
    if (plain != null && Files.isRegularFile(plain)) {
      template(use, plain, rehearsal);
    }
  }

  private @Nullable Path template(Use use, Written written, Rehearsal rehearsal) {
    Path file = file(written);
    if (file != null) {
      template(use, file, rehearsal);
    }
    return file;
  }

  private void template(Use use, Path file, Rehearsal rehearsal) {
    rehearsal.template(file);
    money.in(use.route()).template(file);
  }

  /** What neither is an address nor reads one. */
  private void address(Text text, String parameter) {
    String value = text.value().strip();
    if (value.contains("@") || value.contains("${") || value.contains("{{")) {
      return;
    }
    findings.problem(
        text.location(),
        "'%s' is no e-mail address: %s".formatted(parameter, text),
        value.matches("event(?:\\.\\w+)+")
            ? "write ${variable.event[%s]}"
                .formatted(value.substring("event.".length()).replace(".", "]["))
            : "name@example.com is one, and ${variable.event[…]} reads one of the event");
  }

  private void text(Use use, Written written, Rehearsal rehearsal) {
    money.in(use.route()).text(written, false);
    rehearsal.text(routes.camel(), written);
  }
}

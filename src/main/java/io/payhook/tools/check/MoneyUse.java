package io.payhook.tools.check;

import io.payhook.effects.EffectException;
import io.payhook.effects.VariablePath;
import io.payhook.effects.sql.SqlStatement;
import io.payhook.files.TextFile;
import io.payhook.kit.Location;
import io.payhook.tools.check.Findings.Written;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds where an integration takes for money what is none: a count of kobo or cents as the platform
 * wrote it, what a division of integers leaves, and floating point.
 */
final class MoneyUse {
  private static final Pattern COMPARED =
      Pattern.compile("^\\s*\\)*\\s*(?:[<>]=?|==|!=)\\s*['\"]?\\d*[1-9]");
  private static final Pattern MEMBER_BEFORE = Pattern.compile("\"([^\"]*)\"\\s*:\\s*\"?\\s*$");
  private static final Pattern WORD_BEHIND = Pattern.compile("^[^\\w]{0,2}(\\w+)");

  /**
   * A place of a platform's events that holds an amount.
   *
   * @param members the way to it from the event on
   * @param endpoint the endpoint whose events have it
   * @param fact whether it is what the variable {@code amount} is made of
   * @param minor whether it counts the currency's minor unit
   */
  record Amount(List<String> members, String endpoint, boolean fact, boolean minor) {
    Amount {
      members = List.copyOf(members);
    }
  }

  private final Findings findings;
  private final List<Amount> amounts;

  /**
   * @param amounts those of the events that the route subscribes to
   */
  MoneyUse(Findings findings, List<Amount> amounts) {
    this.findings = findings;
    this.amounts = List.copyOf(amounts);
  }

  /** Warns at an offset of a text. */
  void warn(Path file, String text, int offset, String what, String right) {
    findings.warn(Location.in(file, text, offset), what, right);
  }

  /** Looks through a template and those it stands on. */
  void template(Path file) {
    new TemplateMoney(this).check(file);
  }

  /**
   * Looks through a file of statements.
   *
   * @param connection within a transaction that will be rolled back, or null: columns are told by
   *     their names alone
   */
  void sql(Path file, @Nullable Connection connection) throws SQLException {
    String text = read(file).orElse(null);
    if (text != null) {
      new SqlMoney(this, file, text).check(connection);
    }
  }

  /** Looks through a migration's script; any other file is left out. */
  static void schema(Findings findings, Path file) {
    Path folder = file.getParent();
    if (folder != null && folder.endsWith("sql/schema") && file.toString().endsWith(".sql")) {
      read(file).ifPresent(text -> SqlMoney.columns(findings, file, text));
    }
  }

  /**
   * Looks through a text of a route.
   *
   * @param condition whether it is one: there an amount counts where it is compared with a number
   */
  void text(Written written, boolean condition) {
    String text = written.value();
    Matcher value = Rehearsal.VALUE.matcher(text);
    while (value.find()) {
      Amount amount = raw(Rehearsal.path(value)).orElse(null);
      String before = text.substring(0, value.start());
      String behind = text.substring(value.end());
      boolean money = condition ? isCompared(behind) : !namesMinorUnit(before, behind);
      if (amount != null && amount.minor && money) {
        findings.warn(
            written.at(value.start()),
            inMinorUnit(value.group(), amount),
            amount.fact
                ? "write ${variable.amount}"
                : "write it in a template, with money(…, unit=\"minor\")");
      }
    }
  }

  /** The amount that a path leads to: of several events' the one that is taken wrongly. */
  Optional<Amount> raw(VariablePath path) {
    return path.variable().equals("event")
        ? amounts.stream()
            .filter(each -> each.members.equals(path.members()))
            .max(Comparator.comparing(Amount::minor).thenComparing(Amount::fact))
        : Optional.empty();
  }

  /** Whether a path leads to money: by its place, or by its name. */
  boolean isMoney(VariablePath path) {
    List<String> members = path.members();
    return isFact(path)
        || raw(path).isPresent()
        || (path.variable().equals("event")
            && !members.isEmpty()
            && MoneyWords.isMoney(members.get(members.size() - 1)));
  }

  /** Whether it is the variable that holds the amount in the major unit. */
  static boolean isFact(VariablePath path) {
    return path.variable().equals("amount") && path.members().isEmpty();
  }

  static boolean isCompared(String behind) {
    return COMPARED.matcher(behind).find();
  }

  /** Whether the text around a value says that a minor unit is meant. */
  static boolean namesMinorUnit(String before, String behind) {
    Matcher member = MEMBER_BEFORE.matcher(before);
    Matcher word = WORD_BEHIND.matcher(behind);
    return (member.find() && MoneyWords.saysMinor(member.group(1)))
        || (word.find() && MoneyWords.saysMinor(word.group(1)));
  }

  // What is said

  static String inMinorUnit(String written, Amount amount) {
    return ("%s: endpoint '%s' gets it in the minor unit (kobo, cents), and here it is taken for"
            + " money")
        .formatted(written, amount.endpoint);
  }

  static String integerDivision(String written) {
    return written + ": integers are divided, which cuts the decimals off (199 / 100 is 1)";
  }

  static String alreadyMajor(String written) {
    return written + ": amount is in the major unit already (naira, dollars)";
  }

  static String floating(String written) {
    return written + ": floating point is not exact, and money in it gets wrong by a cent";
  }

  static Optional<String> read(Path file) {
    try {
      return Optional.of(TextFile.read(file));
    } catch (IOException e) {
      // Said where the file is tried.
      return Optional.empty();
    }
  }

  /** The statements of a file's text. */
  static Optional<SqlStatement> statement(Path file, String text) {
    try {
      return Optional.of(SqlStatement.parse(file.toString(), text));
    } catch (EffectException e) {
      // Said where the file is tried.
      return Optional.empty();
    }
  }
}

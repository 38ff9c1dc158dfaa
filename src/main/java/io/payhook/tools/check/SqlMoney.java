package io.payhook.tools.check;

import io.payhook.effects.VariablePath;
import io.payhook.effects.sql.SqlStatement;
import io.payhook.kit.Location;
import io.payhook.tools.check.MoneyUse.Amount;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What statements and the tables they write to take for money. */
final class SqlMoney {
  private static final String TYPE =
      "double\\s+precision|[A-Za-z_]\\w*(?:\\s*\\(\\s*\\d+\\s*(?:,\\s*\\d+\\s*)?\\))?";
  private static final String FLOAT =
      "float(?:[48]|\\s*\\(\\s*\\d+\\s*\\))?|real|double\\s+precision";

  /** What stands behind a parameter: closing brackets and casts, then perhaps arithmetic. */
  private static final Pattern BEHIND =
      Pattern.compile(
          "(?i)^((?:\\s+|\\)|::\\s*(?:"
              + TYPE
              + "))*)(?:/\\s*(\\d+)(\\.\\d+|::\\s*numeric)?|\\*\\s*(0?\\.\\d+))?");

  private static final Pattern CAST = Pattern.compile("(?i)::\\s*(" + TYPE + ")");
  private static final Pattern CAST_AS = Pattern.compile("(?i)^\\s+as\\s+(" + TYPE + ")\\s*\\)");
  private static final Pattern FLOATED =
      Pattern.compile(
          "(?i)(?<![:\\w.\"])([A-Za-z_][\\w.]*)\\s*\\)*\\s*(?:::\\s*|\\bas\\s+)(" + FLOAT + ")\\b");
  private static final Pattern FLOAT_TYPE = Pattern.compile("(?i)" + FLOAT);
  private static final Pattern COLUMN =
      Pattern.compile(
          "(?i)(?:[(,]|\\badd(?:\\s+column)?(?:\\s+if\\s+not\\s+exists)?|\\balter(?:\\s+column)?)"
              + "\\s*\"?([A-Za-z_]\\w*)\"?\\s+(?:(?:set\\s+data\\s+)?type\\s+)?("
              + FLOAT
              + "|money)\\b");
  private static final Pattern MASKED =
      Pattern.compile("(?s)--[^\\n]*|/\\*.*?\\*/|'[^']*+(?:''[^']*+)*+'|\\$(\\w*)\\$.*?\\$\\1\\$");

  private final MoneyUse use;
  private final Path file;
  private final String text;
  private final String masked;

  SqlMoney(MoneyUse use, Path file, String text) {
    this.use = use;
    this.file = file;
    this.text = text;
    this.masked = masked(text);
  }

  /** With comments and quoted text blanked, every other character in its place. */
  private static String masked(String text) {
    return MASKED
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(found.group().replaceAll("[^\\n]", " ")));
  }

  /** Columns of money whose type can't hold it. */
  static void columns(Findings findings, Path file, String text) {
    Matcher column = COLUMN.matcher(masked(text));
    while (column.find()) {
      String type = column.group(2).toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
      if (type.equals("money") || MoneyWords.isMoney(column.group(1))) {
        findings.warn(
            Location.in(file, text, column.start(2)),
            column(column.group(1), type),
            "numeric is right");
      }
    }
  }

  private static String column(String name, String type) {
    return "column '%s' is %s%s"
        .formatted(
            name,
            type,
            type.equals("money")
                ? ": that has the decimals of the server's locale, whatever the currency"
                : ": floating point is not exact, and money in it gets wrong by a cent");
  }

  void check(@Nullable Connection connection) throws SQLException {
    SqlStatement statement = MoneyUse.statement(file, text).orElse(null);
    if (statement == null) {
      return;
    }
    SqlTargets targets = new SqlTargets(masked, connection);
    for (SqlStatement.Piece piece : statement.pieces()) {
      for (int i = 0; i < piece.parameters().size(); i++) {
        SqlStatement.Parameter parameter = piece.parameters().get(i);
        if (use.isMoney(parameter.path())) {
          String type = targets.type(piece, i).orElse("");
          Said said = said(parameter, targets.at(parameter.start()).orElse(null), type);
          if (said != null) {
            use.warn(file, text, parameter.start(), said.what, said.right);
          }
        }
      }
    }
    Matcher floated = FLOATED.matcher(masked);
    while (floated.find()) {
      String name = floated.group(1);
      if (MoneyWords.isMoney(name.substring(name.lastIndexOf('.') + 1))) {
        use.warn(
            file,
            text,
            floated.start(),
            MoneyUse.floating(text.substring(floated.start(), floated.end())),
            "numeric is right");
      }
    }
  }

  private record Said(String what, String right) {}

  /**
   * @param target the column that gets the value
   * @param type what PostgreSQL takes the parameter for; empty where that is not known
   */
  private @Nullable Said said(
      SqlStatement.Parameter parameter, SqlTargets.@Nullable Column target, String type) {
    String written = text.substring(parameter.start(), parameter.end());
    String rest = masked.substring(parameter.end());
    Matcher behind = BEHIND.matcher(rest);
    if (!behind.find()) {
      return null;
    }
    String whole = (written + behind.group()).replaceAll("\\s+", " ").strip();
    String cast = cast(rest, behind.group(1));
    boolean fact = MoneyUse.isFact(parameter.path());
    String right = right(parameter.path(), written);
    if (FLOAT_TYPE.matcher(cast).matches()) {
      return new Said(MoneyUse.floating(written + "::" + cast), right);
    }
    String divisor = behind.group(2);
    boolean multiplied = behind.group(4) != null;
    if (multiplied || (divisor != null && divisor.matches("10+"))) {
      boolean exact = multiplied || behind.group(3) != null || isExact(cast);
      if (fact) {
        return new Said(MoneyUse.alreadyMajor(whole), right);
      }
      return exact ? null : new Said(MoneyUse.integerDivision(whole), right);
    }
    String name = target == null ? "" : target.name();
    String column = target == null ? "" : target.type();
    if (FLOAT_TYPE.matcher(column).matches() || column.equals("money")) {
      return new Said(written + ": " + column(name, column), "make the column numeric");
    }
    Amount amount = use.raw(parameter.path()).orElse(null);
    if (amount == null || !amount.minor() || MoneyWords.saysMinor(name)) {
      return null;
    }
    String taken = !column.isEmpty() ? column : !cast.isEmpty() ? cast : type;
    boolean money = taken.isEmpty() ? MoneyWords.isMoney(name) : isExact(taken);
    return money ? new Said(MoneyUse.inMinorUnit(written, amount), right) : null;
  }

  private static boolean isExact(String type) {
    return type.startsWith("numeric") || type.startsWith("decimal");
  }

  /** The last type that a parameter is cast to, in lower case, or empty. */
  private static String cast(String behind, String casts) {
    String last = "";
    Matcher as = CAST_AS.matcher(behind);
    Matcher cast = CAST.matcher(casts);
    if (as.find()) {
      last = as.group(1);
    }
    while (cast.find()) {
      last = cast.group(1);
    }
    return last.toLowerCase(Locale.ROOT).replaceAll("\\s+", " ").strip();
  }

  private String right(VariablePath path, String written) {
    Optional<Amount> amount = use.raw(path);
    return MoneyUse.isFact(path) || amount.filter(Amount::fact).isPresent()
        ? "write :amount"
        : amount.filter(Amount::minor).isPresent()
            ? "write " + written + "::numeric / 100, where the currency has two decimals"
            : "write " + written + "::numeric";
  }
}

package io.payhook.tools.check;

import io.payhook.effects.sql.SqlStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which columns the values of a statement go to: those of {@code insert} and of {@code set}. */
final class SqlTargets {
  private static final String NAME = "((?:\"[^\"]+\"|[\\w]+)(?:\\.(?:\"[^\"]+\"|\\w+))?)";
  private static final Pattern INSERT =
      Pattern.compile(
          "(?i)\\binsert\\s+into\\s+"
              + NAME
              + "(?:\\s+as\\s+\\w+)?\\s*\\(([^()]*)\\)\\s*(?:overriding\\s+\\w+\\s+value\\s+)?(values|select)\\b");
  private static final Pattern SET =
      Pattern.compile(
          "(?i)\\bdo\\s+update\\s+set\\b|\\bupdate\\s+(?:only\\s+)?"
              + NAME
              + "(?:\\s+(?:as\\s+)?\\w+)?\\s+set\\b");
  private static final Pattern INTO = Pattern.compile("(?i)\\binsert\\s+into\\s+" + NAME);
  private static final Pattern END =
      Pattern.compile("(?i)(?:from|where|on|returning|union|order|group|limit|having)\\b");
  private static final Pattern ASSIGNED = Pattern.compile("^\\s*(\"[^\"]+\"|\\w+)\\s*=");

  /**
   * A column.
   *
   * @param type PostgreSQL's name of its type, without length; empty where it is not known
   */
  record Column(String name, String type) {}

  private record Span(int start, int end, String table, String column) {}

  private final String sql;
  private final @Nullable Connection connection;
  private final List<Span> spans = new ArrayList<>();

  /**
   * @param sql with comments and quoted text blanked
   * @param connection within a transaction that will be rolled back, where the tables are
   */
  SqlTargets(String sql, @Nullable Connection connection) {
    this.sql = sql;
    this.connection = connection;
    inserts();
    sets();
  }

  private void inserts() {
    Matcher insert = INSERT.matcher(sql);
    while (insert.find()) {
      String table = insert.group(1);
      List<String> columns = List.of(insert.group(2).split(",", -1));
      int at = insert.end();
      if (insert.group(3).equalsIgnoreCase("select")) {
        columns(table, columns, at);
        continue;
      }
      while ((at = skip(at)) < sql.length() && sql.charAt(at) == '(') {
        at = skip(columns(table, columns, at + 1) + 1);
        at += at < sql.length() && sql.charAt(at) == ',' ? 1 : 0;
      }
    }
  }

  private int columns(String table, List<String> columns, int start) {
    List<int[]> items = items(start);
    for (int i = 0; i < Math.min(items.size(), columns.size()); i++) {
      spans.add(new Span(items.get(i)[0], items.get(i)[1], table, unquoted(columns.get(i))));
    }
    return items.get(items.size() - 1)[1];
  }

  private void sets() {
    Matcher set = SET.matcher(sql);
    while (set.find()) {
      String table = set.group(1) == null ? intoBefore(set.start()) : set.group(1);
      for (int[] item : items(set.end())) {
        Matcher assigned = ASSIGNED.matcher(sql.substring(item[0], item[1]));
        if (assigned.find()) {
          spans.add(
              new Span(item[0] + assigned.end(), item[1], table, unquoted(assigned.group(1))));
        }
      }
    }
  }

  private String intoBefore(int end) {
    String table = "";
    Matcher into = INTO.matcher(sql).region(0, end);
    while (into.find()) {
      table = into.group(1);
    }
    return table;
  }

  /** The parts between commas, up to the bracket or the word that ends them. */
  private List<int[]> items(int start) {
    List<int[]> items = new ArrayList<>();
    int depth = 0;
    int from = start;
    int at = start;
    for (; at < sql.length(); at++) {
      char c = sql.charAt(at);
      if (c == '(' || c == '[') {
        depth++;
      } else if (c == ')' || c == ']') {
        depth--;
      } else if (c == ',' && depth == 0) {
        items.add(new int[] {from, at});
        from = at + 1;
      }
      boolean word = at > 0 && Character.isWhitespace(sql.charAt(at - 1));
      if (depth < 0
          || (depth == 0
              && (c == ';' || (word && END.matcher(sql).region(at, sql.length()).lookingAt())))) {
        break;
      }
    }
    items.add(new int[] {from, at});
    return items;
  }

  private int skip(int from) {
    int at = from;
    while (at < sql.length() && Character.isWhitespace(sql.charAt(at))) {
      at++;
    }
    return at;
  }

  private static String unquoted(String name) {
    return name.strip().replaceAll("^\"|\"$", "");
  }

  /** The column that gets what stands at an offset. */
  Optional<Column> at(int offset) throws SQLException {
    for (Span span : spans) {
      if (span.start <= offset && offset < span.end) {
        return Optional.of(new Column(span.column, type(span.table, span.column)));
      }
    }
    return Optional.empty();
  }

  private String type(String table, String column) throws SQLException {
    if (connection == null) {
      return "";
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "select pg_catalog.format_type(atttypid, null) from pg_catalog.pg_attribute where"
                + " attrelid = pg_catalog.to_regclass(?) and lower(attname) = lower(?) and attnum >"
                + " 0")) {
      statement.setString(1, table);
      statement.setString(2, column);
      try (ResultSet found = statement.executeQuery()) {
        return found.next() ? found.getString(1) : "";
      }
    }
  }

  /** What PostgreSQL takes a parameter for by the place where it stands. */
  Optional<String> type(SqlStatement.Piece piece, int parameter) throws SQLException {
    if (connection == null) {
      return Optional.empty();
    }
    Savepoint here = connection.setSavepoint();
    try (PreparedStatement statement = connection.prepareStatement(piece.sql())) {
      return Optional.of(statement.getParameterMetaData().getParameterTypeName(parameter + 1));
    } catch (SQLException e) {
      // Said where the statement is tried.
      connection.rollback(here);
      return Optional.empty();
    } finally {
      connection.releaseSavepoint(here);
    }
  }
}

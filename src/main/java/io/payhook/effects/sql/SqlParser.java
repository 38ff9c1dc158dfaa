package io.payhook.effects.sql;

import io.payhook.effects.EffectException;
import io.payhook.effects.VariablePath;
import io.payhook.effects.sql.SqlStatement.Parameter;
import io.payhook.effects.sql.SqlStatement.Piece;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Follows PostgreSQL's lexical rules as far as they decide whether a colon starts a parameter and
 * whether a question mark is an operator.
 */
final class SqlParser {
  private static final Pattern BEFORE = Pattern.compile("(?i)\\bcast\\s*\\(\\s*$");
  private static final Pattern AFTER = Pattern.compile("(?i)\\s*(::|as\\s)\\s*\"?([a-z0-9]+)");

  private final String file;
  private final String text;
  private final StringBuilder sql;
  private final List<Parameter> parameters = new ArrayList<>();

  /** Open brackets: '(' , '[' of an array's items, 's' for the bracket of a subscript. */
  private final Deque<Character> open = new ArrayDeque<>();

  private final List<Piece> pieces = new ArrayList<>();
  private int pieceStart;
  private int pieceSql;
  private int pieceParameters;

  /** Number of open brackets within the outermost coalesce, or 0 outside of one. */
  private int coalesce;

  private String word = "";

  /** Whether the last token is one that a subscript can follow. */
  private boolean afterValue;

  private int at = 0;
  private int line = 1;

  SqlParser(String file, String text) {
    this.file = file;
    this.text = text;
    this.sql = new StringBuilder(text.length());
  }

  SqlStatement parse() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\'') {
        quoted('\'', false, "text");
      } else if (c == '"') {
        quoted('"', false, "quoted name");
      } else if (c == '-' && next(1) == '-') {
        lineComment();
      } else if (c == '/' && next(1) == '*') {
        blockComment();
      } else if (c == '$' && dollarTag() > 0) {
        dollarQuoted();
      } else if (isNameStart(c)) {
        word();
      } else if (c >= '0' && c <= '9') {
        number();
      } else if (c == ':') {
        colon();
      } else if (c == '?') {
        sql.append("??");
        at++;
        afterValue = false;
      } else {
        other(c);
      }
    }
    endPiece();
    return new SqlStatement(file, sql.toString(), parameters, pieces);
  }

  private void endPiece() {
    String statement = sql.substring(pieceSql);
    if (hasWords(statement)) {
      pieces.add(
          new Piece(
              pieceStart,
              statement,
              List.copyOf(parameters.subList(pieceParameters, parameters.size()))));
    }
    pieceStart = at + 1;
    pieceSql = sql.length() + 1;
    pieceParameters = parameters.size();
  }

  /** Whether there is anything but spaces and comments. */
  private static boolean hasWords(String statement) {
    return !statement.replaceAll("--[^\n]*", "").replaceAll("(?s)/\\*.*?\\*/", "").isBlank();
  }

  private char next(int distance) {
    return at + distance < text.length() ? text.charAt(at + distance) : '\0';
  }

  /** The end of the characters of a kind that start at an offset. */
  private int end(int start, IntPredicate kind) {
    int end = start;
    while (end < text.length() && kind.test(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private void copy(int end) {
    for (int i = at; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
      }
    }
    sql.append(text, at, end);
    at = end;
  }

  private void quoted(char quote, boolean escapes, String what) {
    int end = at + 1;
    while (end < text.length()) {
      char c = text.charAt(end);
      if (c == '\\' && escapes) {
        end += 2;
      } else if (c != quote) {
        end++;
      } else if (end + 1 < text.length() && text.charAt(end + 1) == quote) {
        end += 2;
      } else {
        copy(end + 1);
        afterValue = true;
        return;
      }
    }
    throw unclosed(what);
  }

  private void lineComment() {
    int end = text.indexOf('\n', at);
    copy(end < 0 ? text.length() : end);
  }

  private void blockComment() {
    int depth = 0;
    for (int end = at; end < text.length() - 1; end++) {
      if (text.charAt(end) == '/' && text.charAt(end + 1) == '*') {
        depth++;
        end++;
      } else if (text.charAt(end) == '*' && text.charAt(end + 1) == '/') {
        depth--;
        end++;
        if (depth == 0) {
          copy(end + 1);
          return;
        }
      }
    }
    throw unclosed("comment");
  }

  /** The length of the dollar quote's tag that starts here, with both dollars, or 0. */
  private int dollarTag() {
    int end = at + 1;
    if (end < text.length() && isNameStart(text.charAt(end))) {
      end = end(end, SqlParser::isMember);
    }
    return end < text.length() && text.charAt(end) == '$' ? end + 1 - at : 0;
  }

  private void dollarQuoted() {
    int length = dollarTag();
    int close = text.indexOf(text.substring(at, at + length), at + length);
    if (close < 0) {
      throw unclosed("dollar-quoted text");
    }
    copy(close + length);
    afterValue = true;
  }

  private void word() {
    if ((text.charAt(at) == 'E' || text.charAt(at) == 'e') && next(1) == '\'') {
      sql.append(text.charAt(at));
      at++;
      quoted('\'', true, "text");
      return;
    }
    int end = end(at, SqlParser::isName);
    // In ARRAY[:a, :b] the bracket contains items; after any other word it is a subscript.
    word = text.substring(at, end);
    copy(end);
    afterValue = !word.equalsIgnoreCase("array");
  }

  private void number() {
    copy(end(at, c -> isName(c) || c == '.'));
    afterValue = true;
  }

  private void colon() {
    boolean slice = !open.isEmpty() && open.peek() == 's';
    if (next(1) == ':' || next(1) == '=') {
      copy(at + 2);
      afterValue = false;
    } else if (!slice && isNameStart(next(1))) {
      parameter();
    } else {
      copy(at + 1);
      afterValue = false;
    }
  }

  private void parameter() {
    int start = at;
    at++;
    String variable = name();
    List<String> members = new ArrayList<>();
    while (next(0) == '.' && (isMember(next(1)) || next(1) == '"')) {
      at++;
      if (text.charAt(at) == '"') {
        int close = text.indexOf('"', at + 1);
        if (close < 0) {
          throw unclosed("quoted member");
        }
        members.add(text.substring(at + 1, close));
        at = close + 1;
      } else {
        members.add(name());
      }
    }
    parameters.add(
        new Parameter(
            new VariablePath(variable, List.copyOf(members)),
            line,
            start,
            at,
            coalesce > 0,
            cast(start)));
    sql.append('?');
    afterValue = true;
  }

  /** The type that the parameter that ends here is cast to, in lower case; empty if none. */
  private String cast(int start) {
    Matcher after = AFTER.matcher(text).region(at, text.length());
    if (!after.lookingAt()) {
      return "";
    }
    boolean cast =
        after.group(1).equals("::")
            || BEFORE.matcher(text).region(Math.max(0, start - 50), start).find();
    return cast ? after.group(2).toLowerCase(Locale.ROOT) : "";
  }

  private String name() {
    int start = at;
    at = end(at, SqlParser::isMember);
    return text.substring(start, at);
  }

  private void other(char c) {
    if (Character.isWhitespace(c)) {
      copy(at + 1);
      return;
    }
    boolean closing = c == ')' || c == ']';
    if (c == ';' && open.isEmpty()) {
      endPiece();
    } else if (c == '(') {
      coalesce += coalesce > 0 || word.equalsIgnoreCase("coalesce") ? 1 : 0;
      open.push('(');
    } else if (c == '[') {
      open.push(afterValue ? 's' : '[');
    } else if (closing) {
      open.poll();
      coalesce -= coalesce > 0 && c == ')' ? 1 : 0;
    }
    afterValue = closing;
    word = "";
    copy(at + 1);
  }

  private static boolean isNameStart(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
  }

  private static boolean isName(int c) {
    return isMember(c) || c == '$';
  }

  private static boolean isMember(int c) {
    return isNameStart(c) || (c >= '0' && c <= '9');
  }

  private EffectException unclosed(String what) {
    int column = at - text.lastIndexOf('\n', Math.max(0, at - 1));
    return new EffectException(
        "%s:%s:%s: a %s starts here and never ends; close it".formatted(file, line, column, what));
  }
}

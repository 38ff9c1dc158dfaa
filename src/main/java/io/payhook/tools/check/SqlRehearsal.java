package io.payhook.tools.check;

import io.payhook.effects.EffectException;
import io.payhook.effects.SqlStatement;
import io.payhook.kit.Lines;
import io.payhook.kit.Location;
import io.payhook.tools.check.Rehearsal.Missing;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Tries files of SQL against tables, within a transaction that is rolled back. */
final class SqlRehearsal {
  private static final Pattern DEFINING =
      Pattern.compile("(?i)\\s*(create|alter|drop|do|set|truncate)\\b");
  private static final Pattern CONCURRENTLY = Pattern.compile("(?i)\\bconcurrently\\b");
  private static final Pattern PERHAPS =
      Pattern.compile("Perhaps you meant to reference the column \"(?:\\w+\\.)?(.+?)\"");
  private static final Pattern BEFORE_FIRST_WORD = Pattern.compile("(?:\\s+|--[^\\n]*)*");

  /** An event of which only is known what holds for every event. */
  private static final SampleEvent ANY =
      new SampleEvent(
          "",
          Map.of(
              "endpoint",
              "",
              "eventId",
              "",
              "eventType",
              "",
              "eventKey",
              "",
              "idempotencyKey",
              "",
              "receivedAt",
              Instant.EPOCH,
              "attempt",
              1));

  private final Findings findings;
  private final Rehearsal rehearsal;

  SqlRehearsal(Findings findings, Rehearsal rehearsal) {
    this.findings = findings;
    this.rehearsal = rehearsal;
  }

  /** Tries a file of statements; without a connection they are only read. */
  void check(Path file, @Nullable Connection connection) throws SQLException {
    String text = TemplateText.read(findings, file);
    SqlStatement statement = text == null ? null : parse(findings, file, text);
    if (text == null || statement == null) {
      return;
    }
    if (statement.pieces().isEmpty()) {
      findings.problem(
          Location.start(file), "there is no statement in this file", "one or several are right");
    }
    for (SqlStatement.Piece piece : statement.pieces()) {
      for (SqlStatement.Parameter parameter : piece.parameters()) {
        Missing missing = rehearsal.missing(parameter.path());
        if (missing != null && !(missing.member() && parameter.mayBeAbsent())) {
          String written = text.substring(parameter.start(), parameter.end());
          findings.problem(
              Location.in(file, text, parameter.start()),
              missing.what(written),
              missing.right(":", "put it into coalesce(%s, …)".formatted(written)));
        }
      }
    }
    if (connection != null) {
      run(file, text, statement, connection);
    }
  }

  private static @Nullable SqlStatement parse(Findings findings, Path file, String text) {
    try {
      return SqlStatement.parse(file.toString(), text);
    } catch (EffectException e) {
      TemplateText.problem(findings, file, e, "close it");
      return null;
    }
  }

  private List<SampleEvent> samples() {
    return rehearsal.samples().isEmpty() ? List.of(ANY) : rehearsal.samples();
  }

  /** What the statements lack in a database that has their tables. */
  void described(Path file, Connection connection) throws SQLException {
    String text = MoneyUse.read(file).orElse(null);
    SqlStatement statement = text == null ? null : MoneyUse.statement(file, text).orElse(null);
    if (text == null || statement == null) {
      return;
    }
    SampleEvent sample = samples().get(0);
    for (SqlStatement.Piece piece : statement.pieces()) {
      if (DEFINING.matcher(piece.sql()).lookingAt()) {
        // Those behind it may stand on what it makes.
        return;
      }
      Savepoint here = connection.setSavepoint();
      try (PreparedStatement prepared = connection.prepareStatement(piece.sql())) {
        bind(prepared, file, piece, sample);
        prepared.getParameterMetaData();
      } catch (SQLException e) {
        connection.rollback(here);
        if (String.valueOf(e.getSQLState()).startsWith("42")) {
          problem(findings, file, text, piece, e, sample);
          return;
        }
      }
    }
  }

  private static void bind(
      PreparedStatement prepared, Path file, SqlStatement.Piece piece, SampleEvent sample)
      throws SQLException {
    for (int i = 0; i < piece.parameters().size(); i++) {
      SqlStatement.Parameter parameter = piece.parameters().get(i);
      SqlStatement.bind(
          prepared,
          i + 1,
          parameter.rehearsed(file.toString(), parameter.path().in(sample.variables())));
    }
  }

  /**
   * Runs a migration's script.
   *
   * @param text of the file
   * @param connection within a transaction that will be rolled back, or null: the script is only
   *     read
   * @return whether it went well
   */
  static boolean script(Findings findings, Path file, String text, @Nullable Connection connection)
      throws SQLException {
    // It can't run within a transaction, and makes no difference to an empty table.
    String plain = CONCURRENTLY.matcher(text).replaceAll(" ".repeat(12));
    SqlStatement script = parse(findings, file, plain);
    if (script == null || connection == null) {
      return script != null;
    }
    for (SqlStatement.Piece piece : script.pieces()) {
      Savepoint here = connection.setSavepoint();
      try (PreparedStatement prepared = connection.prepareStatement(piece.sql())) {
        prepared.execute();
      } catch (SQLException e) {
        connection.rollback(here);
        problem(findings, file, plain, piece, e, ANY);
        return false;
      }
    }
    return true;
  }

  private void run(Path file, String text, SqlStatement statement, Connection connection)
      throws SQLException {
    for (SampleEvent sample : samples()) {
      Savepoint before = connection.setSavepoint();
      boolean runs = !rehearsal.samples().isEmpty();
      for (SqlStatement.Piece piece : statement.pieces()) {
        Savepoint here = connection.setSavepoint();
        try (PreparedStatement prepared = connection.prepareStatement(piece.sql())) {
          bind(prepared, file, piece, sample);
          prepared.getParameterMetaData();
          if (runs) {
            prepared.execute();
          }
        } catch (SQLException e) {
          connection.rollback(here);
          // Rows that only other events bring (23…) and time (57…) prove nothing wrong.
          if (String.valueOf(e.getSQLState()).matches("(42|22|0A).*")) {
            problem(findings, file, text, piece, e, sample);
          }
          runs = false;
        }
      }
      connection.rollback(before);
    }
  }

  private static void problem(
      Findings findings,
      Path file,
      String text,
      SqlStatement.Piece piece,
      SQLException e,
      SampleEvent sample) {
    ServerErrorMessage server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    String message = server == null ? e.getMessage() : server.getMessage();
    int position = server == null ? 0 : server.getPosition();
    String hint = server == null || server.getHint() == null ? "" : server.getHint();
    String state = String.valueOf(e.getSQLState());
    findings.problem(
        Location.in(
            file, text, position > 0 ? piece.offset(position) : firstWord(text, piece.start())),
        "the statement fails%s: %s"
            .formatted(
                state.startsWith("22") ? " with sample " + sample.name() : "", Lines.one(message)),
        right(state, Lines.open(hint)));
  }

  private static String right(String state, String hint) {
    if (!hint.isEmpty()) {
      Matcher meant = PERHAPS.matcher(hint);
      return meant.find() ? "did you mean '%s'?".formatted(meant.group(1)) : hint;
    }
    return switch (state) {
      case "42P01" ->
          "name a table of this integration's sql/schema, or add a script there that makes it";
      case "42703" -> "name a column of the table, or add a script to sql/schema that adds it";
      case "42P18" -> "say the parameter's type, as in :event.data.amount::numeric";
      case "42804" -> "cast the value, as in :event.data.amount::numeric";
      case "22P02" -> "cast or check the value before it is used";
      default -> "correct it here";
    };
  }

  private static int firstWord(String text, int start) {
    Matcher before = BEFORE_FIRST_WORD.matcher(text).region(start, text.length());
    return before.lookingAt() && before.end() < text.length() ? before.end() : start;
  }
}

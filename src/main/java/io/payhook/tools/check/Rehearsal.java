package io.payhook.tools.check;

import io.payhook.effects.CrmSink;
import io.payhook.effects.EffectException;
import io.payhook.effects.RouteText;
import io.payhook.effects.SqlStatement;
import io.payhook.effects.Templates;
import io.payhook.effects.VariablePath;
import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.kit.Lines;
import io.payhook.kit.Nearest;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Tries what an integration's effects stand on with sample events: SQL files against tables,
 * templates, and the texts that a route gives a kamelet. Nothing is sent and nothing is kept.
 */
public final class Rehearsal {
  private static final Pattern PLACED = Pattern.compile("(?s)^(.*?):(\\d+)(?::(\\d+))?: (.*)$");
  static final Pattern VALUE =
      Pattern.compile(
          "\\$\\{\\s*variables?[.:](?!size\\s*})([A-Za-z_][A-Za-z0-9_]*)((?:(?:\\?\\.)?\\[[^\\[\\]]+])*)\\s*}");
  private static final Pattern MEMBER = Pattern.compile("\\[(['\"]?)(.+?)\\1]");
  static final Pattern TAG = Pattern.compile("(?s)\\{#.*?#}|\\{\\{(.*?)}}|\\{%(.*?)%}");
  static final Pattern NAME =
      Pattern.compile(
          "(?<![\\w.\\]\"'])([A-Za-z_]\\w*)((?:\\.[A-Za-z_]\\w*|\\[\\d+]|\\[\"[^\"]*\"]|\\['[^']*'])*)");
  private static final Pattern STEP =
      Pattern.compile("\\.([A-Za-z_]\\w*)|\\[(\\d+)]|\\[\"([^\"]*)\"]|\\['([^']*)']");
  private static final Pattern DEFINING =
      Pattern.compile("(?i)\\s*(create|alter|drop|do|set|truncate)\\b");
  private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"|'[^']*'");
  static final Pattern OTHER_TEMPLATE =
      Pattern.compile("\\{%-?\\s*(?:extends|include|import|from)\\s+(['\"])(.+?)\\1");

  /** One whose name is no text that stands there: a value, or a text with a value added. */
  private static final Pattern CHOSEN_TEMPLATE =
      Pattern.compile(
          "\\{%-?\\s*(extends|include|import|from|embed)\\s+(?!(?:\"[^\"]*\"|'[^']*')\\s*(?:-?%|with\\b|as\\b|import\\b))([^%]+)");

  /**
   * One event to try with.
   *
   * @param name names it in messages, such as {@code payment.success.json}
   * @param variables those of a delivery
   */
  public record Sample(String name, Map<String, Object> variables) {
    public Sample {
      variables = Map.copyOf(variables);
    }
  }

  /**
   * What is wrong in a file.
   *
   * @param line counted from 1
   * @param column counted from 1
   */
  public record Problem(Path file, int line, int column, String what, String right) {}

  /**
   * What is wrong in a text.
   *
   * @param offset counted from 0
   */
  public record TextProblem(int offset, String what, String right) {}

  /** The filters of templates that people use. */
  private static final List<String> FILTERS =
      List.of(
          "money",
          "date",
          "json",
          "default",
          "upper",
          "lower",
          "capitalize",
          "title",
          "trim",
          "abbreviate",
          "replace",
          "join",
          "first",
          "last",
          "length",
          "sort",
          "numberformat",
          "escape",
          "raw",
          "urlencode");

  /** An event of which only is known what holds for every event. */
  private static final Sample ANY =
      new Sample(
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

  private final List<Sample> samples;
  private final Set<String> variables;
  private final boolean complete;

  /**
   * @param samples the events that the route may get; none: only what holds for every event is
   *     tried
   * @param others the variables that the route sets itself
   * @param complete whether there are no other variables
   */
  public Rehearsal(List<Sample> samples, Set<String> others, boolean complete) {
    this.samples = List.copyOf(samples);
    this.variables = new LinkedHashSet<>(VariablePath.OF_A_DELIVERY);
    this.variables.addAll(others);
    this.complete = complete;
  }

  // SQL

  /**
   * Tries a file of statements.
   *
   * @param connection within a transaction that will be rolled back, or null: the statements are
   *     only read
   */
  public List<Problem> sql(Path file, @Nullable Connection connection) throws SQLException {
    List<Problem> problems = new ArrayList<>();
    String text = read(file, problems);
    if (text == null) {
      return problems;
    }
    SqlStatement statement;
    try {
      statement = SqlStatement.parse(file.toString(), text);
    } catch (EffectException e) {
      problems.add(problem(file, e, "close it"));
      return problems;
    }
    if (statement.pieces().isEmpty()) {
      problems.add(
          new Problem(
              file, 1, 1, "there is no statement in this file", "one or several are right"));
    }
    for (SqlStatement.Piece piece : statement.pieces()) {
      for (SqlStatement.Parameter parameter : piece.parameters()) {
        Missing missing = missing(parameter.path());
        if (missing != null && !(missing.member && parameter.mayBeAbsent())) {
          String written = text.substring(parameter.start(), parameter.end());
          problems.add(
              at(
                  file,
                  text,
                  parameter.start(),
                  missing.what(written),
                  missing.right(":", "put it into coalesce(" + written + ", …)")));
        }
      }
    }
    if (connection != null) {
      problems.addAll(tried(file, text, statement, connection));
    }
    return problems;
  }

  /**
   * What a file of statements lacks in a database that has its tables; nothing is run. A file that
   * can't be read has been told of by {@link #sql}.
   */
  public List<Problem> described(Path file, Connection connection) throws SQLException {
    List<Problem> problems = new ArrayList<>();
    String text = read(file, problems);
    if (text == null) {
      return List.of();
    }
    try {
      return described(file, text, SqlStatement.parse(file.toString(), text), connection);
    } catch (EffectException e) {
      return List.of();
    }
  }

  private List<Problem> described(
      Path file, String text, SqlStatement statement, Connection connection) throws SQLException {
    Sample sample = samples.isEmpty() ? ANY : samples.get(0);
    for (SqlStatement.Piece piece : statement.pieces()) {
      if (DEFINING.matcher(piece.sql()).lookingAt()) {
        // Those behind it may stand on what it makes.
        return List.of();
      }
      Savepoint here = connection.setSavepoint();
      try (PreparedStatement prepared = connection.prepareStatement(piece.sql())) {
        bind(prepared, file, piece, sample);
        prepared.getParameterMetaData();
      } catch (SQLException e) {
        connection.rollback(here);
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith("42")) {
          return List.of(sqlProblem(file, text, piece, e, sample));
        }
      }
    }
    return List.of();
  }

  private static void bind(
      PreparedStatement prepared, Path file, SqlStatement.Piece piece, Sample sample)
      throws SQLException {
    for (int i = 0; i < piece.parameters().size(); i++) {
      SqlStatement.Parameter parameter = piece.parameters().get(i);
      SqlStatement.bind(
          prepared,
          i + 1,
          parameter.rehearsed(file.toString(), parameter.path().in(sample.variables)));
    }
  }

  /**
   * Runs a migration's script.
   *
   * @param text of the file
   * @param connection within a transaction that will be rolled back, or null: the script is only
   *     read
   */
  public static List<Problem> script(Path file, String text, @Nullable Connection connection)
      throws SQLException {
    // It can't run within a transaction, and makes no difference to an empty table.
    String plain =
        Pattern.compile("(?i)\\bconcurrently\\b").matcher(text).replaceAll(" ".repeat(12));
    SqlStatement script;
    try {
      script = SqlStatement.parse(file.toString(), plain);
    } catch (EffectException e) {
      return List.of(problem(file, e, "close it"));
    }
    if (connection == null) {
      return List.of();
    }
    for (SqlStatement.Piece piece : script.pieces()) {
      Savepoint here = connection.setSavepoint();
      try (PreparedStatement prepared = connection.prepareStatement(piece.sql())) {
        prepared.execute();
      } catch (SQLException e) {
        connection.rollback(here);
        return List.of(sqlProblem(file, plain, piece, e, new Sample("", Map.of())));
      }
    }
    return List.of();
  }

  private List<Problem> tried(Path file, String text, SqlStatement statement, Connection connection)
      throws SQLException {
    Set<Problem> problems = new LinkedHashSet<>();
    List<Sample> each = samples.isEmpty() ? List.of(ANY) : samples;
    for (Sample sample : each) {
      Savepoint before = connection.setSavepoint();
      boolean runs = !samples.isEmpty();
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
          String state = String.valueOf(e.getSQLState());
          // Rows that only other events bring (23…) and time (57…) prove nothing wrong.
          if (state.startsWith("42") || state.startsWith("22") || state.startsWith("0A")) {
            problems.add(sqlProblem(file, text, piece, e, sample));
          }
          runs = false;
        }
      }
      connection.rollback(before);
    }
    return List.copyOf(problems);
  }

  private static Problem sqlProblem(
      Path file, String text, SqlStatement.Piece piece, SQLException e, Sample sample) {
    ServerErrorMessage server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    String message = server == null ? e.getMessage() : server.getMessage();
    int position = server == null ? 0 : server.getPosition();
    int offset = position > 0 ? piece.offset(position) : firstWord(text, piece.start());
    String hint = server == null || server.getHint() == null ? "" : server.getHint();
    boolean data = String.valueOf(e.getSQLState()).startsWith("22");
    return at(
        file,
        text,
        offset,
        "the statement fails"
            + (data ? " with sample " + sample.name : "")
            + ": "
            + Lines.one(message),
        right(String.valueOf(e.getSQLState()), hint));
  }

  private static String right(String state, String hint) {
    if (!hint.isEmpty()) {
      String sentence = Lines.open(hint);
      Matcher meant =
          Pattern.compile("Perhaps you meant to reference the column \"(?:\\w+\\.)?(.+?)\"")
              .matcher(sentence);
      return meant.find() ? "did you mean '" + meant.group(1) + "'?" : sentence;
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
    int at = start;
    while (at < text.length()) {
      if (text.startsWith("--", at)) {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
      } else if (Character.isWhitespace(text.charAt(at))) {
        at++;
      } else {
        return at;
      }
    }
    return start;
  }

  // Templates

  /** Renders a template with each sample; one of JSON has to give JSON. */
  public List<Problem> template(Path file) {
    List<Problem> problems = new ArrayList<>();
    String text = read(file, problems);
    if (text == null) {
      return problems;
    }
    values(file, text, new LinkedHashSet<>(), problems);
    Set<Problem> rendering = new LinkedHashSet<>();
    Templates templates = new Templates();
    for (Sample sample : samples) {
      try {
        String rendered = templates.render(file, new HashMap<>(sample.variables));
        if (file.toString().endsWith(".json")) {
          CrmSink.checkJson(file, rendered);
        }
      } catch (EffectException e) {
        rendering.add(problem(file, e, "correct it here"));
      }
    }
    problems.addAll(rendering);
    return problems;
  }

  /** Values that no sample has, in a template and those it stands on. */
  private void values(Path file, String text, Set<Path> seen, List<Problem> problems) {
    if (!seen.add(file)) {
      return;
    }
    Set<String> local = new TreeSet<>(Set.of("loop", "true", "false", "null", "none"));
    Set<String> asked = new TreeSet<>();
    Matcher tags = TAG.matcher(text);
    while (tags.find()) {
      String inside = tags.group(2) == null ? "" : tags.group(2).strip();
      Matcher set =
          Pattern.compile("^-?\\s*(?:set|for)\\s+(\\w+)(?:\\s*,\\s*(\\w+))?").matcher(inside);
      if (set.find()) {
        local.add(set.group(1));
        if (set.group(2) != null) {
          local.add(set.group(2));
        }
      } else if (inside.startsWith("macro")) {
        Matcher names = Pattern.compile("\\w+").matcher(inside);
        while (names.find()) {
          local.add(names.group());
        }
      } else if (inside.startsWith("if")
          || inside.startsWith("elseif")
          || inside.startsWith("for")) {
        Matcher names = NAME.matcher(inside);
        while (names.find()) {
          asked.add(names.group());
        }
      }
    }
    problems.addAll(Notation.template(file, text, local));
    tags = TAG.matcher(text);
    while (tags.find()) {
      if (tags.group(1) == null) {
        continue;
      }
      String inside = blanked(tags.group(1));
      Matcher names = NAME.matcher(inside);
      while (names.find()) {
        String rest = inside.substring(names.end()).stripLeading();
        String before = inside.substring(0, names.start()).stripTrailing();
        boolean function = rest.startsWith("(") || before.endsWith("|");
        boolean argument = rest.startsWith("=") && !rest.startsWith("==");
        boolean optional =
            rest.startsWith("is ")
                || rest.startsWith("?")
                || rest.matches("(?s)\\|\\s*default.*")
                || asked.contains(names.group());
        boolean first =
            before.isEmpty()
                || before.endsWith("(")
                || before.endsWith(",")
                || before.endsWith("~")
                || before.endsWith("=");
        if (function || argument || optional || local.contains(names.group(1))) {
          continue;
        }
        boolean rooted = !names.group(2).isEmpty() || first;
        Missing missing = rooted ? missing(path(names.group(1), names.group(2))) : null;
        if (missing != null) {
          problems.add(
              at(
                  file,
                  text,
                  tags.start(1) + names.start(),
                  missing.what(names.group()),
                  missing.right("", "write {{ " + names.group() + " | default(\"\") }}")));
        }
      }
    }
    Matcher chosen = CHOSEN_TEMPLATE.matcher(text);
    while (chosen.find()) {
      problems.add(
          at(
              file,
              text,
              chosen.start(2),
              "the template's name is made of values, so whoever sends the event chooses it",
              "write the names: {% if … %}{% include \"one.html\" %}{% endif %}"));
    }
    Matcher others = OTHER_TEMPLATE.matcher(text);
    while (others.find()) {
      Path other = file.resolveSibling(others.group(2)).normalize();
      try {
        values(other, TextFile.read(other), seen, problems);
      } catch (IOException e) {
        problems.add(
            at(
                file,
                text,
                others.start(2),
                "there is no template '" + others.group(2) + "'",
                "a template beside this one is right"));
      }
    }
  }

  /** With quoted text blanked, so that nothing in it is taken for a name. */
  static String blanked(String inside) {
    return QUOTED
        .matcher(inside)
        .replaceAll(
            quoted -> {
              int start = quoted.start();
              boolean subscript = start > 0 && inside.charAt(start - 1) == '[';
              return subscript
                  ? Matcher.quoteReplacement(quoted.group())
                  : " ".repeat(quoted.group().length());
            });
  }

  static VariablePath path(String root, String steps) {
    List<String> members = new ArrayList<>();
    Matcher step = STEP.matcher(steps);
    while (step.find()) {
      for (int i = 1; i <= 4; i++) {
        if (step.group(i) != null) {
          members.add(step.group(i));
        }
      }
    }
    return new VariablePath(root, members);
  }

  /** The path that a match of {@link #VALUE} names. */
  static VariablePath path(MatchResult value) {
    return new VariablePath(
        value.group(1), MEMBER.matcher(value.group(2)).results().map(m -> m.group(2)).toList());
  }

  // Texts of the route

  /** Tries a text of a route in which {@code ${…}} stands for values of the event. */
  public List<TextProblem> text(CamelContext context, String text) {
    try {
      RouteText.parse(context, text);
    } catch (EffectException e) {
      int start = Math.max(0, text.indexOf("${"));
      return List.of(
          new TextProblem(
              start,
              Lines.first(e.getMessage()),
              "${variable.event[data][…]} reads a value of the event"));
    }
    return values(text);
  }

  /** Values of the event that no sample has, in any text with {@code ${variable.…}}. */
  public List<TextProblem> values(String text) {
    List<TextProblem> problems = new ArrayList<>(Notation.text(text, samples));
    Matcher value = VALUE.matcher(text);
    while (value.find()) {
      Missing missing = missing(path(value));
      if (missing != null) {
        problems.add(
            new TextProblem(
                value.start(),
                missing.what(value.group()),
                missing.right("", "add it to a sample")));
      }
    }
    return problems;
  }

  /** Values that become part of JSON or SQL which a route writes out as text. */
  public List<TextProblem> spliced(String text) {
    return Notation.spliced(text, samples);
  }

  // What samples have

  /** Why a value can't be had. */
  private record Missing(
      boolean member, String name, @Nullable String meant, String where, int depth) {
    String what(String written) {
      return member
          ? written + ": " + where + " has no '" + name + "'"
          : written + ": there is no variable '" + name + "'";
    }

    String right(String prefix, String otherwise) {
      if (meant != null) {
        return "did you mean '" + (member ? "" : prefix) + meant + "'?";
      }
      return member
          ? "add it to a sample if the platform sends it, or " + otherwise
          : "a delivery has " + String.join(", ", VariablePath.OF_A_DELIVERY);
    }
  }

  private @Nullable Missing missing(VariablePath path) {
    String root = path.variable();
    if (!variables.contains(root)) {
      return complete
          ? new Missing(false, root, Nearest.to(root, variables).orElse(null), "", 0)
          : null;
    }
    if (samples.isEmpty() || !root.equals("event") || path.members().isEmpty()) {
      return null;
    }
    Missing nearest = null;
    for (Sample sample : samples) {
      Missing missing = missing(sample, path.members());
      if (missing == null) {
        return null;
      }
      // The sample that has most of the path shows best what was meant.
      if (nearest == null || missing.depth() > nearest.depth()) {
        nearest = missing;
      }
    }
    return nearest;
  }

  private static @Nullable Missing missing(Sample sample, List<String> members) {
    Object value = sample.variables.get("event");
    for (int depth = 0; depth < members.size(); depth++) {
      String member = members.get(depth);
      Collection<String> there = List.of();
      boolean has = false;
      Object next = null;
      if (value instanceof Map<?, ?> map) {
        has = map.containsKey(member);
        next = map.get(member);
        there = map.keySet().stream().map(String::valueOf).toList();
      } else if (value instanceof List<?> list) {
        has = member.matches("\\d{1,6}") && Integer.parseInt(member) < list.size();
        next = has ? list.get(Integer.parseInt(member)) : null;
      } else if (value == null) {
        // What is null in a sample may be anything in another event.
        return null;
      }
      if (!has) {
        return new Missing(
            true, member, Nearest.to(member, there).orElse(null), "sample " + sample.name, depth);
      }
      value = next;
    }
    return null;
  }

  // Places

  private static @Nullable String read(Path file, List<Problem> problems) {
    try {
      return TextFile.read(file);
    } catch (NoSuchFileException e) {
      problems.add(new Problem(file, 0, 0, "there is no file " + file.getFileName(), ""));
    } catch (IOException e) {
      Trouble trouble = Trouble.of(file, e);
      problems.add(new Problem(file, 1, 1, trouble.what(), trouble.right()));
    }
    return null;
  }

  static Problem at(Path file, String text, int offset, String what, String right) {
    int end = Math.max(0, Math.min(offset, text.length()));
    int line = 1;
    int start = 0;
    for (int i = 0; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        start = i + 1;
      }
    }
    return new Problem(file, line, end - start + 1, what, right);
  }

  private static Problem problem(Path file, EffectException e, String right) {
    String message = String.valueOf(e.getMessage());
    Matcher placed = PLACED.matcher(message);
    if (!placed.matches()) {
      return new Problem(file, 1, 1, message, right);
    }
    Path named = Path.of(placed.group(1));
    int line = Integer.parseInt(placed.group(2));
    String rest = Lines.open(placed.group(4));
    Matcher filter = Pattern.compile("Filter \\[(\\w+)] does not exist").matcher(rest);
    if (filter.find()) {
      rest =
          "there is no filter '"
              + filter.group(1)
              + "'"
              + Nearest.to(filter.group(1), FILTERS)
                  .map(near -> "; did you mean '" + near + "'?")
                  .orElse("; there are " + String.join(", ", FILTERS));
    }
    int semicolon = rest.lastIndexOf("; ");
    return new Problem(
        named,
        line,
        placed.group(3) == null ? column(named, line) : Integer.parseInt(placed.group(3)),
        semicolon < 0 ? rest : rest.substring(0, semicolon),
        semicolon < 0 ? right : rest.substring(semicolon + 2));
  }

  /** Where a line's first tag or word begins. */
  private static int column(Path file, int line) {
    try {
      String text = TextFile.read(file).lines().skip(line - 1L).findFirst().orElse("");
      int tag = Math.min(index(text, "{{"), index(text, "{%"));
      return tag < Integer.MAX_VALUE ? tag + 1 : text.length() - text.stripLeading().length() + 1;
    } catch (IOException e) {
      return 1;
    }
  }

  private static int index(String text, String what) {
    int at = text.indexOf(what);
    return at < 0 ? Integer.MAX_VALUE : at;
  }
}

package io.payhook.tools.routetest;

import io.payhook.kit.Globs;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import io.payhook.kit.Nearest;
import io.payhook.tools.routetest.RouteTest.Call;
import io.payhook.tools.routetest.RouteTest.Check;
import io.payhook.tools.routetest.RouteTest.Mail;
import io.payhook.tools.routetest.RouteTest.Rows;
import io.payhook.tools.routetest.RouteTest.State;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Looks whether everything is as a test says: rows, e-mails, calls and deliveries. */
final class Looking {
  private final DataSource database;
  private final Databases others;
  private final MailStand mails;
  private final Outside outside;
  private final List<Mismatch> failures;

  /**
   * @param failures gets what is not as the test says
   */
  Looking(
      DataSource database,
      Databases others,
      MailStand mails,
      Outside outside,
      List<Mismatch> failures) {
    this.database = database;
    this.others = others;
    this.mails = mails;
    this.outside = outside;
    this.failures = failures;
  }

  void check(Check check) throws SQLException {
    int before = failures.size();
    for (Rows rows : check.rows()) {
      rows(rows);
    }
    if (check.mails() != null) {
      mails(check.mails());
    }
    if (check.calls() != null) {
      calls(check.calls());
    }
    if (failures.size() > before) {
      stuck();
    }
    if (!check.deliveries().isEmpty()) {
      deliveries(check.deliveries());
    }
  }

  /** What is missing is mostly missing because a delivery failed. */
  private void stuck() throws SQLException {
    List<String> stuck = new ArrayList<>();
    deliveries()
        .forEach(
            (route, states) ->
                states.stream()
                    .filter(state -> !state.state().equals("done") && state.error() != null)
                    .forEach(state -> stuck.add(told(Map.entry(route, List.of(state))))));
    if (!stuck.isEmpty()) {
      failures.add(
          Mismatch.of("deliveries that failed meanwhile:\n  " + String.join("\n  ", stuck)));
    }
  }

  private void rows(Rows rows) throws SQLException {
    DataSource where = database;
    String name = rows.database();
    if (name != null) {
      Optional<Databases.Copy> other = others.find(name);
      if (other.isEmpty()) {
        failures.add(
            Mismatch.of(
                "line %s: no bean '%s' leads to a database%s"
                    .formatted(rows.line(), name, Nearest.didYouMean(name, others.names()))));
        return;
      }
      where = other.get();
    }
    List<Map<String, @Nullable Object>> actual;
    try {
      actual = query(where, rows.query());
    } catch (SQLException e) {
      failures.add(
          Mismatch.of(
              "line %s: the query fails: %s\n  %s"
                      .formatted(rows.line(), Lines.one(e.getMessage()), Lines.one(rows.query()))
                  + (rows.cut()
                      ? "\n"
                          + "  In YAML ' #' begins a comment, so the query ends there; put it in"
                          + " quotes."
                      : "")));
      return;
    }
    List<Map<String, @Nullable Object>> expected = rows.are();
    boolean well = actual.size() == rows.count();
    if (expected != null && well) {
      for (int i = 0; i < expected.size(); i++) {
        Map<String, @Nullable Object> row = actual.get(i);
        well &=
            expected.get(i).entrySet().stream()
                .allMatch(
                    column ->
                        row.containsKey(column.getKey())
                            && Compare.same(column.getValue(), row.get(column.getKey())));
      }
    }
    if (!well) {
      failures.add(
          new Mismatch(
              "line " + rows.line() + ": " + Lines.one(rows.query()),
              expected == null
                  ? List.of(rows.count() + (rows.count() == 1 ? " row" : " rows"))
                  : expected.stream().map(Looking::row).toList(),
              actual.stream().map(Looking::row).toList()));
    }
  }

  private static List<Map<String, @Nullable Object>> query(DataSource database, String sql)
      throws SQLException {
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          Object value = result.getObject(i);
          boolean plain = value == null || value instanceof Boolean || value instanceof Number;
          row.put(result.getMetaData().getColumnLabel(i), plain ? value : result.getString(i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private void mails(List<Mail> expected) {
    List<MailStand.Taken> open = new ArrayList<>(mails.taken());
    boolean well = open.size() == expected.size() && each(expected, open, Looking::is);
    if (!well) {
      failures.add(
          new Mismatch(
              "e-mails" + line(expected.stream().map(Mail::line)),
              expected.stream().map(Looking::told).toList(),
              mails.taken().stream()
                  .map(
                      one ->
                          "to %s, subject %s%s"
                              .formatted(
                                  one.header("To"), one.header("Subject"), missing(expected, one)))
                  .toList()));
    }
  }

  /** Where the first of what is expected stands, if anything is. */
  static String line(Stream<Integer> lines) {
    return lines.findFirst().map(line -> " (line " + line + ")").orElse("");
  }

  private static String told(Mail mail) {
    List<String> parts = new ArrayList<>();
    told("to", mail.to(), parts);
    told("from", mail.from(), parts);
    told("subject", mail.subject(), parts);
    mail.contains().forEach(text -> parts.add("contains " + text));
    mail.lacks().forEach(text -> parts.add("lacks " + text));
    mail.headers().forEach((name, value) -> parts.add(name + ": " + value));
    return String.join(", ", parts);
  }

  private static void told(String name, @Nullable String value, List<String> into) {
    if (value != null) {
      into.add(name + " " + value);
    }
  }

  /** What of an expected text this e-mail does not contain, where it is the one that was meant. */
  private static String missing(List<Mail> expected, MailStand.Taken taken) {
    StringBuilder text = new StringBuilder();
    for (Mail mail : expected) {
      if (mail.to() == null || Globs.matches(mail.to(), taken.header("To"))) {
        for (String wanted : mail.contains()) {
          if (!taken.text().contains(wanted)) {
            text.append(", without ").append(wanted);
          }
        }
        for (String unwanted : mail.lacks()) {
          if (taken.text().contains(unwanted)) {
            text.append(", with ").append(unwanted);
          }
        }
      }
    }
    return text.toString();
  }

  private static boolean is(Mail expected, MailStand.Taken actual) {
    return matches(expected.to(), actual.header("To"))
        && matches(expected.from(), actual.header("From"))
        && matches(expected.subject(), actual.header("Subject"))
        && expected.contains().stream().allMatch(actual.text()::contains)
        && expected.lacks().stream().noneMatch(actual.text()::contains)
        && matches(expected.headers(), actual::header);
  }

  private static boolean matches(@Nullable String expected, String actual) {
    return expected == null || Globs.matches(expected, actual);
  }

  private static boolean matches(Map<String, String> expected, UnaryOperator<String> actual) {
    return expected.entrySet().stream()
        .allMatch(header -> Globs.matches(header.getValue(), actual.apply(header.getKey())));
  }

  /** Whether there is exactly one for each that is expected. */
  private static <E, A> boolean each(List<E> expected, List<A> open, BiPredicate<E, A> is) {
    boolean well = true;
    for (E one : expected) {
      well &=
          open.stream().filter(it -> is.test(one, it)).findFirst().map(open::remove).orElse(false);
    }
    return well;
  }

  private void calls(List<Call> expected) {
    List<Outgoing> open = new ArrayList<>(outside.taken());
    boolean well = each(expected, open, Looking::is);
    // A token is fetched on the way; it is looked at only where a test names it.
    well &= open.stream().allMatch(Outgoing::asksForToken);
    if (!well) {
      Set<String> named = new TreeSet<>();
      expected.forEach(call -> named.addAll(call.headers().keySet()));
      failures.add(
          new Mismatch(
              "calls" + line(expected.stream().map(Call::line)),
              expected.stream().map(Looking::told).toList(),
              counted(
                  outside.taken().stream()
                      .filter(one -> !one.asksForToken() || !open.contains(one))
                      .map(one -> one.told(named))
                      .toList())));
    }
  }

  /** Each text once where it comes several times one after another. */
  private static List<String> counted(List<String> texts) {
    List<String> counted = new ArrayList<>();
    for (int i = 0, times = 1; i < texts.size(); i++, times++) {
      if (i + 1 == texts.size() || !texts.get(i).equals(texts.get(i + 1))) {
        counted.add(texts.get(i) + (times > 1 ? " (" + times + " times)" : ""));
        times = 0;
      }
    }
    return counted;
  }

  private static String told(Call call) {
    String url = call.url();
    String path = call.path() == null ? "*" : call.path();
    String where = url != null ? url : (call.host() == null ? "" : call.host()) + path;
    return "%s %s%s%s%s"
        .formatted(
            call.method() == null ? "*" : call.method(),
            where,
            call.json() == null ? "" : " " + json(call.json()),
            call.body() == null ? "" : " " + call.body(),
            call.headers().isEmpty() ? "" : " " + call.headers());
  }

  private static boolean is(Call expected, Outgoing actual) {
    return (expected.method() == null || expected.method().equals(actual.method()))
        && matches(expected.url(), actual.url())
        && (expected.host() == null || actual.isOf(expected.host()))
        && matches(expected.path(), actual.path())
        && (expected.json() == null || Compare.within(expected.json(), actual.json()))
        && matches(expected.body(), actual.text())
        && matches(expected.headers(), name -> actual.headers().getOrDefault(name, ""));
  }

  private void deliveries(Map<String, List<State>> expected) throws SQLException {
    Map<String, List<State>> actual = deliveries();
    boolean well = true;
    for (Map.Entry<String, List<State>> route : expected.entrySet()) {
      List<State> open = new ArrayList<>(actual.getOrDefault(route.getKey(), List.of()));
      well &= open.size() == route.getValue().size() && each(route.getValue(), open, Looking::is);
    }
    if (!well) {
      failures.add(
          new Mismatch(
              "deliveries",
              expected.entrySet().stream().map(Looking::told).toList(),
              actual.entrySet().stream().map(Looking::told).toList()));
    }
  }

  private static boolean is(State expected, State actual) {
    return expected.state().equals(actual.state())
        && (expected.attempts() == null || expected.attempts().equals(actual.attempts()))
        && (expected.error() == null || String.valueOf(actual.error()).contains(expected.error()));
  }

  private static String told(Map.Entry<String, List<State>> route) {
    List<String> states = new ArrayList<>();
    for (State state : route.getValue()) {
      states.add(
          state.state()
              + (state.attempts() == null ? "" : " after " + state.attempts() + " attempts")
              + (state.error() == null ? "" : " (" + state.error() + ")"));
    }
    return route.getKey() + ": " + (states.isEmpty() ? "none" : String.join(", ", states));
  }

  /** Every delivery, for a person. */
  List<String> told() throws SQLException {
    return deliveries().entrySet().stream().map(Looking::told).toList();
  }

  private Map<String, List<State>> deliveries() throws SQLException {
    Map<String, List<State>> states = new TreeMap<>();
    for (Map<String, @Nullable Object> row :
        query(
            database,
            "select route, state, attempts, error from payhook.delivery order by route, seq")) {
      Object error = row.get("error");
      states
          .computeIfAbsent(String.valueOf(row.get("route")), route -> new ArrayList<>())
          .add(
              new State(
                  String.valueOf(row.get("state")),
                  Integer.valueOf(String.valueOf(row.get("attempts"))),
                  error == null ? null : String.valueOf(error)));
    }
    return states;
  }

  private static String row(Map<String, @Nullable Object> row) {
    List<String> columns = new ArrayList<>();
    row.forEach((name, value) -> columns.add(name + "=" + value));
    return String.join(" ", columns);
  }

  static String json(@Nullable Object value) {
    return Json.MAPPER.valueToTree(value).toString();
  }
}

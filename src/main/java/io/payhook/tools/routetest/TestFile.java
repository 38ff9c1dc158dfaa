package io.payhook.tools.routetest;

import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.kit.Located;
import io.payhook.tools.routetest.RouteTest.Answer;
import io.payhook.tools.routetest.RouteTest.Call;
import io.payhook.tools.routetest.RouteTest.Check;
import io.payhook.tools.routetest.RouteTest.Mail;
import io.payhook.tools.routetest.RouteTest.MoveClock;
import io.payhook.tools.routetest.RouteTest.Rows;
import io.payhook.tools.routetest.RouteTest.Send;
import io.payhook.tools.routetest.RouteTest.Signature;
import io.payhook.tools.routetest.RouteTest.State;
import io.payhook.tools.routetest.RouteTest.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a {@code tests.yaml}, strictly: a name that means nothing is a problem with its place. */
final class TestFile {
  private static final List<String> SEND =
      List.of(
          "send",
          "endpoint",
          "with",
          "without",
          "body",
          "headers",
          "signature",
          "late",
          "times",
          "together",
          "answer");
  private static final List<String> CHECK =
      List.of("rows", "emails", "calls", "facts", "deliveries");
  private static final List<String> TEST =
      all(List.of(List.of("name", "fails", "stubs", "steps"), SEND, CHECK));
  private static final List<String> STEP = all(List.of(SEND, List.of("clock"), CHECK));
  private static final List<String> STATES =
      List.of("pending", "running", "done", "retrying", "dead", "skipped");

  private final Path folder;
  private final Path shown;

  private TestFile(Path file, Path shown) {
    this.folder = file.resolveSibling("").toAbsolutePath().normalize();
    this.shown = shown;
  }

  /**
   * The tests of a file.
   *
   * @param shown how the file is called in messages
   * @param problems gets what is wrong, each with its place
   */
  static List<RouteTest> read(Path file, Path shown, List<String> problems) {
    try {
      Optional<Located> root = Located.parse(shown, TextFile.read(file));
      if (root.isPresent()) {
        return new TestFile(file, shown).tests(new Item(root.get(), problems));
      }
      problems.add(shown + ": is empty; 'tests:' and a list of tests would be right");
    } catch (Located.Broken e) {
      problems.add("%s: %s; %s".formatted(e.location(), e.getMessage(), e.right()));
    } catch (IOException e) {
      problems.add(Trouble.of(shown, e).toString());
    }
    return List.of();
  }

  private static List<String> all(List<List<String>> lists) {
    return lists.stream().flatMap(List::stream).toList();
  }

  private List<RouteTest> tests(Item root) {
    Members parts = root.members(List.of("stubs", "tests"));
    Item list = parts.get("tests");
    List<Stub> shared = FarEnds.stubs(parts);
    List<RouteTest> tests = new ArrayList<>();
    if (list == null) {
      root.problem("'tests:' and a list of tests would be right");
      return tests;
    }
    Map<String, Integer> lines = new HashMap<>();
    for (Item item : list.items()) {
      Members members = item.members(TEST);
      Item name = members.get("name");
      if (name == null) {
        item.problem("has no name; a sentence such as 'a payment is recorded once' would be right");
      } else {
        Integer before = lines.put(name.text(), name.line());
        if (before != null) {
          name.problem("a test in line " + before + " has this name too; give it another");
        }
      }
      tests.add(
          new RouteTest(
              shown,
              item.line(),
              name == null ? "" : name.text(),
              folder,
              FarEnds.faults(members),
              Stream.concat(FarEnds.stubs(members).stream(), shared.stream()).toList(),
              steps(item, members)));
    }
    return tests;
  }

  private static List<Step> steps(Item test, Members members) {
    List<Step> steps = new ArrayList<>();
    boolean sends = members.has(SEND);
    Item list = members.get("steps");
    if (sends && list != null) {
      list.problem("a test has 'steps:' or one 'send:', not both");
    } else if (!sends && list == null) {
      test.problem("does nothing; 'send: TYPE' or a list of 'steps:' would be right");
    }
    if (sends) {
      steps.add(send(test, members));
    }
    members.list("steps", TestFile::step).forEach(steps::addAll);
    if (members.has(CHECK)) {
      steps.add(check(members));
    }
    return steps;
  }

  /** What a request brought may be stated beside it. */
  private static List<Step> step(Item item) {
    Members members = item.members(STEP);
    Item clock = members.get("clock");
    boolean sends = members.has(SEND);
    boolean checks = members.has(CHECK);
    boolean beside =
        sends && CHECK.stream().filter(members.all()::containsKey).allMatch("facts"::equals);
    if ((clock != null ? 1 : 0) + (sends ? 1 : 0) + (checks && !beside ? 1 : 0) > 1) {
      item.problem("does more than one thing; write a step for each");
    }
    if (clock != null) {
      return List.of(new MoveClock(clock.duration()));
    }
    if (!sends && checks) {
      return List.of(check(members));
    }
    Send send = send(item, members);
    return checks ? List.of(send, check(members)) : List.of(send);
  }

  private static Send send(Item item, Members members) {
    if (members.get("send") == null) {
      item.problem("sends nothing; 'send: TYPE' names the sample");
    }
    return new Send(
        item.line(),
        members.text("endpoint"),
        members.read("send", "", Item::text),
        members.read("with", Map.of(), Item::values),
        members.list("without", Item::text),
        members.text("body"),
        members.texts("headers"),
        members.read("signature", Signature.GOOD, TestFile::signature),
        members.read("late", Duration.ZERO, Item::duration),
        members.read("times", 1, times -> times.number(1)),
        members.read("together", false, Item::yes),
        members.read("answer", List.of(new Answer(200, Map.of())), TestFile::answers));
  }

  private static Signature signature(Item item) {
    return item.isOneOf(List.of("good", "bad", "missing"), "'%s' is no signature")
        ? Signature.valueOf(item.text().toUpperCase(Locale.ROOT))
        : Signature.GOOD;
  }

  private static List<Answer> answers(Item item) {
    return item.items().stream().map(TestFile::answer).toList();
  }

  private static Answer answer(Item item) {
    if (item.isMap()) {
      Members members = item.members(List.of("status", "body"));
      return new Answer(
          members.read("status", 200, status -> status.number(100)),
          members.read("body", Map.of(), Item::values));
    }
    return item.text().matches("[a-z]+") ? word(item) : new Answer(item.number(100), Map.of());
  }

  /** {@code accepted} and {@code duplicate} say it all. */
  private static Answer word(Item item) {
    item.isOneOf(List.of("accepted", "duplicate"), "'%s' is no answer, nor a status such as 401");
    return new Answer(200, Map.of("status", item.text()));
  }

  private static Check check(Members members) {
    Map<String, List<State>> deliveries = new LinkedHashMap<>();
    Item states = members.get("deliveries");
    if (states != null) {
      states
          .members()
          .forEach(
              (route, value) ->
                  deliveries.put(route, value.items().stream().map(TestFile::state).toList()));
    }
    return new Check(
        members.list("rows", TestFile::rows),
        members.read("emails", all -> members.list("emails", TestFile::mail)),
        members.read("calls", all -> members.list("calls", TestFile::call)),
        members.read("facts", JournalFacts::read),
        deliveries);
  }

  private static Rows rows(Item item) {
    Members members = item.members(List.of("query", "database", "are", "count"));
    Item query = members.get("query");
    Item count = members.get("count");
    if (query == null) {
      item.problem("has no query; 'query: select status from payment' would be one");
    }
    if ((members.get("are") == null) == (count == null)) {
      item.problem("needs either 'are:' with the rows, or 'count:'");
    }
    List<Map<String, @Nullable Object>> expected = members.read("are", Item::rows);
    return new Rows(
        item.line(),
        query == null ? "" : query.text(),
        query != null && query.isCut(),
        members.text("database"),
        expected,
        expected != null ? expected.size() : count == null ? 0 : count.number(0));
  }

  private static Mail mail(Item item) {
    Members members =
        item.members(List.of("to", "from", "subject", "contains", "lacks", "headers"));
    return new Mail(
        item.line(),
        members.text("to"),
        members.text("from"),
        members.text("subject"),
        members.list("contains", Item::text),
        members.list("lacks", Item::text),
        members.texts("headers"));
  }

  private static Call call(Item item) {
    Members members =
        item.members(List.of("method", "url", "host", "path", "json", "body", "headers"));
    return new Call(
        item.line(),
        members.text("method"),
        members.text("url"),
        members.text("host"),
        members.text("path"),
        members.read("json", Item::value),
        members.text("body"),
        members.texts("headers"));
  }

  private static State state(Item item) {
    if (!item.isMap()) {
      return new State(known(item), null, null);
    }
    Members members = item.members(List.of("state", "attempts", "error"));
    if (members.get("state") == null) {
      item.problem("has no state; one of: " + String.join(", ", STATES));
    }
    return new State(
        members.read("state", "", TestFile::known),
        members.read("attempts", attempts -> attempts.number(0)),
        members.text("error"));
  }

  private static String known(Item item) {
    item.isOneOf(STATES, "'%s' is no state of a delivery");
    return item.text();
  }
}

package io.payhook.tools.routetest;

import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
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
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

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
      all(List.of("name", "fails", "stubs", "steps"), SEND, CHECK);
  private static final List<String> STEP = all(SEND, List.of("clock"), CHECK);
  private static final List<String> STATES =
      List.of("pending", "running", "done", "retrying", "dead", "skipped");

  private final Path file;
  private final Path shown;

  private TestFile(Path file, Path shown) {
    this.file = file;
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
      Optional<Node> root =
          new Compose(LoadSettings.builder().setLabel(shown.toString()).build())
              .composeString(TextFile.read(file));
      if (root.isEmpty()) {
        problems.add(shown + ": is empty; 'tests:' and a list of tests would be right");
        return List.of();
      }
      return new TestFile(file, shown).tests(new Item(root.get(), shown, problems));
    } catch (MarkedYamlEngineException e) {
      problems.add(
          shown
              + e.getProblemMark()
                  .map(mark -> ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
                  .orElse("")
              + ": not YAML: "
              + e.getProblem());
    } catch (IOException e) {
      problems.add(Trouble.of(shown, e).toString());
    } catch (YamlEngineException e) {
      problems.add(shown + ": can't be read: " + e.getMessage());
    }
    return List.of();
  }

  @SafeVarargs
  private static List<String> all(List<String>... lists) {
    List<String> all = new ArrayList<>();
    for (List<String> list : lists) {
      all.addAll(list);
    }
    return List.copyOf(all);
  }

  private List<RouteTest> tests(Item root) {
    Map<String, Item> parts = root.members(List.of("stubs", "tests"));
    Item list = parts.get("tests");
    List<Stub> shared = FarEnds.stubs(parts.get("stubs"));
    List<RouteTest> tests = new ArrayList<>();
    if (list == null) {
      root.problem("'tests:' and a list of tests would be right");
      return tests;
    }
    Map<String, Integer> lines = new HashMap<>();
    for (Item item : list.items()) {
      Map<String, Item> members = item.members(TEST);
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
              folder(),
              FarEnds.faults(members.get("fails")),
              Stream.concat(FarEnds.stubs(members.get("stubs")).stream(), shared.stream()).toList(),
              steps(item, members)));
    }
    return tests;
  }

  private Path folder() {
    return file.resolveSibling("").toAbsolutePath().normalize();
  }

  private List<Step> steps(Item test, Map<String, Item> members) {
    List<Step> steps = new ArrayList<>();
    boolean sends = SEND.stream().anyMatch(members::containsKey);
    Item list = members.get("steps");
    if (sends && list != null) {
      list.problem("a test has 'steps:' or one 'send:', not both");
    } else if (!sends && list == null) {
      test.problem("does nothing; 'send: TYPE' or a list of 'steps:' would be right");
    }
    if (sends) {
      steps.add(send(test, members));
    }
    if (list != null) {
      for (Item item : list.items()) {
        steps.addAll(step(item));
      }
    }
    if (CHECK.stream().anyMatch(members::containsKey)) {
      steps.add(check(members));
    }
    return steps;
  }

  /** What a request brought may be stated beside it. */
  private List<Step> step(Item item) {
    Map<String, Item> members = item.members(STEP);
    Item clock = members.get("clock");
    boolean sends = SEND.stream().anyMatch(members::containsKey);
    boolean checks = CHECK.stream().anyMatch(members::containsKey);
    boolean checksFactsAlone =
        CHECK.stream().filter(members::containsKey).allMatch("facts"::equals);
    if ((clock != null ? 1 : 0) + (sends ? 1 : 0) + (checks && !(sends && checksFactsAlone) ? 1 : 0)
        > 1) {
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

  private Send send(Item item, Map<String, Item> members) {
    Item type = members.get("send");
    if (type == null) {
      item.problem("sends nothing; 'send: TYPE' names the sample");
    }
    Map<String, @Nullable Object> with = new LinkedHashMap<>();
    Item changes = members.get("with");
    if (changes != null) {
      changes.members().forEach((path, value) -> with.put(path, value.value()));
    }
    Map<String, String> headers = texts(members.get("headers"));
    Item times = members.get("times");
    Item together = members.get("together");
    Item late = members.get("late");
    return new Send(
        item.line(),
        text(members.get("endpoint")),
        type == null ? "" : type.text(),
        with,
        list(members.get("without")),
        text(members.get("body")),
        headers,
        signature(members.get("signature")),
        late == null ? Duration.ZERO : late.duration(),
        times == null ? 1 : times.number(1),
        together != null && together.yes(),
        answers(members.get("answer")));
  }

  private static Signature signature(@Nullable Item item) {
    if (item == null) {
      return Signature.GOOD;
    }
    return item.isOneOf(List.of("good", "bad", "missing"), "'%s' is no signature")
        ? Signature.valueOf(item.text().toUpperCase(Locale.ROOT))
        : Signature.GOOD;
  }

  private static List<Answer> answers(@Nullable Item item) {
    if (item == null) {
      return List.of(new Answer(200, Map.of()));
    }
    List<Answer> answers = new ArrayList<>();
    for (Item one : item.items()) {
      if (!one.isMap()) {
        answers.add(
            one.text().matches("[a-z]+") ? word(one) : new Answer(one.number(100), Map.of()));
        continue;
      }
      Map<String, Item> members = one.members(List.of("status", "body"));
      Item status = members.get("status");
      Map<String, @Nullable Object> body = new LinkedHashMap<>();
      Item json = members.get("body");
      if (json != null) {
        json.members().forEach((name, value) -> body.put(name, value.value()));
      }
      answers.add(new Answer(status == null ? 200 : status.number(100), body));
    }
    return answers;
  }

  /** {@code accepted} and {@code duplicate} say it all. */
  private static Answer word(Item item) {
    item.isOneOf(List.of("accepted", "duplicate"), "'%s' is no answer, nor a status such as 401");
    return new Answer(200, Map.of("status", item.text()));
  }

  private static Check check(Map<String, Item> members) {
    List<Rows> rows = new ArrayList<>();
    Item queries = members.get("rows");
    if (queries != null) {
      queries.items().forEach(item -> rows.add(rows(item)));
    }
    Item emails = members.get("emails");
    Item calls = members.get("calls");
    Item facts = members.get("facts");
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
        rows,
        emails == null ? null : emails.items().stream().map(TestFile::mail).toList(),
        calls == null ? null : calls.items().stream().map(TestFile::call).toList(),
        facts == null ? null : JournalFacts.read(facts),
        deliveries);
  }

  private static Rows rows(Item item) {
    Map<String, Item> members = item.members(List.of("query", "database", "are", "count"));
    Item query = members.get("query");
    Item are = members.get("are");
    Item count = members.get("count");
    if (query == null) {
      item.problem("has no query; 'query: select status from payment' would be one");
    }
    if ((are == null) == (count == null)) {
      item.problem("needs either 'are:' with the rows, or 'count:'");
    }
    List<Map<String, @Nullable Object>> expected = null;
    if (are != null) {
      expected = new ArrayList<>();
      if (!are.isList()) {
        are.problem("should be a list of rows, each a map of columns");
      }
      for (Item row : are.isList() ? are.items() : List.<Item>of()) {
        Map<String, @Nullable Object> columns = new LinkedHashMap<>();
        row.members().forEach((name, value) -> columns.put(name, value.value()));
        expected.add(columns);
      }
    }
    return new Rows(
        item.line(),
        query == null ? "" : query.text(),
        query != null && query.isCut(),
        text(members.get("database")),
        expected,
        expected != null ? expected.size() : count == null ? 0 : count.number(0));
  }

  private static Mail mail(Item item) {
    Map<String, Item> members =
        item.members(List.of("to", "from", "subject", "contains", "lacks", "headers"));
    return new Mail(
        item.line(),
        text(members.get("to")),
        text(members.get("from")),
        text(members.get("subject")),
        list(members.get("contains")),
        list(members.get("lacks")),
        texts(members.get("headers")));
  }

  private static Call call(Item item) {
    Map<String, Item> members =
        item.members(List.of("method", "url", "host", "path", "json", "body", "headers"));
    Item json = members.get("json");
    return new Call(
        item.line(),
        text(members.get("method")),
        text(members.get("url")),
        text(members.get("host")),
        text(members.get("path")),
        json == null ? null : json.value(),
        text(members.get("body")),
        texts(members.get("headers")));
  }

  private static State state(Item item) {
    if (!item.isMap()) {
      return new State(known(item), null, null);
    }
    Map<String, Item> members = item.members(List.of("state", "attempts", "error"));
    Item state = members.get("state");
    Item attempts = members.get("attempts");
    if (state == null) {
      item.problem("has no state; one of: " + String.join(", ", STATES));
    }
    return new State(
        state == null ? "" : known(state),
        attempts == null ? null : attempts.number(0),
        text(members.get("error")));
  }

  private static String known(Item item) {
    item.isOneOf(STATES, "'%s' is no state of a delivery");
    return item.text();
  }

  private static @Nullable String text(@Nullable Item item) {
    return item == null ? null : item.text();
  }

  private static List<String> list(@Nullable Item item) {
    return item == null ? List.of() : item.items().stream().map(Item::text).toList();
  }

  private static Map<String, String> texts(@Nullable Item item) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (item != null) {
      item.members().forEach((name, value) -> texts.put(name, value.text()));
    }
    return texts;
  }
}

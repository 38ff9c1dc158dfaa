package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code payhook replay}. */
@Command(
    name = "replay",
    description =
        "Puts deliveries back to pending, or sends past events to a route that was added later.",
    footer = {
      "",
      "payhook replay EVENT-ID                      dead and waiting deliveries of this event, at once",
      "payhook replay EVENT-ID --route ROUTE        only for this route, even if it never got the event",
      "payhook replay --state dead --dry-run        number of dead deliveries, by route",
      "payhook replay --state dead --route ROUTE    all dead deliveries of one route",
      "payhook replay --state unrouted              events that no route wanted, for the routes that want them now",
      "payhook replay --state missing --route ROUTE --since 7d",
      "                                             what a new route never got"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ReplayCommand extends ManagementCommand {
  private static final int BATCH = 5_000;

  @Parameters(
      paramLabel = "EVENT-ID",
      arity = "0..1",
      description = "The event whose deliveries are replayed.")
  private @Nullable String event;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description =
          "Instead of one event: all that are dead, retrying, skipped, unrouted or missing.")
  private @Nullable String state;

  @Option(names = "--route", paramLabel = "ID", description = "Of this route alone.")
  private @Nullable String route;

  @Option(
      names = "--endpoint",
      paramLabel = "NAME",
      description = "With --state: only events of this endpoint; * matches any text.")
  private @Nullable String endpoint;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "With --state: only events received since then, such as 30m, 12h, 7d or 2026-11-23.")
  private @Nullable String since;

  @Option(
      names = "--again",
      description = "With EVENT-ID: also done deliveries. Their effects happen once more.")
  private boolean again;

  @Option(
      names = "--release",
      description = "With EVENT-ID of a conflict: its routes get it as an event of its own.")
  private boolean release;

  @Option(names = "--dry-run", description = "Only reports what it would do.")
  private boolean dryRun;

  @Override
  int ask() throws IOException, InterruptedException {
    if ((event == null) == (state == null)) {
      throw new ParameterException(
          spec.commandLine(),
          event == null
              ? "replay needs an event's id, or --state"
              : "replay takes an event's id or --state, not both");
    }
    return event == null ? many() : one();
  }

  private Map<String, @Nullable Object> body() {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("event", event);
    body.put("state", state);
    body.put("route", route);
    body.put("endpoint", endpoint);
    body.put("since", since);
    body.put("again", again);
    body.put("release", release);
    body.put("dryRun", dryRun);
    return body;
  }

  private int one() throws IOException, InterruptedException {
    JsonNode answer = post("/replay", body());
    int replayed = answer.path("replayed").asInt();
    if (json) {
      print(answer);
      return replayed > 0 ? 0 : Cli.NO;
    }
    Table table =
        new Table()
            .cut("ROUTE", 8, 0)
            .cut("WAS", 7, 0)
            .whole(dryRun ? "WOULD BE" : "IS", 0)
            .cut("NOTE", 10, 1);
    for (JsonNode delivery : answer.path("deliveries")) {
      boolean left = text(delivery.path("action")).equals("left");
      int run = delivery.path("run").asInt();
      table.row(
          text(delivery.path("route")),
          text(delivery.path("from")),
          left ? text(delivery.path("from")) : run > 1 ? "pending (run " + run + ")" : "pending",
          text(delivery.path("note")));
    }
    if (!table.isEmpty()) {
      print(table);
    }
    if (replayed == 0) {
      note(
          table.isEmpty()
              ? "No route wants this event; --route gives it to one by name."
              : "Nothing of this event is to be replayed.");
      return Cli.NO;
    }
    return 0;
  }

  private int many() throws IOException, InterruptedException {
    Map<String, Integer> routes = new TreeMap<>();
    String next = null;
    do {
      Map<String, @Nullable Object> body = body();
      body.put("limit", BATCH);
      body.put("after", next);
      JsonNode answer;
      try {
        answer = post("/replay", body);
      } catch (IOException e) {
        if (next != null) {
          note(
              "Stopped after "
                  + Lines.count(total(routes), "delivery", "deliveries")
                  + "; the same command goes on with the rest.");
        }
        throw e;
      }
      answer
          .path("routes")
          .properties()
          .forEach(one -> routes.merge(one.getKey(), one.getValue().asInt(), Integer::sum));
      next = answer.path("next").isTextual() ? answer.path("next").asText() : null;
    } while (next != null);
    if (json) {
      ObjectNode tree = Json.MAPPER.createObjectNode();
      tree.put("dryRun", dryRun);
      tree.put("replayed", total(routes));
      tree.set("routes", Json.MAPPER.valueToTree(routes));
      print(tree);
      return 0;
    }
    Table table = new Table().cut("ROUTE", 8, 0).whole("DELIVERIES", 0);
    routes.forEach((name, number) -> table.row(name, String.valueOf(number)));
    if (table.isEmpty()) {
      note("Nothing is to be replayed.");
      return 0;
    }
    print(table);
    note(
        Lines.count(total(routes), "delivery", "deliveries")
            + (dryRun ? " would be pending." : " pending now."));
    return 0;
  }

  private static int total(Map<String, Integer> routes) {
    return routes.values().stream().mapToInt(Integer::intValue).sum();
  }
}

package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code payhook events}. */
@Command(
    name = "events",
    description = "Lists the events of the journal, newest first.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class EventsCommand extends ManagementCommand {
  /** Pages that are looked at for a search that finds little. */
  private static final int PAGES_MAX = 50;

  @Option(
      names = "--endpoint",
      paramLabel = "NAME",
      description = "Of this endpoint; * stands for any text.")
  private @Nullable String endpoint;

  @Option(names = "--type", paramLabel = "TYPE", description = "Of this type, such as 'payment.*'.")
  private @Nullable String type;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "accepted, unrouted, conflict or unconfirmed.")
  private @Nullable String state;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Received since then: how long ago, such as 30m, 12h or 7d, or 2026-11-23.")
  private @Nullable String since;

  @Option(
      names = "--search",
      paramLabel = "TEXT",
      description = "With this text in key, entity or body; or with this key or id.")
  private @Nullable String search;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "At most so many (${DEFAULT-VALUE}).")
  private int limit;

  @Option(
      names = "--before",
      paramLabel = "ID",
      description = "Goes on after a list that ended here.")
  private @Nullable String before;

  @Override
  int ask() throws IOException, InterruptedException {
    if (limit < 1) {
      throw new ParameterException(
          spec.commandLine(), "--limit is " + limit + "; it is a whole number from 1");
    }
    ArrayNode events = JSON.createArrayNode();
    String next = before;
    int pages = 0;
    do {
      Map<String, @Nullable Object> query = new LinkedHashMap<>();
      query.put("endpoint", endpoint);
      query.put("type", type);
      query.put("state", state);
      query.put("since", since);
      query.put("search", search);
      query.put("before", next);
      query.put("limit", Math.min(PAGE, limit - events.size()));
      JsonNode page = get("/events", query);
      page.path("events").forEach(events::add);
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
      pages++;
    } while (next != null && events.size() < limit && pages < PAGES_MAX);
    if (json) {
      ObjectNode tree = JSON.createObjectNode();
      tree.set("events", events);
      tree.put("next", next);
      print(tree);
      return 0;
    }
    if (!events.isEmpty()) {
      print(table(events));
    }
    if (next != null) {
      note(
          (events.size() < limit ? "The search is not at its end" : "There may be more")
              + "; go on with --before "
              + next);
    } else if (events.isEmpty()) {
      note("No events.");
    }
    return 0;
  }

  private static Table table(JsonNode events) {
    Table table =
        new Table()
            .whole("RECEIVED", 1)
            .whole("ID", 0)
            .cut("ENDPOINT", 6, 2)
            .cut("TYPE", 10, 0)
            .cut("KEY", 8, 3)
            .cut("AMOUNT", 6, 4)
            .cut("STATE", 8, 0);
    for (JsonNode event : events) {
      table.row(
          time(event.path("receivedAt")),
          text(event.path("id")),
          text(event.path("endpoint")),
          text(event.path("type")),
          text(event.path("key")),
          (text(event.path("amount")) + " " + text(event.path("currency"))).strip(),
          state(event));
    }
    return table;
  }

  /** Of an accepted event, what counts is what became of its deliveries. */
  private static String state(JsonNode event) {
    StringJoiner states = new StringJoiner(", ");
    event
        .path("deliveries")
        .properties()
        .forEach(state -> states.add(state.getValue().asText() + " " + state.getKey()));
    String own = text(event.path("state"));
    return states.length() > 0 && own.equals("accepted") ? states.toString() : own;
  }
}

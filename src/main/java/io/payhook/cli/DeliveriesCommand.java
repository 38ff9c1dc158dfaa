package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code payhook deliveries}. */
@Command(
    name = "deliveries",
    description = {
      "Lists deliveries: those that wait or run the longest waiting first, all others the newest event first."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class DeliveriesCommand extends ManagementCommand {
  private static final int PAGES_MAX = 50;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "pending, running, retrying, done, dead or skipped.")
  private @Nullable String state;

  @Option(names = "--route", paramLabel = "ID", description = "Of this route.")
  private @Nullable String route;

  @Option(
      names = "--endpoint",
      paramLabel = "NAME",
      description = "Of events of this endpoint; * stands for any text.")
  private @Nullable String endpoint;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "Of events received since then: how long ago, such as 30m, 12h or 7d, or 2026-11-23.")
  private @Nullable String since;

  @Option(
      names = "--orphaned",
      description = "Only those that wait for a route that nobody subscribes to.")
  private boolean orphaned;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "At most so many (${DEFAULT-VALUE}).")
  private int limit;

  @Option(
      names = "--after",
      paramLabel = "PLACE",
      description = "Goes on after a list that ended here.")
  private @Nullable String after;

  @Override
  int ask() throws IOException, InterruptedException {
    if (limit < 1) {
      throw new ParameterException(
          spec.commandLine(), "--limit is " + limit + "; it is a whole number from 1");
    }
    ArrayNode deliveries = JSON.createArrayNode();
    String next = after;
    int pages = 0;
    do {
      Map<String, @Nullable Object> query = new LinkedHashMap<>();
      query.put("state", state);
      query.put("route", route);
      query.put("endpoint", endpoint);
      query.put("since", since);
      query.put("orphaned", orphaned ? "true" : null);
      query.put("after", next);
      query.put("limit", Math.min(PAGE, limit - deliveries.size()));
      JsonNode page = get("/deliveries", query);
      page.path("deliveries").forEach(deliveries::add);
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
      pages++;
    } while (next != null && deliveries.size() < limit && pages < PAGES_MAX);
    if (json) {
      ObjectNode tree = JSON.createObjectNode();
      tree.set("deliveries", deliveries);
      tree.put("next", next);
      print(tree);
      return 0;
    }
    if (!deliveries.isEmpty()) {
      print(table(deliveries, true));
    }
    if (next != null) {
      note(
          (deliveries.size() < limit ? "The search is not at its end" : "There may be more")
              + "; go on with --after "
              + next);
    } else if (deliveries.isEmpty()) {
      note("No deliveries.");
    }
    return 0;
  }

  /**
   * @param withEvent whether to say of which event each one is
   */
  static Table table(JsonNode deliveries, boolean withEvent) {
    Table table = new Table();
    if (withEvent) {
      table.whole("EVENT", 0).cut("TYPE", 8, 4).whole("RECEIVED", 2);
    }
    table
        .cut("ROUTE", 8, 0)
        .cut("STATE", 7, 0)
        .whole("ATTEMPTS", 5)
        .whole(withEvent ? "DUE" : "DUE OR DONE", 3)
        .cut("ERROR", 10, 1);
    for (JsonNode delivery : deliveries) {
      String state =
          text(delivery.path("state"))
              + (delivery.path("orphaned").asBoolean() ? ", orphaned" : "");
      String attempts = text(delivery.path("attempts"));
      String due =
          switch (text(delivery.path("state"))) {
            case "pending", "retrying" -> time(delivery.path("dueAt"));
            default -> withEvent ? "" : time(delivery.path("doneAt"));
          };
      if (withEvent) {
        table.row(
            text(delivery.path("event")),
            text(delivery.path("type")),
            time(delivery.path("receivedAt")),
            text(delivery.path("route")),
            state,
            attempts,
            due,
            text(delivery.path("error")));
      } else {
        table.row(text(delivery.path("route")), state, attempts, due, text(delivery.path("error")));
      }
    }
    return table;
  }
}

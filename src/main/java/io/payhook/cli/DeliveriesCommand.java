package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code payhook deliveries}. */
@Command(
    name = "deliveries",
    description = {
      "Lists deliveries: open ones with the longest waiting first, all others with the newest event first."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class DeliveriesCommand extends ListCommand {
  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "State: pending, running, retrying, done, dead or skipped.")
  private @Nullable String state;

  @Option(names = "--route", paramLabel = "ID", description = "Of this route.")
  private @Nullable String route;

  @Option(
      names = "--endpoint",
      paramLabel = "NAME",
      description = "Only events of this endpoint; * matches any text.")
  private @Nullable String endpoint;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "Only events received since then: a duration such as 30m, 12h or 7d, or a date such as 2026-11-23.")
  private @Nullable String since;

  @Option(
      names = "--orphaned",
      description = "Only deliveries that wait for a route without a subscription.")
  private boolean orphaned;

  DeliveriesCommand() {
    super("deliveries", "after");
  }

  @Override
  void filter(Map<String, @Nullable Object> query) {
    query.put("state", state);
    query.put("route", route);
    query.put("endpoint", endpoint);
    query.put("since", since);
    query.put("orphaned", orphaned ? "true" : null);
  }

  @Override
  List<String> columns() {
    return List.of(
        "event",
        "route",
        "state",
        "endpoint",
        "type",
        "key",
        "receivedAt",
        "attempts",
        "dueAt",
        "doneAt",
        "category",
        "error");
  }

  @Override
  Table table(JsonNode deliveries) {
    return table(deliveries, true);
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

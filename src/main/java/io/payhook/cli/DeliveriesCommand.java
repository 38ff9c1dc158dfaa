package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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
  Table table() {
    Table table =
        new Table()
            .whole("EVENT", 0, Table.text("event"))
            .cut("TYPE", 8, 4, Table.text("type"))
            .whole("RECEIVED", 2, Table.time("receivedAt"));
    return delivery(table, "DUE", DeliveriesCommand::due);
  }

  /** The deliveries of one event. */
  static Table ofEvent() {
    Table table = new Table();
    return delivery(
        table,
        "DUE OR DONE",
        delivery -> due(delivery).isEmpty() ? time(delivery.path("doneAt")) : due(delivery));
  }

  private static Table delivery(Table table, String when, Function<JsonNode, String> time) {
    return table
        .cut("ROUTE", 8, 0, Table.text("route"))
        .cut("STATE", 7, 0, DeliveriesCommand::state)
        .whole("ATTEMPTS", 5, Table.text("attempts"))
        .whole(when, 3, time)
        .cut("ERROR", 10, 1, Table.text("error"));
  }

  private static String state(JsonNode delivery) {
    boolean orphaned = delivery.path("orphaned").asBoolean();
    return text(delivery.path("state")) + (orphaned ? ", orphaned" : "");
  }

  /** Empty where it waits for nothing. */
  private static String due(JsonNode delivery) {
    return switch (text(delivery.path("state"))) {
      case "pending", "retrying" -> time(delivery.path("dueAt"));
      default -> "";
    };
  }
}

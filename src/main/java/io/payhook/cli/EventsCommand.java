package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code payhook events}. */
@Command(
    name = "events",
    description = "Lists the events in the journal, newest first.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class EventsCommand extends ListCommand {
  @Option(
      names = "--endpoint",
      paramLabel = "NAME",
      description = "Only events of this endpoint; * matches any text.")
  private @Nullable String endpoint;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "Only events of this type, such as 'payment.*'.")
  private @Nullable String type;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "State: accepted, unrouted, conflict, unconfirmed or duplicate.")
  private @Nullable String state;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "Only events received since then: a duration such as 30m, 12h or 7d, or a date such as 2026-11-23.")
  private @Nullable String since;

  @Option(
      names = "--search",
      paramLabel = "TEXT",
      description =
          "Only events with this text in key, entity or body, or with this key, entity or id.")
  private @Nullable String search;

  EventsCommand() {
    super("events", "before");
  }

  @Override
  void filter(Map<String, @Nullable Object> query) {
    query.put("endpoint", endpoint);
    query.put("type", type);
    query.put("state", state);
    query.put("since", since);
    query.put("search", search);
  }

  @Override
  boolean searches() {
    return search != null;
  }

  @Override
  List<String> columns() {
    return List.of(
        "id",
        "endpoint",
        "type",
        "key",
        "entity",
        "amount",
        "currency",
        "occurredAt",
        "receivedAt",
        "origin",
        "state");
  }

  @Override
  Table table() {
    return new Table()
        .whole("RECEIVED", 1, Table.time("receivedAt"))
        .whole("ID", 0, Table.text("id"))
        .cut("ENDPOINT", 6, 2, Table.text("endpoint"))
        .cut("TYPE", 10, 0, Table.text("type"))
        .cut("KEY", 8, 3, Table.text("key"))
        .cut("AMOUNT", 6, 4, EventsCommand::amount)
        .cut("STATE", 8, 0, EventsCommand::state);
  }

  static String amount(JsonNode event) {
    return (text(event.path("amount")) + " " + text(event.path("currency"))).strip();
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

package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code payhook event}. */
@Command(
    name = "event",
    description = "Shows one event as received, its deliveries and their attempts.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class EventCommand extends ManagementCommand {
  @Parameters(paramLabel = "ID", description = "The event's id.")
  private String id = "";

  @Override
  int ask(ApiClient api) throws IOException, InterruptedException {
    JsonNode event = api.get("/events/" + ApiClient.encoded(id), Map.of());
    if (json) {
      json(event);
      return 0;
    }
    line("id", text(event.path("id")));
    line("endpoint", text(event.path("endpoint")));
    line("type", text(event.path("type")));
    line("key", text(event.path("key")));
    line("state", text(event.path("state")));
    boolean duplicate = text(event.path("state")).equals("duplicate");
    line(duplicate ? "repeats" : "conflict of", text(event.path("conflictOf")));
    line("entity", text(event.path("entity")));
    line("origin", text(event.path("origin")));
    line("received", time(event.path("receivedAt")));
    line("occurred", time(event.path("occurredAt")));
    line("amount", EventsCommand.amount(event));
    line("secret", text(event.path("secret")));
    differences(event.path("differences"));
    deliveries(event);
    request(event.path("request"));
    out().flush();
    return 0;
  }

  private void line(String name, String value) {
    if (!value.isEmpty()) {
      out().printf("%-12s %s%n", name, Table.oneLine(value));
    }
  }

  private void differences(JsonNode differences) {
    if (!differences.isEmpty()) {
      out().println();
      print(
          new Table()
              .cut("DIFFERS AT", 10, 0, Table.text("pointer"))
              .cut("FIRST EVENT", 10, 1, Table.text("first"))
              .cut("THIS ONE", 10, 2, Table.text("then"))
              .rows(differences));
    }
  }

  private void deliveries(JsonNode event) {
    PrintWriter out = out();
    out.println();
    if (event.path("deliveries").isEmpty()) {
      out.println(
          switch (text(event.path("state"))) {
            case "conflict" ->
                "No deliveries: it is a conflict. If it is an event of its own: payhook replay "
                    + id
                    + " --release";
            case "duplicate" -> "No deliveries: it repeats another event.";
            default -> "No deliveries: no route wanted it.";
          });
      return;
    }
    print(DeliveriesCommand.ofEvent().rows(event.path("deliveries")));
    if (!event.path("attempts").isEmpty()) {
      out.println();
      print(
          new Table()
              .whole("ATTEMPT", 0, EventCommand::number)
              .cut("ROUTE", 8, 0, Table.text("route"))
              .whole("STARTED", 1, Table.time("startedAt"))
              .whole("TOOK", 2, attempt -> text(attempt.path("milliseconds")) + " ms")
              .whole("OUTCOME", 0, Table.text("outcome"))
              .cut("NODE", 6, 3, Table.text("node"))
              .cut("ERROR", 10, 0, Table.text("error"))
              .rows(event.path("attempts")));
    }
  }

  private static String number(JsonNode attempt) {
    int run = attempt.path("run").asInt();
    return text(attempt.path("number")) + (run > 1 ? " (run " + run + ")" : "");
  }

  private void request(JsonNode request) {
    PrintWriter out = out();
    out.println();
    out.println(Table.oneLine(text(request.path("method")) + " " + text(request.path("url"))));
    for (JsonNode header : request.path("headers")) {
      out.println(Table.oneLine(header.path(0).asText() + ": " + header.path(1).asText()));
    }
    out.println();
    JsonNode body = request.path("body");
    if (body.has("json")) {
      out.println(Table.printable(Json.pretty(body.path("json"))));
    } else if (body.has("text")) {
      out.println(Table.printable(body.path("text").asText()));
    } else {
      out.println(
          Lines.count(body.path("size").asLong(), "byte", "bytes")
              + " that are not text; --json gives them as base64");
    }
  }
}

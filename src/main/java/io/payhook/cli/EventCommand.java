package io.payhook.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
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
  int ask() throws IOException, InterruptedException {
    JsonNode event =
        get(
            "/events/" + URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20"),
            Map.of());
    if (json) {
      print(event);
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
    line("amount", (text(event.path("amount")) + " " + text(event.path("currency"))).strip());
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
    Table table =
        new Table().cut("DIFFERS AT", 10, 0).cut("FIRST EVENT", 10, 1).cut("THIS ONE", 10, 2);
    for (JsonNode one : differences) {
      table.row(text(one.path("pointer")), text(one.path("first")), text(one.path("then")));
    }
    if (!table.isEmpty()) {
      out().println();
      print(table);
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
    print(DeliveriesCommand.table(event.path("deliveries"), false));
    Table attempts =
        new Table()
            .whole("ATTEMPT", 0)
            .cut("ROUTE", 8, 0)
            .whole("STARTED", 1)
            .whole("TOOK", 2)
            .whole("OUTCOME", 0)
            .cut("NODE", 6, 3)
            .cut("ERROR", 10, 0);
    for (JsonNode attempt : event.path("attempts")) {
      int run = attempt.path("run").asInt();
      attempts.row(
          text(attempt.path("number")) + (run > 1 ? " (run " + run + ")" : ""),
          text(attempt.path("route")),
          time(attempt.path("startedAt")),
          text(attempt.path("milliseconds")) + " ms",
          text(attempt.path("outcome")),
          text(attempt.path("node")),
          text(attempt.path("error")));
    }
    if (!attempts.isEmpty()) {
      out.println();
      print(attempts);
    }
  }

  private void request(JsonNode request) throws JsonProcessingException {
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

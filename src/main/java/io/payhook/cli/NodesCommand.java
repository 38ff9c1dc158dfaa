package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code payhook nodes}. */
@Command(
    name = "nodes",
    description = {
      "Lists the nodes that share the journal.",
      "The subscriptions of a silent or stopped node are in effect until the time "
          + "shown; after that, no event goes to a route that only it ran."
    },
    footer = {"", "payhook nodes forget NAME    ends the subscriptions of a departed node at once"},
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = NodesCommand.Forget.class)
final class NodesCommand extends ManagementCommand {

  @Override
  int ask(ApiClient api) throws IOException, InterruptedException {
    JsonNode nodes = api.get("/nodes", Map.of());
    if (json) {
      json(nodes);
    } else {
      print(
          new Table()
              .cut("NODE", 8, 0, Table.text("name"))
              .whole("STATE", 0, Table.text("state"))
              .whole("SEEN", 1, Table.time("seenAt"))
              .whole("COUNTS UNTIL", 2, NodesCommand::until)
              .whole("ROUTES", 3, Table.text("routes"))
              .cut("HOST", 8, 4, Table.text("host"))
              .whole("VERSION", 5, Table.text("version"))
              .rows(nodes.path("nodes")));
    }
    return 0;
  }

  private static String until(JsonNode node) {
    return text(node.path("state")).equals("live")
        ? ""
        : node.path("counts").asBoolean() ? time(node.path("expiresAt")) : "no more";
  }

  /** {@code payhook nodes forget}. */
  @Command(
      name = "forget",
      description = "Ends the subscriptions of a departed node at once.",
      mixinStandardHelpOptions = true,
      sortOptions = false)
  static final class Forget extends ManagementCommand {
    @Parameters(paramLabel = "NAME", description = "A stopped or silent node.")
    private String name = "";

    @Override
    int ask(ApiClient api) throws IOException, InterruptedException {
      JsonNode answer = api.post("/nodes/forget", Map.of("name", name));
      if (json) {
        json(answer);
      } else {
        say(name + " is forgotten.");
      }
      return 0;
    }
  }
}

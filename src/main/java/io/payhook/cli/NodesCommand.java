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
  int ask() throws IOException, InterruptedException {
    JsonNode nodes = get("/nodes", Map.of());
    if (json) {
      print(nodes);
      return 0;
    }
    Table table =
        new Table()
            .cut("NODE", 8, 0)
            .whole("STATE", 0)
            .whole("SEEN", 1)
            .whole("COUNTS UNTIL", 2)
            .whole("ROUTES", 3)
            .cut("HOST", 8, 4)
            .whole("VERSION", 5);
    for (JsonNode node : nodes.path("nodes")) {
      table.row(
          text(node.path("name")),
          text(node.path("state")),
          time(node.path("seenAt")),
          node.path("state").asText().equals("live")
              ? ""
              : node.path("counts").asBoolean() ? time(node.path("expiresAt")) : "no more",
          text(node.path("routes")),
          text(node.path("host")),
          text(node.path("version")));
    }
    print(table);
    return 0;
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
    int ask() throws IOException, InterruptedException {
      JsonNode answer = post("/nodes/forget", Map.of("name", name));
      if (json) {
        print(answer);
      } else {
        out().println(name + " is forgotten.");
        out().flush();
      }
      return 0;
    }
  }
}

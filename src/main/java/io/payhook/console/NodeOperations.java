package io.payhook.console;

import io.payhook.journal.JournalReader;
import io.payhook.journal.Nodes;
import io.payhook.journal.Replay;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The API of the nodes that share the journal. */
final class NodeOperations {
  private NodeOperations() {}

  static Object list(JournalReader reader) throws SQLException {
    return Map.of("nodes", reader.nodes().stream().map(NodeOperations::tree).toList());
  }

  private static Map<String, @Nullable Object> tree(Nodes.Node node) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("name", node.name());
    tree.put("state", node.state());
    tree.put("counts", node.counts());
    tree.put("host", node.host());
    tree.put("version", node.version());
    tree.put("startedAt", Trees.time(node.startedAt()));
    tree.put("seenAt", Trees.time(node.seenAt()));
    tree.put("stoppedAt", Trees.time(node.stoppedAt()));
    tree.put("expiresAt", Trees.time(node.expiresAt()));
    tree.put("routes", node.routes());
    return tree;
  }

  static Object forget(Replay changes, Parameters given) throws SQLException {
    String name = given.text("name");
    if (name == null) {
      throw Problem.parameter("name", "name is needed: that of a node which is stopped or silent");
    }
    return switch (changes.forgetNode(name)) {
      case GONE -> Map.of("forgotten", name);
      case LIVES ->
          throw new Problem(
              409,
              "node-lives",
              "name",
              "node '"
                  + name
                  + "' lives; stop it first, or wait until it has been silent for a while");
      case UNKNOWN -> throw Problem.notFound("there is no node '" + name + "'");
    };
  }
}

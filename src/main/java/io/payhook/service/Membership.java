package io.payhook.service;

import io.payhook.journal.Nodes;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a node's name at startup, or refuses to start: two nodes under one name would take each
 * other's deliveries.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
  private static final long LOOK_MILLIS = 500;

  private Membership() {}

  /**
   * Returns once the name belongs to this process. A process that crashed with it has to be silent
   * for a while first, unless it used this data folder, which nobody else can be using now.
   *
   * @throws StartException if another live process has the name
   */
  static Nodes join(DataSource writing, String node, UUID incarnation, Settings settings)
      throws SQLException {
    Nodes nodes =
        new Nodes(
            writing,
            new Nodes.Self(
                node, incarnation, NodeName.home(settings), NodeName.host(), version().orElse("")),
            settings.get(Key.NODES_SILENT_AFTER));
    take(nodes);
    return nodes;
  }

  /** The version of this program; empty if it was not packaged. */
  static Optional<String> version() {
    return Optional.ofNullable(Membership.class.getPackage().getImplementationVersion());
  }

  private static void take(Nodes nodes) throws SQLException {
    Nodes.Holder first = nodes.join();
    if (first == null) {
      return;
    }
    LOG.warn(
        "The node name {} belongs to a process on {} whose last heartbeat was at {}. "
            + "Waiting until it has been silent for {} s, or shows that it is alive.",
        nodes.self().name(),
        first.host(),
        first.seenAt(),
        Nodes.SILENT.toSeconds());
    while (true) {
      pause();
      Nodes.Holder now = nodes.join();
      if (now == null) {
        return;
      }
      if (!now.equals(first)) {
        throw new StartException(
            ("Another process runs as node '%s', on %s since %s; give each node a name of its own"
                    + " with payhook.node, or stop that one")
                .formatted(nodes.self().name(), now.host(), now.startedAt()));
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("Stopped while waiting for the node's name", e);
    }
  }
}

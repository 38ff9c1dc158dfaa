package io.payhook.service;

import io.payhook.journal.Nodes;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a node's name at the start, or refuses to: two nodes under one name take from each other.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
  private static final long LOOK_MILLIS = 500;

  private Membership() {}

  /**
   * Returns when the name is this process's. One that crashed with it has to be silent for a while
   * first, unless it was the one of this data folder, which nobody else can have now.
   *
   * @throws StartException when another process lives under the name
   */
  static void join(Nodes nodes) throws SQLException {
    Nodes.Holder first = nodes.join();
    if (first == null) {
      return;
    }
    LOG.warn(
        "The node name {} is that of a process on {} that was heard of at {}. Waiting until it has been silent for {} s, or shows"
            + " that it lives.",
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
            "Another process runs as node '"
                + nodes.self().name()
                + "', on "
                + now.host()
                + " since "
                + now.startedAt()
                + "; give each node a name of its own with payhook.node, or stop that one");
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

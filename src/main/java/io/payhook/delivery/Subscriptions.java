package io.payhook.delivery;

import io.payhook.journal.Nodes;
import io.payhook.journal.SubscriptionTable;
import io.payhook.kit.Globs;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which routes want which events: those that run here, and those that other nodes have published.
 * Of a route's subscriptions the most recent applies, and only nodes that are alive count.
 */
final class Subscriptions {
  private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);
  private static final int TYPES_MAX = 10_000;
  private static final long HEARTBEAT = TimeUnit.SECONDS.toNanos(5);

  /** A route that wants an event; the lane is null when only another node runs it. */
  record Target(String route, boolean ordered, @Nullable Lane lane) {}

  private final SubscriptionTable table;
  private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

  /** Subscriptions whose routes are being replaced: no lane, but events still get deliveries. */
  private final Map<String, SubscriptionTable.Row> kept = new ConcurrentHashMap<>();

  /** Guards moves between the lanes and the kept subscriptions, and reads of both. */
  private final Object moving = new Object();

  private final AtomicInteger keeping = new AtomicInteger();
  private volatile List<SubscriptionTable.Row> elsewhere = List.of();

  /** What this node has published about its routes. */
  private volatile Set<SubscriptionTable.Row> published = Set.of();

  /**
   * Replaced with every change, so that a match from before a change ends up in the previous map.
   */
  private volatile Map<String, List<Target>> targets = new ConcurrentHashMap<>();

  private volatile boolean changed;
  private volatile boolean displaced;
  private volatile @Nullable Nodes nodes;
  private long nextHeartbeat = System.nanoTime();

  Subscriptions(SubscriptionTable table) {
    this.table = table;
  }

  void join(Nodes its) {
    nodes = its;
  }

  /** False if the lane's route has one already. */
  boolean open(Lane lane) {
    synchronized (moving) {
      if (lanes.putIfAbsent(lane.route, lane) != null) {
        return false;
      }
      kept.remove(lane.route);
    }
    changed();
    return true;
  }

  void closed(Lane lane) {
    synchronized (moving) {
      if (keeping.get() > 0) {
        kept.put(lane.route, lane.subscription);
      }
      lanes.remove(lane.route, lane);
    }
    changed();
  }

  private void changed() {
    targets = new ConcurrentHashMap<>();
    changed = true;
  }

  void keep() {
    keeping.incrementAndGet();
  }

  /** Returns true if subscriptions ended with it. */
  boolean keepNoMore() {
    if (keeping.decrementAndGet() > 0 || kept.isEmpty()) {
      return false;
    }
    synchronized (moving) {
      kept.clear();
    }
    changed();
    try {
      // At once: the next event must not go to a route that has just been removed.
      publish();
    } catch (SQLException e) {
      LOG.debug("subscriptions are published with the next poll", e);
    }
    return true;
  }

  @Nullable Lane lane(String route) {
    return lanes.get(route);
  }

  java.util.Collection<Lane> lanes() {
    return lanes.values();
  }

  Set<String> routes() {
    return Set.copyOf(lanes.keySet());
  }

  /** The routes that want an event of this type, on any node. */
  List<Target> wanting(String endpoint, String type) {
    // Read first; see the field.
    Map<String, List<Target>> known = targets;
    String key = endpoint + '/' + type;
    List<Target> found = known.get(key);
    if (found == null) {
      found = match(endpoint, type);
      if (known.size() < TYPES_MAX) {
        known.put(key, found);
      } else {
        targets = new ConcurrentHashMap<>();
      }
    }
    return found;
  }

  private List<Target> match(String endpoint, String type) {
    Map<String, Target> matched = new LinkedHashMap<>();
    for (SubscriptionTable.Row row : counting()) {
      if (Globs.matches(row.endpoint(), endpoint) && Globs.matches(row.type(), type)) {
        matched.putIfAbsent(
            row.route(), new Target(row.route(), row.ordered(), lanes.get(row.route())));
      }
    }
    return List.copyOf(matched.values());
  }

  private List<SubscriptionTable.Row> counting() {
    List<SubscriptionTable.Row> others = elsewhere;
    Set<SubscriptionTable.Row> said = published;
    Map<String, SubscriptionTable.Row> here = here();
    List<SubscriptionTable.Row> rows = new ArrayList<>();
    for (SubscriptionTable.Row row : here.values()) {
      // The journal's row for this route is newer than what this node has published, but not newer
      // than what it has yet to publish.
      boolean newer =
          said.contains(row)
              && !others.contains(row)
              && others.stream().anyMatch(other -> other.route().equals(row.route()));
      if (!newer) {
        rows.add(row);
      }
    }
    for (SubscriptionTable.Row row : others) {
      SubscriptionTable.Row own = here.get(row.route());
      if (own == null || (said.contains(own) && !own.equals(row))) {
        rows.add(row);
      }
    }
    return rows;
  }

  /** This node's subscriptions, including those of routes that are being replaced. */
  private Map<String, SubscriptionTable.Row> here() {
    synchronized (moving) {
      Map<String, SubscriptionTable.Row> rows = new LinkedHashMap<>(kept);
      lanes.values().forEach(lane -> rows.put(lane.route, lane.subscription));
      return rows;
    }
  }

  /** Whether this process may claim: its node's name is still its own. */
  boolean mayClaim() {
    return !displaced;
  }

  /** Publishes this node's subscriptions and reads those of the others. */
  void refresh() {
    try {
      beat();
      if (changed) {
        publish();
        return;
      }
      List<SubscriptionTable.Row> rows = table.elsewhere();
      if (!rows.equals(elsewhere)) {
        elsewhere = rows;
        targets = new ConcurrentHashMap<>();
      }
    } catch (SQLException e) {
      LOG.debug("subscriptions cannot be read", e);
    }
  }

  private void beat() throws SQLException {
    Nodes node = nodes;
    if (node == null || System.nanoTime() - nextHeartbeat < 0) {
      return;
    }
    Nodes.Holder other = node.heartbeat();
    nextHeartbeat = System.nanoTime() + HEARTBEAT;
    if (other != null && !displaced) {
      displaced = true;
      LOG.error(
          "Another process on {} has the name {} since {}: this one claims no deliveries any more. Events are still kept, and"
              + " that one delivers them. Give each node a name of its own (payhook.node) and restart this one.",
          other.host(),
          node.self().name(),
          other.startedAt());
    } else if (other == null && displaced) {
      displaced = false;
      changed = true;
      LOG.info("The name {} is this process's again; it claims deliveries.", node.self().name());
    }
  }

  synchronized void publish() throws SQLException {
    changed = false;
    if (displaced) {
      // The rows under this name belong to another process.
      elsewhere = table.elsewhere();
      targets = new ConcurrentHashMap<>();
      return;
    }
    try {
      List<SubscriptionTable.Row> rows = List.copyOf(here().values());
      table.replace(rows);
      published = Set.copyOf(rows);
      elsewhere = table.elsewhere();
      targets = new ConcurrentHashMap<>();
    } catch (SQLException e) {
      changed = true;
      throw e;
    }
  }
}

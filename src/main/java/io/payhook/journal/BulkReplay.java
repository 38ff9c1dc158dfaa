package io.payhook.journal;

import io.payhook.journal.Replay.Bulk;
import io.payhook.journal.Replay.Kind;
import io.payhook.journal.Replay.Position;
import io.payhook.journal.Replay.Selection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Replays many deliveries, a batch of events at a time. */
final class BulkReplay {
  private static final int BATCH = 500;
  private static final UUID FIRST = new UUID(0, 0);

  private final Replay replay;
  private final Duration timeout;
  private final Selection selection;
  private final boolean dryRun;

  BulkReplay(Replay replay, Duration timeout, Selection selection, boolean dryRun) {
    this.replay = replay;
    this.timeout = timeout;
    this.selection = selection;
    this.dryRun = dryRun;
  }

  Bulk run() throws SQLException, ReplayException {
    String route = selection.route();
    return switch (selection.kind()) {
      case DEAD -> put(JournalReader.IS_DEAD, "dead");
      case SKIPPED -> put(JournalReader.IS_DEAD, "skipped");
      case RETRYING -> put(JournalReader.IS_OPEN, "retrying");
      case UNROUTED, MISSING -> {
        if (selection.kind() == Kind.MISSING && (route == null || selection.since() == null)) {
          throw new IllegalArgumentException("MISSING needs a route and a time");
        }
        if (route != null) {
          subscribed(route);
        }
        yield give();
      }
    };
  }

  private void subscribed(String route) throws SQLException, ReplayException {
    List<String> known = replay.change(true, Replay::subscribed);
    if (!known.contains(route)) {
      throw Replay.noRoute(route, known);
    }
  }

  private Bulk put(String kind, String state) throws SQLException, ReplayException {
    String[] routes =
        replay.change(
            true, connection -> DeliveryLists.routes(connection, kind, selection.route()));
    Position after = selection.after();
    Map<String, Integer> counts = new TreeMap<>();
    int left = selection.limit();
    long end = System.nanoTime() + timeout.toNanos();
    for (String route : routes) {
      if (after != null && route.compareTo(after.route()) < 0) {
        continue;
      }
      UUID from = after != null && route.equals(after.route()) ? after.event() : FIRST;
      while (true) {
        if (left == 0 || System.nanoTime() > end) {
          return new Bulk(counts, new Position(route, from));
        }
        int size = Math.min(BATCH, left);
        UUID start = from;
        Looked batch =
            replay.change(
                dryRun, connection -> putBatch(connection, kind, state, route, start, size));
        if (batch.put() > 0) {
          counts.merge(route, batch.put(), Integer::sum);
          left -= batch.put();
        }
        if (!batch.ids().isEmpty()) {
          from = batch.ids().get(batch.ids().size() - 1);
        }
        if (batch.ids().size() < size) {
          break;
        }
      }
    }
    return new Bulk(counts, null);
  }

  private record Looked(List<UUID> ids, int put) {}

  private Looked putBatch(
      Connection connection, String kind, String state, String route, UUID from, int size)
      throws SQLException {
    Query pick =
        new Query(
            "select d.event_id from payhook.delivery d where d."
                + kind
                + " and d.state = ? and d.route = ? and d.event_id > ? and d.event_id >= ?",
            state,
            route,
            from,
            JournalReader.lowest(selection.since()));
    if (selection.endpoint() != null || selection.since() != null) {
      pick.add("and exists (select 1 from payhook.event e where e.id = d.event_id")
          .addIf(selection.since(), "and e.received_at >= ?")
          .addIf(selection.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
          .add(")");
    }
    pick.add("order by d.event_id limit ?", size);
    List<UUID> ids = ids(connection, pick);
    if (dryRun || ids.isEmpty()) {
      return new Looked(ids, ids.size());
    }
    List<UUID> locked =
        ids(
            connection,
            new Query(
                "select id from payhook.event where id = any(?) order by id for key share skip locked",
                (Object) ids.toArray(UUID[]::new)));
    try (PreparedStatement statement =
        new Query(
                """
                update payhook.delivery set state = 'pending', forgiven = attempts, lost = 0, due_at = now(), done_at = null, node = null
                where route = ? and event_id = any(?) and state = ?
                """,
                route,
                locked.toArray(UUID[]::new),
                state)
            .prepare(connection)) {
      return new Looked(ids, statement.executeUpdate());
    }
  }

  private static List<UUID> ids(Connection connection, Query query) throws SQLException {
    return Rows.list(connection, query, row -> row.getObject(1, UUID.class));
  }

  private Bulk give() throws SQLException, ReplayException {
    Position after = selection.after();
    UUID from = after == null ? FIRST : after.event();
    Map<String, Integer> counts = new TreeMap<>();
    int left = selection.limit();
    long end = System.nanoTime() + timeout.toNanos();
    while (true) {
      if (left <= 0 || System.nanoTime() > end) {
        return new Bulk(counts, new Position("", from));
      }
      UUID start = from;
      int size = Math.min(BATCH, left);
      Given given = replay.change(dryRun, connection -> giveBatch(connection, start, size));
      given.made().forEach((route, count) -> counts.merge(route, count, Integer::sum));
      left -= given.made().values().stream().mapToInt(Integer::intValue).sum();
      if (given.looked().size() < size) {
        return new Bulk(counts, null);
      }
      from = given.looked().get(size - 1);
    }
  }

  private record Given(List<UUID> looked, Map<String, Integer> made) {}

  private Given giveBatch(Connection connection, UUID from, int size) throws SQLException {
    String states =
        selection.kind() == Kind.UNROUTED
            ? "e.state <> 'accepted' and e.state = 'unrouted'"
            : "e.state in ('accepted', 'unrouted')";
    Query look =
        new Query(
                "select e.id from payhook.event e where e.id > ? and e.id >= ? and " + states,
                from,
                JournalReader.lowest(selection.since()))
            .addIf(selection.since(), "and e.received_at >= ?")
            .addIf(selection.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
            .add("order by e.id limit ?", size);
    if (!dryRun) {
      look.add("for key share skip locked");
    }
    List<UUID> looked = ids(connection, look);
    if (looked.isEmpty()) {
      return new Given(looked, Map.of());
    }
    List<Wishes.Wish> wanted = Wishes.of(connection, looked, selection.route());
    Map<String, Integer> made = new LinkedHashMap<>();
    for (Wishes.Wish wish : dryRun ? wanted : Wishes.insert(connection, wanted)) {
      made.merge(wish.route(), 1, Integer::sum);
    }
    return new Given(looked, made);
  }
}

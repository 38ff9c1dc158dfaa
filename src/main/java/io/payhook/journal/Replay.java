package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Puts deliveries back to pending, and sends past events to a route that was added later.
 *
 * <p>A delivery that is dead, skipped or waiting for a retry keeps its run, and with it the key by
 * which its target recognises a repeat: an earlier attempt may have reached the target. Only a done
 * delivery that is replayed on purpose begins a new run, which is a new effect under a new key.
 * Attempts are never renumbered: those so far are forgiven, so that all of {@code maxAttempts} are
 * available again, and the holder of an old claim cannot settle a new one. Running deliveries are
 * left alone.
 */
public final class Replay {
  /** The result, or expected result, for a delivery. */
  public enum Action {
    /** It is pending again. */
    REPLAYED,
    /** There was none; now there is one. */
    CREATED,
    /** It stays as it is. */
    LEFT
  }

  /**
   * The result for one delivery.
   *
   * @param from its previous state; the word none if there was no delivery
   * @param run its present run
   * @param note for people; empty if there is nothing to add
   */
  public record Outcome(
      UUID event, String route, Action action, String from, int run, String note) {}

  /** Which deliveries to put back or create in bulk. */
  public enum Kind {
    DEAD,
    SKIPPED,
    RETRYING,
    /** Events that no route wanted, for the routes that want them now. */
    UNROUTED,
    /** Events that a route subscribes to and never got. */
    MISSING
  }

  /**
   * What to replay in bulk; null means all.
   *
   * @param route required for {@link Kind#MISSING}
   * @param endpoint name or pattern
   * @param since of events received then or later; required for {@link Kind#MISSING}
   * @param after where the previous call ended
   * @param limit maximum number of deliveries of this call; the last batch of events is completed
   */
  public record Selection(
      Kind kind,
      @Nullable String route,
      @Nullable String endpoint,
      @Nullable Instant since,
      @Nullable Position after,
      int limit) {}

  /** Where a bulk replay continues. */
  public record Position(String route, UUID event) {}

  /**
   * What a bulk replay did.
   *
   * @param routes number of deliveries put back or created, by route
   * @param next where to continue, or null if nothing is left
   */
  public record Bulk(Map<String, Integer> routes, @Nullable Position next) {
    public int total() {
      return routes.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  private static final int BATCH = 500;
  private static final UUID FIRST = new UUID(0, 0);

  /** The routes that want event {@code e}, each once. */
  private static final String WANTED =
      """
      select distinct on (e.id, s.route) e.id, s.route, case when s.ordered then e.entity end as entity
      from payhook.event e join payhook.subscriber_now s
      """
          + "on "
          + Query.matches("e.endpoint", "s.endpoint")
          + " and "
          + Query.matches("e.type", "s.type")
          + """

           and not exists (select 1 from payhook.delivery d where d.event_id = e.id and d.route = s.route)
          where e.id = any(?)
          """;

  private final DataSource dataSource;
  private final Duration timeout;

  /**
   * @param dataSource connections in auto-commit mode
   * @param timeout how long a bulk replay may run before it reports where to continue, and the
   *     statement timeout
   */
  public Replay(DataSource dataSource, Duration timeout) {
    this.dataSource = dataSource;
    this.timeout = timeout;
  }

  /** Removes what a departed node has left: its subscriptions are no longer in effect. */
  public Nodes.Forgotten forgetNode(String name) throws SQLException {
    return Nodes.forget(dataSource, name);
  }

  private interface Change<T> {
    T with(Connection connection) throws SQLException, ReplayException;
  }

  private <T> T change(boolean dryRun, Change<T> change) throws SQLException, ReplayException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        try (Statement statement = connection.createStatement()) {
          statement.execute(JournalReader.alongIndexes(timeout));
        }
        T result = change.with(connection);
        if (!dryRun) {
          connection.commit();
        }
        return result;
      } finally {
        if (!connection.isClosed()) {
          connection.rollback();
          connection.setAutoCommit(true);
        }
      }
    }
  }

  // One event

  /** Prefix of the routes that ask a provider to confirm an event. */
  public static final String CONFIRMING = "confirm-";

  private record EventState(String state, String endpoint, String type) {}

  private record Standing(String route, String state, int run) {}

  private record Wish(UUID event, String route, @Nullable String entity) {}

  /**
   * Replays the deliveries of one event. An event that no route wanted goes to those that want it
   * now; any other event goes to an additional route only if that is named.
   *
   * @param route only this one, whether or not its pattern matches the event; null for all
   * @param again also those that are done
   * @param dryRun only reports what it would do
   * @return one outcome per delivery; empty if no route wants the event
   */
  public List<Outcome> event(UUID id, @Nullable String route, boolean again, boolean dryRun)
      throws SQLException, ReplayException {
    return change(dryRun, connection -> event(connection, id, route, again, dryRun));
  }

  private static List<Outcome> event(
      Connection connection, UUID id, @Nullable String route, boolean again, boolean dryRun)
      throws SQLException, ReplayException {
    EventState event = deliverable(connection, id, route);
    List<String> known =
        Rows.list(
            connection,
            new Query("select distinct route from payhook.subscriber_now order by route"),
            row -> row.getString(1));
    List<Standing> standing =
        Rows.list(
            connection,
            new Query("select route, state, run from payhook.delivery where event_id = ?", id)
                .addIf(route, "and route = ?")
                .add("order by route"),
            row -> new Standing(row.getString(1), row.getString(2), row.getInt(3)));
    List<Outcome> outcomes = new ArrayList<>();
    for (Standing delivery : standing) {
      outcomes.add(again(connection, id, delivery, again, dryRun, known));
    }
    if (route != null && standing.isEmpty()) {
      if (!known.contains(route)) {
        throw new ReplayException(
            ReplayException.Reason.NO_ROUTE,
            "no route '" + route + "' is subscribed to any event",
            known);
      }
      Query entity =
          new Query(
              """
              select e.id, s.route, case when bool_or(s.ordered) then e.entity end
              from payhook.event e join payhook.subscriber_now s on s.route = ? where e.id = ? group by 1, 2, e.entity
              """,
              route,
              id);
      create(connection, wishes(connection, entity), dryRun, outcomes);
    } else if (route == null) {
      List<Wish> wanted =
          wishes(
              connection,
              new Query(WANTED, (Object) new UUID[] {id})
                  .add("order by e.id, s.route, s.ordered desc"));
      if (event.state().equals("unrouted")) {
        create(connection, wanted, dryRun, outcomes);
      } else {
        for (Wish wish : wanted) {
          outcomes.add(
              new Outcome(
                  id,
                  wish.route(),
                  Action.LEFT,
                  "none",
                  1,
                  "never got this event; name the route to give it to it"));
        }
      }
    }
    return outcomes;
  }

  /**
   * Releases a conflict that a person has found to be an event of its own. The routes that want it
   * now get it, once each.
   *
   * @param dryRun only reports what it would do
   * @return one outcome per delivery; empty if no route wants the event
   */
  public List<Outcome> release(UUID id, boolean dryRun) throws SQLException, ReplayException {
    return change(
        dryRun,
        connection -> {
          try (PreparedStatement statement =
              new Query(
                      "update payhook.event set state = 'unrouted', released_at = now() where id = ? and state = 'conflict'",
                      id)
                  .prepare(connection)) {
            if (statement.executeUpdate() == 0) {
              throw notReleasable(connection, id);
            }
          }
          List<Wish> wanted =
              wishes(
                  connection,
                  new Query(WANTED, (Object) new UUID[] {id})
                      .add("order by e.id, s.route, s.ordered desc"));
          List<Outcome> outcomes = new ArrayList<>();
          // Also written in a dry run, which is rolled back.
          create(connection, wanted, false, outcomes);
          return outcomes;
        });
  }

  private static ReplayException notReleasable(Connection connection, UUID id) throws SQLException {
    List<String> states =
        Rows.list(
            connection,
            new Query("select state from payhook.event where id = ?", id),
            row -> row.getString(1));
    return states.isEmpty()
        ? new ReplayException(
            ReplayException.Reason.NO_EVENT,
            "there is no event " + id + " in the journal",
            List.of())
        : new ReplayException(
            ReplayException.Reason.NOT_DELIVERABLE,
            "event "
                + id
                + " is no conflict but "
                + states.get(0)
                + "; only a conflict is released",
            List.of());
  }

  /** Whether the route is the provider's confirmation, which is to be asked again. */
  private static boolean isConfirming(Connection connection, UUID id, @Nullable String route)
      throws SQLException {
    return route != null
        && route.startsWith(CONFIRMING)
        && !Rows.list(
                connection,
                new Query(
                    "select route from payhook.delivery where event_id = ? and route = ?",
                    id,
                    route),
                row -> row.getString(1))
            .isEmpty();
  }

  /** Locks the event, so that it is not deleted meanwhile. */
  private static EventState deliverable(Connection connection, UUID id, @Nullable String route)
      throws SQLException, ReplayException {
    List<EventState> found =
        Rows.list(
            connection,
            new Query(
                "select state, endpoint, type from payhook.event where id = ? for key share", id),
            row -> new EventState(row.getString(1), row.getString(2), row.getString(3)));
    if (found.isEmpty()) {
      throw new ReplayException(
          ReplayException.Reason.NO_EVENT,
          "there is no event " + id + " in the journal",
          List.of());
    }
    EventState event = found.get(0);
    if (isConfirming(connection, id, route)) {
      return event;
    }
    switch (event.state()) {
      case "conflict" ->
          throw new ReplayException(
              ReplayException.Reason.NOT_DELIVERABLE,
              "event "
                  + id
                  + " is a conflict, and no route runs for it; 'payhook event "
                  + id
                  + "' says what it contradicts, and with --release its routes get it",
              List.of());
      case "duplicate" ->
          throw new ReplayException(
              ReplayException.Reason.NOT_DELIVERABLE,
              "event "
                  + id
                  + " repeats an event that came before, as its provider confirmed; replay that one",
              List.of());
      case "unconfirmed" ->
          throw new ReplayException(
              ReplayException.Reason.NOT_DELIVERABLE,
              "event " + id + " is not confirmed by its provider yet; its routes run when it is",
              List.of());
      default -> {
        return event;
      }
    }
  }

  private static Outcome again(
      Connection connection,
      UUID id,
      Standing delivery,
      boolean again,
      boolean dryRun,
      List<String> known)
      throws SQLException {
    String route = delivery.route();
    String from = delivery.state();
    boolean done = from.equals("done");
    String why =
        switch (from) {
          case "running" -> "runs now";
          case "pending" -> "waits already";
          case "done" -> again ? "" : "is done; only --again runs it once more";
          default -> "";
        };
    if (!why.isEmpty()) {
      return new Outcome(id, route, Action.LEFT, from, delivery.run(), why);
    }
    if (!dryRun && !put(connection, id, delivery, done)) {
      return new Outcome(id, route, Action.LEFT, from, delivery.run(), "changed meanwhile");
    }
    return new Outcome(
        id,
        route,
        Action.REPLAYED,
        from,
        done ? delivery.run() + 1 : delivery.run(),
        known.contains(route)
            ? ""
            : "nobody subscribes to this route now; it waits for its return");
  }

  /** Changes a row only if it is still as it was read, and so never waits for whoever runs it. */
  private static boolean put(Connection connection, UUID id, Standing delivery, boolean newRun)
      throws SQLException {
    try (PreparedStatement statement =
        new Query(
                """
                update payhook.delivery
                set state = 'pending', forgiven = attempts, lost = 0, run = run + ?, due_at = now(), done_at = null, node = null
                where event_id = ? and route = ? and state = ? and run = ?
                """,
                newRun ? 1 : 0,
                id,
                delivery.route(),
                delivery.state(),
                delivery.run())
            .prepare(connection)) {
      return statement.executeUpdate() == 1;
    }
  }

  private static List<Wish> wishes(Connection connection, Query query) throws SQLException {
    return Rows.list(
        connection,
        query,
        row -> new Wish(row.getObject(1, UUID.class), row.getString(2), row.getString(3)));
  }

  private static void create(
      Connection connection, List<Wish> wishes, boolean dryRun, List<Outcome> outcomes)
      throws SQLException {
    for (Wish wish : dryRun ? wishes : insert(connection, wishes)) {
      outcomes.add(new Outcome(wish.event(), wish.route(), Action.CREATED, "none", 1, ""));
    }
  }

  /** Inserts deliveries and marks their events as accepted; returns those that did not exist. */
  private static List<Wish> insert(Connection connection, List<Wish> wishes) throws SQLException {
    if (wishes.isEmpty()) {
      return List.of();
    }
    UUID[] events = wishes.stream().map(Wish::event).toArray(UUID[]::new);
    @Nullable String[] entities = new String[wishes.size()];
    for (int i = 0; i < entities.length; i++) {
      entities[i] = wishes.get(i).entity();
    }
    Query insert =
        new Query(
            """
            insert into payhook.delivery (event_id, route, entity, state)
            select event_id, route, entity, 'pending'
            from unnest(?::uuid[], ?::text[], ?::text[]) with ordinality as w(event_id, route, entity, n) order by n
            on conflict do nothing
            returning event_id, route, entity
            """,
            events,
            wishes.stream().map(Wish::route).toArray(String[]::new),
            entities);
    List<Wish> made = wishes(connection, insert);
    try (PreparedStatement statement =
        new Query(
                "update payhook.event set state = 'accepted' where id = any(?) and state = 'unrouted'",
                (Object) made.stream().map(Wish::event).distinct().toArray(UUID[]::new))
            .prepare(connection)) {
      statement.executeUpdate();
    }
    return made;
  }

  // Many

  /**
   * Replays many deliveries, the oldest events first, each at most once: a delivery that dies again
   * meanwhile is not visited again. It commits in batches, and ends at the limit or the timeout.
   *
   * @param dryRun only counts what it would do
   */
  public Bulk bulk(Selection selection, boolean dryRun) throws SQLException, ReplayException {
    String route = selection.route();
    return switch (selection.kind()) {
      case DEAD -> put(selection, JournalReader.IS_DEAD, "dead", dryRun);
      case SKIPPED -> put(selection, JournalReader.IS_DEAD, "skipped", dryRun);
      case RETRYING -> put(selection, JournalReader.IS_OPEN, "retrying", dryRun);
      case UNROUTED, MISSING -> {
        if (selection.kind() == Kind.MISSING && (route == null || selection.since() == null)) {
          throw new IllegalArgumentException("MISSING needs a route and a time");
        }
        if (route != null) {
          subscribed(route);
        }
        yield give(selection, dryRun);
      }
    };
  }

  private void subscribed(String route) throws SQLException, ReplayException {
    List<String> known =
        change(
            true,
            connection ->
                Rows.list(
                    connection,
                    new Query("select distinct route from payhook.subscriber_now order by route"),
                    row -> row.getString(1)));
    if (!known.contains(route)) {
      throw new ReplayException(
          ReplayException.Reason.NO_ROUTE,
          "no route '" + route + "' is subscribed to any event",
          known);
    }
  }

  private Bulk put(Selection selection, String kind, String state, boolean dryRun)
      throws SQLException, ReplayException {
    String[] routes =
        change(true, connection -> DeliveryLists.routes(connection, kind, selection.route()));
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
            change(
                dryRun,
                connection ->
                    putBatch(connection, selection, kind, state, route, start, size, dryRun));
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

  private static Looked putBatch(
      Connection connection,
      Selection selection,
      String kind,
      String state,
      String route,
      UUID from,
      int size,
      boolean dryRun)
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

  private Bulk give(Selection selection, boolean dryRun) throws SQLException, ReplayException {
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
      Given given =
          change(dryRun, connection -> giveBatch(connection, selection, start, size, dryRun));
      given.made().forEach((route, count) -> counts.merge(route, count, Integer::sum));
      left -= given.made().values().stream().mapToInt(Integer::intValue).sum();
      if (given.looked().size() < size) {
        return new Bulk(counts, null);
      }
      from = given.looked().get(size - 1);
    }
  }

  private record Given(List<UUID> looked, Map<String, Integer> made) {}

  private static Given giveBatch(
      Connection connection, Selection selection, UUID from, int size, boolean dryRun)
      throws SQLException {
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
    List<Wish> wanted =
        wishes(
            connection,
            new Query(WANTED, (Object) looked.toArray(UUID[]::new))
                .addIf(selection.route(), "and s.route = ?")
                .add("order by e.id, s.route, s.ordered desc"));
    Map<String, Integer> made = new LinkedHashMap<>();
    for (Wish wish : dryRun ? wanted : insert(connection, wanted)) {
      made.merge(wish.route(), 1, Integer::sum);
    }
    return new Given(looked, made);
  }
}

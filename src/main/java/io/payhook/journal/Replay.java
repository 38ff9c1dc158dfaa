package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  interface Change<T> {
    T with(Connection connection) throws SQLException, ReplayException;
  }

  <T> T change(boolean dryRun, Change<T> change) throws SQLException, ReplayException {
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
    List<String> known = subscribed(connection);
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
        throw noRoute(route, known);
      }
      Query entity =
          new Query(
              """
              select e.id, s.route, case when bool_or(s.ordered) then e.entity end
              from payhook.event e join payhook.subscriber_now s on s.route = ? where e.id = ? group by 1, 2, e.entity
              """,
              route,
              id);
      create(connection, Wishes.list(connection, entity), dryRun, outcomes);
    } else if (route == null) {
      List<Wishes.Wish> wanted = Wishes.of(connection, List.of(id), null);
      if (event.state().equals("unrouted")) {
        create(connection, wanted, dryRun, outcomes);
      } else {
        for (Wishes.Wish wish : wanted) {
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
          List<Wishes.Wish> wanted = Wishes.of(connection, List.of(id), null);
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

  private static void create(
      Connection connection, List<Wishes.Wish> wishes, boolean dryRun, List<Outcome> outcomes)
      throws SQLException {
    for (Wishes.Wish wish : dryRun ? wishes : Wishes.insert(connection, wishes)) {
      outcomes.add(new Outcome(wish.event(), wish.route(), Action.CREATED, "none", 1, ""));
    }
  }

  static List<String> subscribed(Connection connection) throws SQLException {
    return Rows.list(
        connection,
        new Query("select distinct route from payhook.subscriber_now order by route"),
        row -> row.getString(1));
  }

  static ReplayException noRoute(String route, List<String> known) {
    return new ReplayException(
        ReplayException.Reason.NO_ROUTE,
        "no route '" + route + "' is subscribed to any event",
        known);
  }

  /**
   * Replays many deliveries, the oldest events first, each at most once: a delivery that dies again
   * meanwhile is not visited again. It commits in batches, and ends at the limit or the timeout.
   *
   * @param dryRun only counts what it would do
   */
  public Bulk bulk(Selection selection, boolean dryRun) throws SQLException, ReplayException {
    return new BulkReplay(this, timeout, selection, dryRun).run();
  }
}

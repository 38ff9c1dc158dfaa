package io.payhook.console;

import io.payhook.journal.Replay;
import io.payhook.journal.ReplayException;
import io.payhook.kit.Nearest;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The API's replay: one event, or a page of what waits.
 *
 * @param announce called after a replay, so that pending deliveries are claimed at once
 */
record ReplayOperation(Replay replay, Runnable announce) {
  private static final int LIMIT_DEFAULT = 1_000;
  private static final int LIMIT_MAX = 10_000;

  private static final List<String> STATES =
      List.of("dead", "retrying", "skipped", "unrouted", "missing");

  Object answer(Parameters given) throws SQLException, ReplayException {
    UUID event = given.uuid("event");
    String state = given.oneOf("state", STATES);
    String route = given.text("route");
    boolean again = given.flag("again");
    boolean dryRun = given.flag("dryRun");
    if ((event == null) == (state == null)) {
      throw Problem.parameter(
          "event",
          event == null
              ? "either event or state is needed: an event's id, or one of "
                  + String.join(", ", STATES)
              : "event and state exclude each other");
    }
    boolean release = given.flag("release");
    if (release && (event == null || route != null || again)) {
      throw Problem.parameter("release", "release goes with event, and with dryRun alone");
    }
    try {
      return event != null
          ? replayOne(given, event, route, again, release, dryRun)
          : replayMany(given, String.valueOf(state), route, again, dryRun);
    } catch (ReplayException e) {
      if (e.reason() == ReplayException.Reason.NO_ROUTE && route != null) {
        throw Problem.parameter("route", e.getMessage() + instead(route, e.known()));
      }
      throw e;
    } finally {
      if (!dryRun) {
        announce.run();
      }
    }
  }

  private static String instead(String route, List<String> known) {
    return known.isEmpty()
        ? "; nobody is subscribed to anything now"
        : Nearest.to(route, known)
            .map(near -> "; did you mean '" + near + "'?")
            .orElse("; there are " + String.join(", ", known));
  }

  private Map<String, @Nullable Object> replayOne(
      Parameters given,
      UUID event,
      @Nullable String route,
      boolean again,
      boolean release,
      boolean dryRun)
      throws SQLException, ReplayException {
    for (String name : List.of("endpoint", "since", "limit", "after")) {
      if (given.text(name) != null) {
        throw Problem.parameter(name, name + " goes with state; one event is named by its id");
      }
    }
    List<Replay.Outcome> outcomes =
        release ? replay.release(event, dryRun) : replay.event(event, route, again, dryRun);
    Map<String, Integer> routes = new LinkedHashMap<>();
    for (Replay.Outcome outcome : outcomes) {
      if (outcome.action() != Replay.Action.LEFT) {
        routes.merge(outcome.route(), 1, Integer::sum);
      }
    }
    return replayed(dryRun, routes, outcomes, null);
  }

  private Map<String, @Nullable Object> replayMany(
      Parameters given, String state, @Nullable String route, boolean again, boolean dryRun)
      throws SQLException, ReplayException {
    if (again) {
      throw Problem.parameter(
          "again", "again goes with event: what is done is run once more one event at a time");
    }
    if (state.equals("missing") && (route == null || given.text("since") == null)) {
      throw Problem.parameter(
          route == null ? "route" : "since",
          "state missing needs a route and since: the route that gets what it never got, and from when on");
    }
    Replay.Bulk bulk =
        replay.bulk(
            new Replay.Selection(
                Replay.Kind.valueOf(state.toUpperCase(Locale.ROOT)),
                route,
                given.text("endpoint"),
                given.since(),
                Cursors.replay(given.text("after")),
                given.limit(LIMIT_DEFAULT, LIMIT_MAX)),
            dryRun);
    return replayed(dryRun, bulk.routes(), List.of(), Cursors.of(bulk.next()));
  }

  private static Map<String, @Nullable Object> replayed(
      boolean dryRun,
      Map<String, Integer> routes,
      List<Replay.Outcome> outcomes,
      @Nullable String next) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("dryRun", dryRun);
    tree.put("replayed", routes.values().stream().mapToInt(Integer::intValue).sum());
    tree.put("routes", routes);
    tree.put("deliveries", outcomes.stream().map(Trees::outcome).toList());
    tree.put("next", next);
    return tree;
  }
}

package io.payhook.journal;

import io.payhook.journal.JournalReader.Backlog;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Waiting and dead deliveries, by route. */
final class Backlogs {
  private Backlogs() {}

  static List<Backlog> of(Connection connection, int count) throws SQLException {
    List<String> subscribed =
        Rows.list(
            connection,
            new Query("select distinct route from payhook.subscriber_now"),
            row -> row.getString(1));
    Map<String, Backlog> backlog = new TreeMap<>();
    for (String route : subscribed) {
      backlog.put(route, new Backlog(route, JournalReader.byState(), false, Duration.ZERO, true));
    }
    for (String kind : List.of(JournalReader.IS_OPEN, JournalReader.IS_DEAD)) {
      for (String route : DeliveryLists.routes(connection, kind, null)) {
        Backlog known = backlog.get(route);
        Map<String, Integer> states = known == null ? JournalReader.byState() : known.states();
        int counted = 0;
        Query sql =
            new Query(
                "select state, count(*)::int from (select state from payhook.delivery where route = ? and "
                    + kind
                    + " limit ?) d group by 1",
                route,
                count + 1);
        for (StateCount one :
            Rows.list(connection, sql, row -> new StateCount(row.getString(1), row.getInt(2)))) {
          states.put(one.state(), one.count());
          counted += one.count();
        }
        backlog.put(
            route,
            new Backlog(
                route,
                states,
                counted > count || (known != null && known.more()),
                kind.equals(JournalReader.IS_OPEN)
                    ? late(connection, route)
                    : known == null ? Duration.ZERO : known.late(),
                known != null && known.subscribed()));
      }
    }
    return List.copyOf(backlog.values());
  }

  private record StateCount(String state, int count) {}

  private static Duration late(Connection connection, String route) throws SQLException {
    Long millis =
        Rows.first(
            Rows.list(
                connection,
                new Query(
                    "select greatest(0, extract(epoch from now() - due_at) * 1000)::bigint from payhook.delivery where route = ? and "
                        + JournalReader.IS_OPEN
                        + " order by due_at limit 1",
                    route),
                row -> row.getLong(1)));
    return millis == null ? Duration.ZERO : Duration.ofMillis(millis);
  }
}

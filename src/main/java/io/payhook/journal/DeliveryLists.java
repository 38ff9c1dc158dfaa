package io.payhook.journal;

import io.payhook.journal.JournalReader.DeliveryQuery;
import io.payhook.journal.JournalReader.DeliveryRow;
import io.payhook.journal.JournalReader.Page;
import io.payhook.journal.JournalReader.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lists of deliveries, each read along the index that has the same order. */
final class DeliveryLists {
  private DeliveryLists() {}

  private static final String DELIVERY_COLUMNS =
      """
      select d.event_id as event, d.route, d.state, e.endpoint, e.type, e.key, e.received_at, d.attempts, d.forgiven, d.run, d.due_at,
             d.done_at, d.node, d.category, d.error,
             d.state in ('pending', 'running', 'retrying')
               and not exists (select 1 from payhook.subscriber_now s where s.route = d.route) as orphaned
      """;

  static final Rows.Reader<DeliveryRow> ROW = Rows.as(DeliveryRow.class);

  static final String DELIVERY =
      DELIVERY_COLUMNS + "from payhook.delivery d join payhook.event e on e.id = d.event_id";

  /**
   * Some deliveries of each route, found without joining their events, of which few are needed in
   * the end.
   */
  private static Query ofRoutes(String[] routes, String kind, DeliveryQuery query) {
    Query sql =
        new Query(DELIVERY_COLUMNS)
            .add(
                "from (select d.* from unnest(?::text[]) r(route) cross join lateral (",
                (Object) routes)
            .add("select d.* from payhook.delivery d where d.route = r.route and d." + kind)
            .addIf(query.state(), "and d.state = ?")
            .addIf(
                query.since() == null ? null : JournalReader.lowest(query.since()),
                "and d.event_id >= ?");
    if (query.endpoint() != null || query.since() != null) {
      sql.add("and exists (select 1 from payhook.event e where e.id = d.event_id")
          .addIf(query.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
          .addIf(query.since(), "and e.received_at >= ?")
          .add(")");
    }
    return sql;
  }

  /** The deliveries that a query asks for. */
  static Page<DeliveryRow, Position> of(
      Connection connection, DeliveryQuery query, Duration timeout) throws SQLException {
    String state = query.state();
    if (query.orphaned() || (state != null && JournalReader.OPEN.contains(state))) {
      return open(connection, query);
    }
    if (state != null && (state.equals("dead") || state.equals("skipped"))) {
      return dead(connection, query);
    }
    return any(connection, query, timeout);
  }

  /** Along the index of open deliveries, which has them by route and due time. */
  private static Page<DeliveryRow, Position> open(Connection connection, DeliveryQuery query)
      throws SQLException {
    String[] routes = routes(connection, JournalReader.IS_OPEN, query.route());
    if (query.orphaned()) {
      List<String> subscribed =
          Rows.list(
              connection,
              new Query("select distinct route from payhook.subscriber_now"),
              row -> row.getString(1));
      routes =
          Arrays.stream(routes).filter(route -> !subscribed.contains(route)).toArray(String[]::new);
    }
    Position after = query.after();
    Instant due = after == null ? null : after.dueAt();
    Query sql = ofRoutes(routes, JournalReader.IS_OPEN, query);
    if (after != null && due != null) {
      sql.add("and d.due_at >= ?", due)
          .add(
              "and (d.due_at, d.event_id, d.route) > (?, ?, ?)", due, after.event(), after.route());
    }
    sql.add("order by d.due_at, d.event_id limit ?) d", query.limit() + 1)
        .add("order by d.due_at, d.event_id, d.route limit ?", query.limit() + 1)
        .add(") d join payhook.event e on e.id = d.event_id")
        .add("order by d.due_at, d.event_id, d.route");
    List<DeliveryRow> rows = Rows.list(connection, sql, ROW);
    return page(rows, query.limit(), row -> new Position(row.dueAt(), row.event(), row.route()));
  }

  /** Along the index of dead and skipped deliveries, which has them by route and event. */
  private static Page<DeliveryRow, Position> dead(Connection connection, DeliveryQuery query)
      throws SQLException {
    Query sql =
        ofRoutes(
            routes(connection, JournalReader.IS_DEAD, query.route()), JournalReader.IS_DEAD, query);
    Position after = query.after();
    if (after != null) {
      sql.add("and d.event_id <= ?", after.event())
          .add("and (d.event_id, d.route) < (?, ?)", after.event(), after.route());
    }
    sql.add("order by d.event_id desc limit ?) d", query.limit() + 1)
        .add("order by d.event_id desc, d.route desc limit ?", query.limit() + 1)
        .add(") d join payhook.event e on e.id = d.event_id")
        .add("order by d.event_id desc, d.route desc");
    List<DeliveryRow> rows = Rows.list(connection, sql, ROW);
    return page(rows, query.limit(), row -> new Position(null, row.event(), row.route()));
  }

  private static Query common(Query sql, DeliveryQuery query) {
    return sql.addIf(query.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
        .addIf(
            query.since() == null ? null : JournalReader.lowest(query.since()),
            "and d.event_id >= ?")
        .addIf(query.since(), "and e.received_at >= ?");
  }

  /** Along the primary key, a window at a time. */
  private static Page<DeliveryRow, Position> any(
      Connection connection, DeliveryQuery query, Duration timeout) throws SQLException {
    List<DeliveryRow> found = new ArrayList<>();
    Position after = query.after();
    @Nullable Position next = after == null ? new Position(null, JournalReader.LAST, "") : after;
    long end = System.nanoTime() + timeout.toNanos() / 2;
    while (next != null && found.size() <= query.limit() && System.nanoTime() < end) {
      int wanted = query.limit() + 1 - found.size();
      Query sql =
          new Query(DELIVERY_COLUMNS)
              .add(
                  "from (select * from payhook.delivery where (event_id, route) < (?, ?) and event_id >= ?"
                      + " order by event_id desc, route desc limit "
                      + JournalReader.WINDOW
                      + ") d join payhook.event e on e.id = d.event_id where true",
                  next.event(),
                  next.route(),
                  JournalReader.lowest(query.since()))
              .addIf(query.state(), "and d.state = ?")
              .addIf(query.route(), "and d.route = ?");
      common(sql, query).add("order by d.event_id desc, d.route desc limit ?", wanted);
      List<DeliveryRow> rows = Rows.list(connection, sql, ROW);
      found.addAll(rows);
      if (rows.size() == wanted) {
        break;
      }
      next =
          Rows.first(
              Rows.list(
                  connection,
                  new Query(
                      "select event_id, route from payhook.delivery where (event_id, route) < (?, ?) and event_id >= ?"
                          + " order by event_id desc, route desc offset "
                          + (JournalReader.WINDOW - 1)
                          + " limit 1",
                      next.event(),
                      next.route(),
                      JournalReader.lowest(query.since())),
                  row -> new Position(null, row.getObject(1, UUID.class), row.getString(2))));
    }
    if (found.size() > query.limit()) {
      return page(found, query.limit(), row -> new Position(null, row.event(), row.route()));
    }
    return new Page<>(found, next);
  }

  interface Place<T, P> {
    P of(T row);
  }

  static <T, P> Page<T, P> page(List<T> rows, int limit, Place<T, P> place) {
    if (rows.size() <= limit) {
      return new Page<>(rows, null);
    }
    List<T> kept = rows.subList(0, limit);
    return new Page<>(List.copyOf(kept), place.of(kept.get(limit - 1)));
  }

  /** The routes that have deliveries of some kind: one step in the index per route. */
  static String[] routes(Connection connection, String kind, @Nullable String only)
      throws SQLException {
    if (only != null) {
      return new String[] {only};
    }
    Query sql =
        new Query(
            """
            with recursive known(route) as (
              (select route from payhook.delivery where %1$s order by route limit 1)
              union all
              select (select d.route from payhook.delivery d where d.%1$s and d.route > known.route order by d.route limit 1)
              from known where known.route is not null
            )
            select route from known where route is not null order by route
            """
                .formatted(kind));
    return Rows.list(connection, sql, row -> row.getString(1)).toArray(String[]::new);
  }
}

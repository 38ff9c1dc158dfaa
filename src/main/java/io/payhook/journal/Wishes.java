package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Deliveries that do not exist and that a subscribed route wants. */
final class Wishes {
  record Wish(UUID event, String route, @Nullable String entity) {}

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

  private Wishes() {}

  /**
   * The missing deliveries of events.
   *
   * @param route only of this one; null for all
   */
  static List<Wish> of(Connection connection, List<UUID> events, @Nullable String route)
      throws SQLException {
    return list(
        connection,
        new Query(WANTED, (Object) events.toArray(UUID[]::new))
            .addIf(route, "and s.route = ?")
            .add("order by e.id, s.route, s.ordered desc"));
  }

  static List<Wish> list(Connection connection, Query query) throws SQLException {
    return Rows.list(
        connection,
        query,
        row -> new Wish(row.getObject(1, UUID.class), row.getString(2), row.getString(3)));
  }

  /** Inserts deliveries and marks their events as accepted; returns those that did not exist. */
  static List<Wish> insert(Connection connection, List<Wish> wishes) throws SQLException {
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
    List<Wish> made = list(connection, insert);
    try (PreparedStatement statement =
        new Query(
                "update payhook.event set state = 'accepted' where id = any(?) and state = 'unrouted'",
                (Object) made.stream().map(Wish::event).distinct().toArray(UUID[]::new))
            .prepare(connection)) {
      statement.executeUpdate();
    }
    return made;
  }
}

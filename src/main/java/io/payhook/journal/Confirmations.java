package io.payhook.journal;

import io.payhook.journal.Deliveries.Confirmed;
import io.payhook.journal.Deliveries.Outcome;
import io.payhook.journal.Deliveries.Wanting;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a provider's API said about an event, in the commit that settles the confirmation.
 */
final class Confirmations {
  private static final String CONFIRM =
      """
      with settled as (
        update payhook.delivery
        set state = ?, done_at = now(), category = ?, error = ?, node = null, begun_at = null, begun_by = null, lost = 0
        where event_id = ? and route = ? and node = ? and attempts = ? and run = ?
        returning event_id, route, run, attempts
      ), attempt as (
        insert into payhook.attempt (event_id, route, run, number, started_at, duration_ms, outcome, category, error, node)
        select event_id, route, run, attempts, ?, ?, ?, ?, ?, ? from settled
      ), event as (
        update payhook.event e
        set state = ?, confirmation = ?::json, type = coalesce(?, e.type), key = coalesce(?, e.key),
            entity = coalesce(?, e.entity), amount = coalesce(?, e.amount), currency = coalesce(?, e.currency),
            conflict_of = ?
        from settled
        where e.id = settled.event_id and e.variant = '' and e.state in ('unconfirmed', 'conflict')
        returning e.id, e.entity
      ), deliveries as (
        insert into payhook.delivery (event_id, route, entity, state)
        select event.id, w.route, case when w.ordered then event.entity end, 'pending'
        from event cross join unnest(?::text[], ?::boolean[]) as w(route, ordered)
        on conflict do nothing
      )
      select count(*) from settled
      """;

  /** SQLSTATE of a unique violation. */
  private static final String UNIQUE = "23505";

  private final DataSource dataSource;
  private final String node;

  Confirmations(DataSource dataSource, String node) {
    this.dataSource = dataSource;
    this.node = node;
  }

  Outcome confirmed(Settlement done, Confirmed confirmed, List<Wanting> routes)
      throws SQLException {
    String state = routes.isEmpty() ? "unrouted" : "accepted";
    try {
      return write(done, state, confirmed, null, routes) ? Outcome.CONFIRMED : Outcome.LOST;
    } catch (SQLException e) {
      if (!UNIQUE.equals(e.getSQLState()) || confirmed.key() == null) {
        throw e;
      }
    }
    UUID first = eventOf(done.claim().event().endpoint(), confirmed.key());
    Confirmed repeat =
        new Confirmed(
            confirmed.type(),
            null,
            confirmed.entity(),
            confirmed.amount(),
            confirmed.currency(),
            confirmed.answer());
    return write(done, "duplicate", repeat, first, List.of()) ? Outcome.DUPLICATE : Outcome.LOST;
  }

  private @Nullable UUID eventOf(String endpoint, String key) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select id from payhook.event where endpoint = ? and key = ? and variant = ''")) {
      statement.setString(1, endpoint);
      statement.setString(2, key);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getObject(1, UUID.class) : null;
      }
    }
  }

  /** Returns false if the claim is no longer held. */
  boolean write(
      Settlement settlement,
      String eventState,
      @Nullable Confirmed confirmed,
      @Nullable UUID conflictOf,
      List<Wanting> routes)
      throws SQLException {
    Claim claim = settlement.claim();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(CONFIRM)) {
      new Binder(statement)
          .add(settlement.outcome().state, settlement.category(), settlement.error())
          .add(claim.event().id(), claim.route(), node, claim.attempt(), claim.run())
          .add(settlement.startedAt(), Deliveries.millis(settlement.took()))
          .add(settlement.outcome().attempt, settlement.category(), settlement.error(), node)
          .add(eventState)
          .add(said(confirmed))
          .add((Object) conflictOf)
          .column("text", routes, Wanting::route)
          .column("boolean", routes, Wanting::ordered);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getInt(1) == 1;
      }
    }
  }

  private static @Nullable Object[] said(@Nullable Confirmed confirmed) {
    return confirmed == null
        ? new @Nullable Object[6]
        : new @Nullable Object[] {
          confirmed.answer(),
          confirmed.type(),
          confirmed.key(),
          confirmed.entity(),
          confirmed.amount(),
          confirmed.currency()
        };
  }
}

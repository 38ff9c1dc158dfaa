package io.payhook.journal;

import io.payhook.journal.Deliveries.Confirmed;
import io.payhook.journal.Deliveries.Outcome;
import io.payhook.journal.Deliveries.Wanting;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.ZoneOffset;
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
      int p = 0;
      statement.setString(++p, settlement.outcome().state);
      statement.setString(++p, settlement.category());
      statement.setString(++p, settlement.error());
      statement.setObject(++p, claim.event().id());
      statement.setString(++p, claim.route());
      statement.setString(++p, node);
      statement.setInt(++p, claim.attempt());
      statement.setInt(++p, claim.run());
      statement.setObject(++p, settlement.startedAt().atOffset(ZoneOffset.UTC));
      statement.setInt(++p, Deliveries.millis(settlement.took()));
      statement.setString(++p, settlement.outcome().attempt);
      statement.setString(++p, settlement.category());
      statement.setString(++p, settlement.error());
      statement.setString(++p, node);
      statement.setString(++p, eventState);
      statement.setString(++p, confirmed == null ? null : confirmed.answer());
      statement.setString(++p, confirmed == null ? null : confirmed.type());
      statement.setString(++p, confirmed == null ? null : confirmed.key());
      statement.setString(++p, confirmed == null ? null : confirmed.entity());
      statement.setBigDecimal(++p, confirmed == null ? null : confirmed.amount());
      statement.setString(++p, confirmed == null ? null : confirmed.currency());
      statement.setObject(++p, conflictOf, Types.OTHER);
      statement.setArray(
          ++p, connection.createArrayOf("text", routes.stream().map(Wanting::route).toArray()));
      statement.setArray(
          ++p,
          connection.createArrayOf("boolean", routes.stream().map(Wanting::ordered).toArray()));
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getInt(1) == 1;
      }
    }
  }
}

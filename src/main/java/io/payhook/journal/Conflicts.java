package io.payhook.journal;

import io.payhook.kit.Digests;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events whose key is known and whose body differs: stored beside the first one, and given to no
 * route.
 */
final class Conflicts {
  private static final Logger LOG = LoggerFactory.getLogger(Conflicts.class);

  private static final String INSERT =
      """
      insert into payhook.event (id, endpoint, type, key, variant, state, conflict_of, entity, occurred_at, amount, currency,
                                 origin, secret, method, url, content_type, provider, headers, body)
      values (?, ?, ?, ?, ?, 'conflict', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::json, ?)
      on conflict (endpoint, key, variant) do nothing
      """;

  private Conflicts() {}

  static void keep(Connection connection, NewEvent event, UUID id, UUID first) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      Facts facts = event.facts();
      new Binder(statement)
          .add(id, event.endpoint(), event.type(), event.key(), Digests.sha256Hex(event.body()))
          .add(first, facts.entity(), facts.occurredAt(), facts.amount(), facts.currency())
          .add(facts.origin(), event.secret(), event.method(), event.url(), event.contentType())
          .add(event.sameness().provider(), event.headers(), event.body());
      statement.executeUpdate();
    }
    LOG.warn(
        "CONFLICT: endpoint {} received key {} again with another body; it is kept as event {} beside event {} and no route runs"
            + " for it. To compare them: payhook event {}. To let it through: payhook replay {} --release",
        event.endpoint(),
        event.key(),
        id,
        first,
        id,
        id);
  }
}

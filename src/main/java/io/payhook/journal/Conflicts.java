package io.payhook.journal;

import io.payhook.kit.Digests;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
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
      int p = 0;
      statement.setObject(++p, id);
      statement.setString(++p, event.endpoint());
      statement.setString(++p, event.type());
      statement.setString(++p, event.key());
      statement.setString(++p, Digests.sha256Hex(event.body()));
      statement.setObject(++p, first);
      Facts facts = event.facts();
      statement.setString(++p, facts.entity());
      statement.setObject(++p, utc(facts.occurredAt()));
      statement.setBigDecimal(++p, facts.amount());
      statement.setString(++p, facts.currency());
      statement.setString(++p, facts.origin());
      statement.setString(++p, event.secret());
      statement.setString(++p, event.method());
      statement.setString(++p, event.url());
      statement.setString(++p, event.contentType());
      statement.setString(++p, event.sameness().provider());
      statement.setString(++p, event.headers());
      statement.setBytes(++p, event.body());
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

  static @Nullable OffsetDateTime utc(@Nullable Instant instant) {
    return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
  }
}

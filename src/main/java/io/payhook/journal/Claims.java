package io.payhook.journal;

import io.payhook.journal.Deliveries.Vacancy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;

/** Claims due deliveries, many of many routes with one query. */
final class Claims {
  /**
   * What this process began itself is never claimed here: it still runs, or its settlement waits
   * for the database. Except where it was begun in a commit that seemed to fail: that never ran.
   */
  private static final String CLAIM =
      """
      with picked as materialized (
        select d.*
        from unnest(?::text[], ?::int[], ?::timestamptz[]) as w(route, places, since)
        cross join (select ?::uuid[] as events) as doubts
        cross join lateral (
          select d.event_id, d.route, d.run, d.attempts, d.node, d.begun_at, d.due_at,
            d.state = 'running' as held,
            d.state = 'running' and d.begun_by is not null and d.event_id <> all(doubts.events) as lost
          from payhook.delivery d
          where d.route = w.route
            and d.state in ('pending', 'running', 'retrying')
            and d.due_at >= coalesce(w.since, '-infinity') and d.due_at <= now()
            and (d.begun_by is distinct from ? or d.event_id = any(doubts.events))
            and (d.entity is null or not exists (
              select 1 from payhook.delivery earlier
              where earlier.route = d.route and earlier.entity = d.entity and earlier.seq < d.seq
                and earlier.state in ('pending', 'running', 'retrying')))
          order by d.due_at
          limit w.places
          for update skip locked
        ) d
      ), claimed as (
        update payhook.delivery d
        set state = 'running', attempts = d.attempts + 1, node = ?, due_at = now() + ? * interval '1 millisecond',
            begun_at = null, begun_by = null, lost = d.lost + case when p.lost then 1 else 0 end,
            forgiven = d.forgiven + case when p.held and not p.lost then 1 else 0 end
        from picked p
        where d.event_id = p.event_id and d.route = p.route
        returning d.event_id, d.route, d.run, d.attempts, d.forgiven, d.lost, d.seq
      ), lost as (
        insert into payhook.attempt (event_id, route, run, number, started_at, duration_ms, outcome, category, error, node)
        select event_id, route, run, attempts, begun_at,
          least(2147483647, greatest(0, extract(epoch from due_at - begun_at) * 1000))::int, 'lost', 'LOST',
          'the process or its lease ended before it was done', coalesce(node, '')
        from picked where lost
      )
      select c.route, c.run, c.attempts, c.forgiven, c.lost, e.id, e.endpoint, e.type, e.key, e.received_at, e.content_type,
        e.provider, e.entity, e.occurred_at, e.amount, e.currency, e.origin, octet_length(e.body) as size
      from claimed c join payhook.event e on e.id = c.event_id
      order by c.seq
      """;

  /** Maximum time between a transaction's now() and its commit. */
  private static final Duration LATE = Duration.ofSeconds(1);

  private static final byte[] NOTHING = new byte[0];

  private final Map<String, OffsetDateTime> claimedUntil = new ConcurrentHashMap<>();

  /** Start of what the last full scan found open in ordered routes; nothing before it was open. */
  private final Map<String, OffsetDateTime> openFrom = new ConcurrentHashMap<>();

  private final DataSource dataSource;
  private final String node;
  private final UUID incarnation;
  private final Duration lease;
  private final Doubts doubts;

  Claims(DataSource dataSource, String node, UUID incarnation, Duration lease, Doubts doubts) {
    this.dataSource = dataSource;
    this.node = node;
    this.incarnation = incarnation;
    this.lease = lease;
    this.doubts = doubts;
  }

  private @Nullable OffsetDateTime since(Vacancy vacancy) {
    // An ordered delivery may have had to wait for an earlier one of its entity.
    return (vacancy.ordered() ? openFrom : claimedUntil).get(vacancy.route());
  }

  List<Claim> claim(List<Vacancy> vacancies, boolean all) throws SQLException {
    Map<String, OffsetDateTime> oldest = new HashMap<>();
    List<Claim> claims = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(CLAIM)) {
      if (all && vacancies.stream().anyMatch(Vacancy::ordered)) {
        lookAtOrdered(connection, vacancies);
      }
      // Planned each time: a plan from when the table was small would scan all of it.
      statement.unwrap(PGStatement.class).setPrepareThreshold(0);
      new Binder(statement)
          .column("text", vacancies, Vacancy::route)
          .column("int", vacancies, Vacancy::places)
          .column("timestamptz", vacancies, vacancy -> all ? null : since(vacancy))
          .column("uuid", all ? doubts.events() : List.of(), event -> event)
          .add(incarnation, node, lease.toMillis());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          OffsetDateTime receivedAt = row.getObject("received_at", OffsetDateTime.class);
          Claim claim = claim(row, receivedAt.toInstant());
          claims.add(claim);
          if (claim.attempt() == 1) {
            // Such a delivery was due when it was received, or later.
            oldest.merge(
                claim.route(),
                receivedAt.minus(LATE),
                (one, other) -> one.isBefore(other) ? one : other);
          }
        }
      }
    }
    claimedUntil.putAll(oldest);
    return claims;
  }

  /** Finds the oldest open delivery of ordered routes. */
  private void lookAtOrdered(Connection connection, List<Vacancy> vacancies) throws SQLException {
    Query oldest =
        new Query(
            """
            select w.route, least(now() - interval '10 seconds', (
              select d.due_at from payhook.delivery d
              where d.route = w.route and d.state in ('pending', 'running', 'retrying') order by d.due_at limit 1)) as since
            from unnest(?::text[]) w(route)
            """,
            (Object)
                vacancies.stream()
                    .filter(Vacancy::ordered)
                    .map(Vacancy::route)
                    .toArray(String[]::new));
    try (PreparedStatement statement = oldest.prepare(connection);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        openFrom.put(row.getString("route"), row.getObject("since", OffsetDateTime.class));
      }
    }
  }

  private Claim claim(ResultSet row, Instant receivedAt) throws SQLException {
    StoredEvent event =
        new StoredEvent(
            row.getObject("id", UUID.class),
            row.getString("endpoint"),
            row.getString("type"),
            row.getString("key"),
            receivedAt,
            row.getString("content_type"),
            NOTHING,
            row.getString("provider"),
            new Facts(
                row.getString("entity"),
                instant(row.getObject("occurred_at", OffsetDateTime.class)),
                row.getBigDecimal("amount"),
                row.getString("currency"),
                row.getString("origin")),
            null);
    return new Claim(
        event.unread(),
        row.getString("route"),
        row.getInt("run"),
        row.getInt("attempts"),
        row.getInt("forgiven"),
        row.getInt("lost"),
        row.getInt("size"),
        node);
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }
}

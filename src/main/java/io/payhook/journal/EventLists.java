package io.payhook.journal;

import io.payhook.journal.JournalReader.AttemptRow;
import io.payhook.journal.JournalReader.EventDetail;
import io.payhook.journal.JournalReader.EventQuery;
import io.payhook.journal.JournalReader.EventRow;
import io.payhook.journal.JournalReader.Page;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Finds events in the journal. */
final class EventLists {
  private static final Duration BESIDES = Duration.ofMillis(250);

  private EventLists() {}

  private static final String EVENT_COLUMNS =
      "id, endpoint, type, key, state, conflict_of, entity, received_at, occurred_at, amount, currency, origin";

  /** The newest events of an entity, by an index over its beginning. */
  private static final String OF_ENTITY =
      "array(select id from payhook.event where left(entity, 400) = left(?, 400) and entity = ? order by id desc limit 100)";

  /** The events that a query asks for. */
  static Page<EventRow, UUID> of(Connection connection, EventQuery query, Duration timeout)
      throws SQLException {
    List<EventRow> found = new ArrayList<>();
    if (query.before() == null && query.search() != null) {
      found.addAll(exactly(connection, query, query.search()));
    }
    int exact = found.size();
    UUID before = query.before() == null ? JournalReader.LAST : query.before();
    // Who asked for something whole has it; what else has the text somewhere is looked for
    // only a little.
    Duration most = exact > 0 ? BESIDES : timeout.dividedBy(2);
    long end = System.nanoTime() + most.toNanos();
    @Nullable UUID next = before;
    while (next != null && found.size() <= query.limit() && System.nanoTime() < end) {
      next = scan(connection, query, next, query.limit() + 1 - found.size(), found);
    }
    if (found.size() > query.limit()) {
      found = found.subList(0, query.limit());
      // What was found outside the order of the list is no place to go on from.
      next = exact < query.limit() ? found.get(query.limit() - 1).id() : JournalReader.LAST;
    }
    return new Page<>(withDeliveries(connection, found), next);
  }

  /** What an index finds at once, however old it is. */
  private static List<EventRow> exactly(Connection connection, EventQuery query, String search)
      throws SQLException {
    Optional<UUID> id = JournalReader.uuid(search);
    Query sql;
    if (id.isPresent()) {
      sql = new Query("select " + EVENT_COLUMNS + " from payhook.event e where id = ?", id.get());
    } else {
      // Each endpoint's own part of the index (endpoint, key, variant).
      sql =
          new Query(
              """
              with recursive own(endpoint) as (
                (select endpoint from payhook.event order by endpoint limit 1)
                union all
                select (select n.endpoint from payhook.event n where n.endpoint > own.endpoint order by n.endpoint limit 1)
                from own where own.endpoint is not null
              )
              """
                  + "select e.* from (select k.* from own cross join lateral (select "
                  + EVENT_COLUMNS
                  + " from payhook.event where endpoint = own.endpoint and key = ? order by id desc limit 100) k union select "
                  + EVENT_COLUMNS
                  + " from payhook.event where id = any("
                  + OF_ENTITY
                  + ")) e where true",
              search,
              search,
              search);
    }
    filter(sql, query).add("order by id desc limit ?", query.limit());
    return Rows.list(connection, sql, EventLists::eventRow);
  }

  private static Query filter(Query sql, EventQuery query) {
    return sql.addIf(query.state(), "and e.state = ?")
        .addIf(query.since(), "and e.received_at >= ?")
        .addIf(query.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
        .addIf(query.type(), "and " + Query.matches("e.type", "?::text"));
  }

  /**
   * Looks at the next events in order and adds those wanted.
   *
   * @return where the next scan begins, or null at the end
   */
  private static @Nullable UUID scan(
      Connection connection, EventQuery query, UUID before, int wanted, List<EventRow> found)
      throws SQLException {
    // The index of what is remarkable leads with the state; what is accepted is nearly all.
    String own = query.state();
    String remarkable = own == null || own.equals("accepted") ? null : own;
    Query sql =
        new Query(
                "select "
                    + EVENT_COLUMNS
                    + " from (select * from payhook.event where id < ? and id >= ?",
                before,
                JournalReader.lowest(query.since()))
            .addIf(remarkable, "and state <> 'accepted' and state = ?")
            .add("order by id desc limit " + JournalReader.WINDOW + ") e where true");
    filter(sql, query);
    String search = query.search();
    if (search != null) {
      sql.add(
          """
          and e.key <> ? and e.id::text <> lower(?) and e.id <> all(%s)
          and (strpos(lower(e.key), lower(?)) > 0 or strpos(lower(e.entity), lower(?)) > 0
            or strpos(lower(encode(e.body, 'escape')), lower(encode(convert_to(?, 'UTF8'), 'escape'))) > 0)
          """
              .formatted(OF_ENTITY),
          search,
          search,
          search,
          search,
          search,
          search,
          search);
    }
    sql.add("order by id desc limit ?", wanted);
    List<EventRow> rows = Rows.list(connection, sql, EventLists::eventRow);
    found.addAll(rows);
    if (rows.size() == wanted) {
      return rows.get(rows.size() - 1).id();
    }
    Query last =
        new Query(
                "select id from payhook.event where id < ? and id >= ?",
                before,
                JournalReader.lowest(query.since()))
            .addIf(remarkable, "and state <> 'accepted' and state = ?")
            .add("order by id desc offset " + (JournalReader.WINDOW - 1) + " limit 1");
    return Rows.first(Rows.list(connection, last, row -> row.getObject(1, UUID.class)));
  }

  private static EventRow eventRow(ResultSet row) throws SQLException {
    return new EventRow(
        row.getObject("id", UUID.class),
        row.getString("endpoint"),
        row.getString("type"),
        row.getString("key"),
        row.getString("state"),
        row.getObject("conflict_of", UUID.class),
        new Facts(
            row.getString("entity"),
            Rows.instantOrNull(row, "occurred_at"),
            row.getBigDecimal("amount"),
            row.getString("currency"),
            row.getString("origin")),
        Rows.instant(row, "received_at"),
        Map.of());
  }

  private static List<EventRow> withDeliveries(Connection connection, List<EventRow> events)
      throws SQLException {
    if (events.isEmpty()) {
      return List.of();
    }
    Map<UUID, Map<String, Integer>> states = new LinkedHashMap<>();
    try (PreparedStatement statement =
            new Query(
                    "select event_id, state, count(*)::int from payhook.delivery where event_id = any(?) group by 1, 2",
                    (Object) events.stream().map(EventRow::id).toArray(UUID[]::new))
                .prepare(connection);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        states
            .computeIfAbsent(row.getObject(1, UUID.class), id -> JournalReader.byState())
            .put(row.getString(2), row.getInt(3));
      }
    }
    return events.stream()
        .map(
            e ->
                new EventRow(
                    e.id(),
                    e.endpoint(),
                    e.type(),
                    e.key(),
                    e.state(),
                    e.conflictOf(),
                    e.facts(),
                    e.receivedAt(),
                    states.getOrDefault(e.id(), Map.of())))
        .toList();
  }

  /** One event, with its deliveries and their attempts. */
  static Optional<EventDetail> detail(Connection connection, UUID id) throws SQLException {
    List<EventDetail> found =
        Rows.list(
            connection,
            new Query(
                "select "
                    + EVENT_COLUMNS
                    + ", secret, method, url, content_type, headers, body from payhook.event where id = ?",
                id),
            row ->
                new EventDetail(
                    eventRow(row),
                    row.getString("secret"),
                    row.getString("method"),
                    row.getString("url"),
                    row.getString("content_type"),
                    row.getString("headers"),
                    row.getBytes("body"),
                    List.of(),
                    List.of()));
    if (found.isEmpty()) {
      return Optional.empty();
    }
    EventDetail bare = found.get(0);
    return Optional.of(
        new EventDetail(
            withDeliveries(connection, List.of(bare.event())).get(0),
            bare.secret(),
            bare.method(),
            bare.url(),
            bare.contentType(),
            bare.headers(),
            bare.body(),
            Rows.list(
                connection,
                new Query(DeliveryLists.DELIVERY).add("where d.event_id = ? order by d.route", id),
                DeliveryLists.ROW),
            Rows.list(
                connection,
                new Query(
                    """
                    select route, run, number, started_at, duration_ms as took, outcome, category, error, node
                    from payhook.attempt where event_id = ? order by route, run, number, started_at limit 1000
                    """,
                    id),
                Rows.as(AttemptRow.class))));
  }
}

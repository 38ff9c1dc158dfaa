package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads the journal for people, at any size: every list is read along an index, page by page, and
 * nothing counts entire tables. A filter that no index serves is applied to the rows as they are
 * read, newest first, for a limited time; then the page ends early and says where to continue.
 *
 * <p>Read-only, with a statement timeout; a statement that takes longer ends with SQLSTATE 57014.
 */
public final class JournalReader {
  /** States of an event. */
  public static final List<String> EVENT_STATES =
      List.of("accepted", "unrouted", "conflict", "unconfirmed", "duplicate");

  /** States of a delivery. */
  public static final List<String> DELIVERY_STATES =
      List.of("pending", "running", "retrying", "done", "dead", "skipped");

  /** States of an open delivery. */
  static final Set<String> OPEN = Set.of("pending", "running", "retrying");

  static final String IS_OPEN = "state in ('pending', 'running', 'retrying')";
  static final String IS_DEAD = "state in ('dead', 'skipped')";

  /** Number of rows between two looks at the clock. */
  static final int WINDOW = 10_000;

  private static final Duration BESIDES = Duration.ofMillis(250);

  /**
   * Maximum clock difference: identifiers carry the clock of the node that accepted the event,
   * {@code received_at} the database's.
   */
  static final Duration CLOCK_MARGIN = Duration.ofMinutes(10);

  /** The highest possible identifier. */
  static final UUID LAST = new UUID(-1, -1);

  private static final UUID FIRST = new UUID(0, 0);

  /**
   * A page of a list.
   *
   * @param next where the next page begins, or null if there is none; a page may be short, or
   *     empty, and still have a next one
   */
  public record Page<T, P>(List<T> items, @Nullable P next) {}

  /**
   * Which events to list, newest first; null means all.
   *
   * @param endpoint name or pattern ({@code *} matches any text)
   * @param type event type or pattern
   * @param state one of {@link #EVENT_STATES}
   * @param since received then or later
   * @param search text in key, entity, or body (ASCII letters of any case); a complete key, id or
   *     entity is found at once, however old
   * @param before the {@code next} of the previous page
   * @param limit maximum number of events on a page
   */
  public record EventQuery(
      @Nullable String endpoint,
      @Nullable String type,
      @Nullable String state,
      @Nullable Instant since,
      @Nullable String search,
      @Nullable UUID before,
      int limit) {}

  /**
   * An event without its content.
   *
   * @param deliveries number of its deliveries in each state
   */
  public record EventRow(
      UUID id,
      String endpoint,
      String type,
      String key,
      String state,
      @Nullable UUID conflictOf,
      Facts facts,
      Instant receivedAt,
      Map<String, Integer> deliveries) {}

  /**
   * Everything that is known about an event.
   *
   * @param secret label of the secret that matched
   * @param headers JSON text: {@code [[name, value], …]} as sent
   */
  public record EventDetail(
      EventRow event,
      @Nullable String secret,
      String method,
      String url,
      @Nullable String contentType,
      String headers,
      byte[] body,
      List<DeliveryRow> deliveries,
      List<AttemptRow> attempts) {}

  /**
   * Which deliveries to list: open ones with the longest waiting first, all others with the newest
   * event first.
   *
   * @param state one of {@link #DELIVERY_STATES}, or null for all
   * @param endpoint name or pattern
   * @param since of events received then or later
   * @param orphaned only open ones of routes without a subscription
   * @param after the {@code next} of the previous page
   */
  public record DeliveryQuery(
      @Nullable String state,
      @Nullable String route,
      @Nullable String endpoint,
      @Nullable Instant since,
      boolean orphaned,
      @Nullable Position after,
      int limit) {}

  /** A position in a list of deliveries; {@code dueAt} only if they are ordered by it. */
  public record Position(@Nullable Instant dueAt, UUID event, String route) {}

  /**
   * One event for one route.
   *
   * @param attempts so far
   * @param forgiven those before the last replay
   * @param dueAt when it may be claimed; for a running one, when the lease expires
   * @param node who runs it
   * @param orphaned open, but its route has no subscription
   */
  public record DeliveryRow(
      UUID event,
      String route,
      String state,
      String endpoint,
      String type,
      String key,
      Instant receivedAt,
      int attempts,
      int forgiven,
      int run,
      Instant dueAt,
      @Nullable Instant doneAt,
      @Nullable String node,
      @Nullable String category,
      @Nullable String error,
      boolean orphaned) {}

  /** One run of a delivery. */
  public record AttemptRow(
      String route,
      int run,
      int number,
      Instant startedAt,
      Duration took,
      String outcome,
      @Nullable String category,
      @Nullable String error,
      String node) {}

  /** A rejected request. */
  public record RejectionRow(
      long id,
      Instant at,
      String endpoint,
      String category,
      String reason,
      String detail,
      @Nullable String remote,
      String headers,
      int size,
      @Nullable String excerpt) {}

  /** A subscription, and the nodes that run it. */
  public record SubscriptionRow(
      String route,
      String endpoint,
      String type,
      boolean ordered,
      List<String> nodes,
      Instant since) {}

  /**
   * The waiting and dead deliveries of a route.
   *
   * @param states deliveries by state, without {@code done}
   * @param more true if there are more than were counted
   * @param late how long the longest waiting one is overdue
   * @param subscribed whether any node runs the route
   */
  public record Backlog(
      String route, Map<String, Integer> states, boolean more, Duration late, boolean subscribed) {}

  /**
   * What a secret of an endpoint was used for.
   *
   * @param secret its label; null if no secret was needed
   */
  public record SecretRow(
      String endpoint, @Nullable String secret, int events, Instant lastAt, Instant firstAt) {}

  /**
   * The secrets that the newest events were signed with.
   *
   * @param since how far back they reach; null if these are all events there are
   */
  public record SecretUse(List<SecretRow> rows, @Nullable Instant since) {}

  /**
   * The journal at a glance.
   *
   * @param events approximate number of events, as last estimated by the database; -1 if never
   * @param remarkable number in each state but accepted
   * @param newest when the last one was received
   */
  public record Summary(
      long events,
      Map<String, Integer> remarkable,
      @Nullable Instant newest,
      List<Backlog> backlog,
      boolean more) {}

  private final DataSource dataSource;
  private final Duration timeout;

  /**
   * @param dataSource connections in auto-commit mode, preferably a small pool of their own
   * @param timeout statement timeout; filling a page of a list takes at most half of it
   */
  public JournalReader(DataSource dataSource, Duration timeout) {
    this.dataSource = dataSource;
    this.timeout = timeout;
  }

  private interface Reading<T> {
    T with(Connection connection) throws SQLException;
  }

  interface Row<T> {
    T of(ResultSet row) throws SQLException;
  }

  private <T> T read(Reading<T> reading) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        try (Statement statement = connection.createStatement()) {
          statement.execute("set transaction read only; " + alongIndexes(timeout));
        }
        return reading.with(connection);
      } finally {
        if (!connection.isClosed()) {
          connection.rollback();
          connection.setAutoCommit(true);
        }
      }
    }
  }

  /**
   * Settings for one transaction. All statements here read a few rows in the order of an index; the
   * planner considers a state and the index's own condition on it independent, and may otherwise
   * expect so few rows that it fetches and sorts them all.
   */
  static String alongIndexes(Duration timeout) {
    return "set local statement_timeout = "
        + timeout.toMillis()
        + "; set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";
  }

  static <T> List<T> list(Connection connection, Query query, Row<T> reader) throws SQLException {
    try (PreparedStatement statement = query.prepare(connection);
        ResultSet row = statement.executeQuery()) {
      List<T> rows = new ArrayList<>();
      while (row.next()) {
        rows.add(reader.of(row));
      }
      return rows;
    }
  }

  /** The lowest identifier of an event received at that time. */
  static UUID lowest(@Nullable Instant since) {
    return since == null ? FIRST : EventIds.lowest(since.minus(CLOCK_MARGIN));
  }

  // Events

  private static final String EVENT_COLUMNS =
      "id, endpoint, type, key, state, conflict_of, entity, received_at, occurred_at, amount, currency, origin";

  /** The newest events of an entity, by an index on its prefix. */
  private static final String OF_ENTITY =
      "array(select id from payhook.event where left(entity, 400) = left(?, 400) and entity = ? order by id desc limit 100)";

  /** Lists events, newest first; those found by a complete key, id or entity come first. */
  public Page<EventRow, UUID> events(EventQuery query) throws SQLException {
    return read(
        connection -> {
          List<EventRow> found = new ArrayList<>();
          if (query.before() == null && query.search() != null) {
            found.addAll(exactly(connection, query, query.search()));
          }
          int exact = found.size();
          UUID before = query.before() == null ? LAST : query.before();
          // An exact match answers the question; other events that contain the text are searched
          // for only briefly.
          Duration most = exact > 0 ? BESIDES : timeout.dividedBy(2);
          long end = System.nanoTime() + most.toNanos();
          @Nullable UUID next = before;
          while (next != null && found.size() <= query.limit() && System.nanoTime() < end) {
            next = scan(connection, query, next, query.limit() + 1 - found.size(), found);
          }
          if (found.size() > query.limit()) {
            found = found.subList(0, query.limit());
            // A row found outside the order of the list is no position to continue from.
            next = exact < query.limit() ? found.get(query.limit() - 1).id() : LAST;
          }
          return new Page<>(withDeliveries(connection, found), next);
        });
  }

  /** Events that an index finds at once, however old. */
  private static List<EventRow> exactly(Connection connection, EventQuery query, String search)
      throws SQLException {
    Optional<UUID> id = uuid(search);
    Query sql;
    if (id.isPresent()) {
      sql = new Query("select " + EVENT_COLUMNS + " from payhook.event e where id = ?", id.get());
    } else {
      // Each endpoint's part of the index (endpoint, key, variant).
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
    return list(connection, sql, JournalReader::eventRow);
  }

  private static Query filter(Query sql, EventQuery query) {
    return sql.addIf(query.state(), "and e.state = ?")
        .addIf(query.since(), "and e.received_at >= ?")
        .addIf(query.endpoint(), "and " + Query.matches("e.endpoint", "?::text"))
        .addIf(query.type(), "and " + Query.matches("e.type", "?::text"));
  }

  /**
   * Reads the next events in order and adds those that match.
   *
   * @return where the next scan begins, or null at the end
   */
  private static @Nullable UUID scan(
      Connection connection, EventQuery query, UUID before, int wanted, List<EventRow> found)
      throws SQLException {
    // The index of remarkable events starts with the state; nearly all events are accepted.
    String own = query.state();
    String remarkable = own == null || own.equals("accepted") ? null : own;
    Query sql =
        new Query(
                "select "
                    + EVENT_COLUMNS
                    + " from (select * from payhook.event where id < ? and id >= ?",
                before,
                lowest(query.since()))
            .addIf(remarkable, "and state <> 'accepted' and state = ?")
            .add("order by id desc limit " + WINDOW + ") e where true");
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
    List<EventRow> rows = list(connection, sql, JournalReader::eventRow);
    found.addAll(rows);
    if (rows.size() == wanted) {
      return rows.get(rows.size() - 1).id();
    }
    Query last =
        new Query(
                "select id from payhook.event where id < ? and id >= ?",
                before,
                lowest(query.since()))
            .addIf(remarkable, "and state <> 'accepted' and state = ?")
            .add("order by id desc offset " + (WINDOW - 1) + " limit 1");
    return first(list(connection, last, row -> row.getObject(1, UUID.class)));
  }

  static <T> @Nullable T first(List<T> rows) {
    return rows.isEmpty() ? null : rows.get(0);
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
            instantOrNull(row, "occurred_at"),
            row.getBigDecimal("amount"),
            row.getString("currency"),
            row.getString("origin")),
        instant(row, "received_at"),
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
            .computeIfAbsent(row.getObject(1, UUID.class), id -> byState())
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

  static Map<String, Integer> byState() {
    return new TreeMap<>(Comparator.comparingInt(DELIVERY_STATES::indexOf));
  }

  /** One event, with its deliveries and their attempts. */
  public Optional<EventDetail> event(UUID id) throws SQLException {
    return read(
        connection -> {
          List<EventDetail> found =
              list(
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
                  list(
                      connection,
                      new Query(DeliveryLists.DELIVERY)
                          .add("where d.event_id = ? order by d.route", id),
                      DeliveryLists::deliveryRow),
                  list(
                      connection,
                      new Query(
                          """
                          select route, run, number, started_at, duration_ms, outcome, category, error, node
                          from payhook.attempt where event_id = ? order by route, run, number, started_at limit 1000
                          """,
                          id),
                      DeliveryLists::attemptRow)));
        });
  }

  /** Lists deliveries. */
  public Page<DeliveryRow, Position> deliveries(DeliveryQuery query) throws SQLException {
    return read(connection -> DeliveryLists.of(connection, query, timeout));
  }

  // Everything else

  /** All known nodes, live ones first. */
  public List<Nodes.Node> nodes() throws SQLException {
    return Nodes.list(dataSource);
  }

  /** All subscriptions, by route. */
  public List<SubscriptionRow> subscriptions() throws SQLException {
    return read(
        connection ->
            list(
                connection,
                new Query(
                    """
                    select route, endpoint, type, ordered, array_agg(node order by node) as nodes, min(since) as since
                    from payhook.subscriber_now group by 1, 2, 3, 4 order by 1, 2, 3, 4
                    """),
                row ->
                    new SubscriptionRow(
                        row.getString("route"),
                        row.getString("endpoint"),
                        row.getString("type"),
                        row.getBoolean("ordered"),
                        List.of((String[]) row.getArray("nodes").getArray()),
                        instant(row, "since"))));
  }

  /**
   * Rejections, newest first; their number is limited.
   *
   * @param before the {@code next} of the previous page
   */
  public Page<RejectionRow, Long> rejections(
      @Nullable String endpoint,
      @Nullable String category,
      @Nullable String reason,
      @Nullable Instant since,
      @Nullable Long before,
      int limit)
      throws SQLException {
    Query sql =
        new Query(
                "select id, at, endpoint, category, reason, detail, remote, headers, size, excerpt from payhook.rejection where true")
            .addIf(before, "and id < ?")
            .addIf(endpoint, "and " + Query.matches("endpoint", "?::text"))
            .addIf(category, "and category = ?")
            .addIf(reason, "and reason = ?")
            .addIf(since, "and at >= ?")
            .add("order by id desc limit ?", limit + 1);
    return read(
        connection ->
            DeliveryLists.page(
                list(
                    connection,
                    sql,
                    row ->
                        new RejectionRow(
                            row.getLong("id"),
                            instant(row, "at"),
                            row.getString("endpoint"),
                            row.getString("category"),
                            row.getString("reason"),
                            row.getString("detail"),
                            row.getString("remote"),
                            row.getString("headers"),
                            row.getInt("size"),
                            row.getString("excerpt"))),
                limit,
                RejectionRow::id));
  }

  /**
   * What the newest events were signed with.
   *
   * @param newest number of events to look at, of all endpoints together
   */
  public SecretUse secretUse(int newest) throws SQLException {
    return read(
        connection -> {
          List<SecretRow> rows =
              list(
                  connection,
                  new Query(
                      """
                      select endpoint, secret, count(*)::int as events, max(received_at) as last, min(received_at) as first
                      from (select endpoint, secret, received_at from payhook.event order by id desc limit ?) e
                      group by 1, 2 order by 1, 2
                      """,
                      newest),
                  row ->
                      new SecretRow(
                          row.getString("endpoint"),
                          row.getString("secret"),
                          row.getInt("events"),
                          instant(row, "last"),
                          instant(row, "first")));
          int seen = rows.stream().mapToInt(SecretRow::events).sum();
          return new SecretUse(
              rows,
              seen < newest
                  ? null
                  : rows.stream().map(SecretRow::firstAt).min(Comparator.naturalOrder()).get());
        });
  }

  /**
   * The journal at a glance.
   *
   * @param count maximum number of rows counted for each route, and for each state of events
   */
  public Summary summary(int count) throws SQLException {
    return read(
        connection -> {
          Map<String, Integer> remarkable = new LinkedHashMap<>();
          boolean more = false;
          for (String state : EVENT_STATES.subList(1, EVENT_STATES.size())) {
            int number =
                number(
                    connection,
                    new Query(
                        "select count(*) from (select 1 from payhook.event where state <> 'accepted' and state = ? limit ?) e",
                        state,
                        count + 1));
            more |= number > count;
            remarkable.put(state, Math.min(number, count));
          }
          Instant newest =
              first(
                  list(
                      connection,
                      new Query("select received_at from payhook.event order by id desc limit 1"),
                      row -> instant(row, "received_at")));
          long events =
              number(
                  connection,
                  new Query(
                      "select reltuples::bigint from pg_class where oid = 'payhook.event'::regclass"));
          return new Summary(events, remarkable, newest, Backlogs.of(connection, count), more);
        });
  }

  /**
   * The waiting and dead deliveries, by route.
   *
   * @param count maximum number of rows counted for each route
   */
  public List<Backlog> backlog(int count) throws SQLException {
    return read(connection -> Backlogs.of(connection, count));
  }

  private static int number(Connection connection, Query query) throws SQLException {
    Long number = first(list(connection, query, row -> row.getLong(1)));
    return number == null ? 0 : (int) Math.min(Integer.MAX_VALUE, number);
  }

  static Optional<UUID> uuid(String text) {
    if (text.length() != 36) {
      return Optional.empty();
    }
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  static @Nullable Instant instantOrNull(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}

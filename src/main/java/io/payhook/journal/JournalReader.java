package io.payhook.journal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
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

  /** Identifiers carry the clock of the node that took the event in, {@code received_at} ours. */
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

  /** The lowest identifier of an event received then. */
  static UUID lowest(@Nullable Instant since) {
    return since == null ? FIRST : EventIds.lowest(since.minus(CLOCK_MARGIN));
  }

  /** Lists events, newest first; what is found by a whole key, id or entity comes before all. */
  public Page<EventRow, UUID> events(EventQuery query) throws SQLException {
    return read(connection -> EventLists.of(connection, query, timeout));
  }

  /** One event, with its deliveries and their attempts. */
  public Optional<EventDetail> event(UUID id) throws SQLException {
    return read(connection -> EventLists.detail(connection, id));
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
            Rows.list(
                connection,
                new Query(
                    """
                    select route, endpoint, type, ordered, array_agg(node order by node) as nodes, min(since) as since
                    from payhook.subscriber_now group by 1, 2, 3, 4 order by 1, 2, 3, 4
                    """),
                Rows.as(SubscriptionRow.class)));
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
                Rows.list(connection, sql, Rows.as(RejectionRow.class)), limit, RejectionRow::id));
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
              Rows.list(
                  connection,
                  new Query(
                      """
                      select endpoint, secret, count(*)::int as events, max(received_at) as last_at, min(received_at) as first_at
                      from (select endpoint, secret, received_at from payhook.event order by id desc limit ?) e
                      group by 1, 2 order by 1, 2
                      """,
                      newest),
                  Rows.as(SecretRow.class));
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
              Rows.first(
                  Rows.list(
                      connection,
                      new Query("select received_at from payhook.event order by id desc limit 1"),
                      row -> Rows.instant(row, "received_at")));
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
    Long number = Rows.first(Rows.list(connection, query, row -> row.getLong(1)));
    return number == null ? 0 : (int) Math.min(Integer.MAX_VALUE, number);
  }

  static Map<String, Integer> byState() {
    return new TreeMap<>(Comparator.comparingInt(DELIVERY_STATES::indexOf));
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
}

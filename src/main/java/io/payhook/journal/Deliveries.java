package io.payhook.journal;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims deliveries and settles them. Any number of nodes may do so on one database, whose clock
 * alone decides what is due.
 *
 * <p>A claim is a lease: it ends by itself unless it is renewed, and only its holder can settle it.
 */
public final class Deliveries implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Deliveries.class);

  // In what settles a claim, the node says that the delivery is running: no other state has one. A
  // condition on the state would let PostgreSQL take the index of the open deliveries, as it did
  // while the table was small and for as long as it remembered that plan.

  private static final String SETTLE =
      """
      with s as (
        select * from unnest(?::uuid[], ?::text[], ?::int[], ?::int[], ?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[],
                             ?::timestamptz[], ?::int[])
          as s(event_id, route, run, attempt, state, again_ms, category, error, outcome, started_at, took_ms)
      ), settled as (
        update payhook.delivery d
        set state = case when s.outcome = 'released' and d.attempts - 1 > d.forgiven then 'retrying'
                         else s.state end,
            attempts = case when s.outcome in ('released', 'buried') then d.attempts - 1 else d.attempts end,
            due_at = now() + s.again_ms * interval '1 millisecond',
            done_at = case when s.state in ('done', 'skipped') then now() end,
            category = case when s.outcome = 'released' then d.category else s.category end,
            error = case when s.outcome = 'released' then d.error else s.error end,
            lost = case when s.outcome in ('released', 'buried') then d.lost else 0 end,
            node = null, begun_at = null, begun_by = null
        from s
        where d.event_id = s.event_id and d.route = s.route and d.node = ? and d.attempts = s.attempt and d.run = s.run
        returning s.event_id, s.route, s.run, s.attempt
      ), attempts as (
        insert into payhook.attempt (event_id, route, run, number, started_at, duration_ms, outcome, category, error, node)
        select s.event_id, s.route, s.run, s.attempt, s.started_at, s.took_ms, s.outcome, s.category, s.error, ?
        from s join settled using (event_id, route, run, attempt)
        where s.outcome not in ('released', 'buried')
      )
      select event_id, route, run, attempt from settled
      """;

  private static final String COMPLETE =
      """
      with settled as (
        update payhook.delivery
        set state = 'done', done_at = now(), category = null, error = null, node = null,
            begun_at = null, begun_by = null, lost = 0
        where event_id = ? and route = ? and node = ? and attempts = ? and run = ?
        returning event_id, route, run, attempts
      )
      insert into payhook.attempt (event_id, route, run, number, started_at, duration_ms, outcome, node)
      select event_id, route, run, attempts, ?, ?, 'done', ? from settled
      """;

  private static final String RENEW =
      """
      update payhook.delivery d set due_at = now() + ? * interval '1 millisecond'
      from unnest(?::uuid[], ?::text[], ?::int[], ?::int[]) as h(event_id, route, run, attempt)
      where d.event_id = h.event_id and d.route = h.route and d.run = h.run and d.attempts = h.attempt and d.node = ?
      returning h.event_id, h.route, h.run, h.attempt
      """;

  /** What a node can take of one route now. */
  public record Vacancy(String route, int places, boolean ordered) {}

  /** A commit that takes longer counts as failed. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final DataSource dataSource;
  private final String node;
  private final Duration lease;
  private final UUID incarnation = UUID.randomUUID();
  private final Doubts doubts = new Doubts();
  private final Claims claims;
  private final Beginnings beginnings;
  private final Confirmations confirmations;
  private final GroupCommit<Settlement> settlements;

  /** What could not be queued again while the database was away. */
  private final Queue<Settlement> overflow = new ConcurrentLinkedQueue<>();

  /**
   * @param dataSource connections in auto-commit
   * @param node this node's name, unique among those on the database
   * @param lease how long a claim holds unless renewed
   */
  public Deliveries(DataSource dataSource, String node, Duration lease) {
    this.dataSource = dataSource;
    this.node = node;
    this.lease = lease;
    this.claims = new Claims(dataSource, node, incarnation, lease, doubts);
    this.beginnings = new Beginnings(dataSource, node, incarnation);
    this.confirmations = new Confirmations(dataSource, node);
    this.settlements =
        new GroupCommit<>(
            new CommitState(
                "delivery journal",
                "Deliveries that are done are settled when the database is back.",
                PATIENCE),
            dataSource,
            1,
            100_000,
            Duration.ofMillis(5),
            new GroupCommit.Batch<>() {
              @Override
              public void write(Connection connection, List<Settlement> items) throws SQLException {
                settle(connection, items);
                queueOverflow();
              }

              @Override
              public void failed(List<Settlement> items, Exception cause) {
                again(items);
              }
            });
  }

  /** Names the process that claims here, among all that ever did under this node's name. */
  public UUID incarnation() {
    return incarnation;
  }

  /** The commit of an event that was to begin here has failed; it may be kept all the same. */
  public void doubt(UUID event) {
    doubts.add(event);
  }

  /**
   * Claims what is due, as many of each route as there are places. The events come unread: {@link
   * #begin} reads what an attempt needs.
   *
   * <p>A delivery whose attempt began and whose lease ran out without a result has lost that
   * attempt: it counts, has its row, and the claim tells of it. One that was only held has not.
   *
   * @param all false to pass over what should have been claimed long ago. Between two vacuums the
   *     index of the open deliveries keeps a trace of each one that was open, the oldest first, and
   *     a claim that looks for everything walks over all of them
   */
  public List<Claim> claim(List<Vacancy> vacancies, boolean all) throws SQLException {
    return claims.claim(vacancies, all);
  }

  /**
   * Records that an attempt begins now, so that it counts if nobody is left to say how it ended,
   * and reads the event where it is not read yet.
   *
   * @return the claim with the event read, or null when the lease has ended: then the attempt must
   *     not begin
   */
  public @Nullable Claim begin(Claim claim) throws SQLException, InterruptedException {
    return beginnings.begin(claim);
  }

  /**
   * Completes a claim in a transaction of the caller's, so that the delivery's effect and its
   * completion are one commit.
   *
   * @return false when the claim is no longer held: then the caller must roll back
   */
  public boolean completeIn(Connection transaction, Settlement done) throws SQLException {
    Claim claim = done.claim();
    try (PreparedStatement statement = transaction.prepareStatement(COMPLETE)) {
      statement.setObject(1, claim.event().id());
      statement.setString(2, claim.route());
      statement.setString(3, node);
      statement.setInt(4, claim.attempt());
      statement.setInt(5, claim.run());
      statement.setObject(6, done.startedAt().atOffset(ZoneOffset.UTC));
      statement.setInt(7, millis(done.took()));
      statement.setString(8, node);
      return statement.executeUpdate() == 1;
    }
  }

  /** A route that is to get an event once it is confirmed. */
  public record Wanting(String route, boolean ordered) {}

  /**
   * What the provider's API says of an event, which counts from now on. Null is what it does not
   * tell.
   *
   * @param answer JSON, the API's answer as it came
   */
  public record Confirmed(
      @Nullable String type,
      @Nullable String key,
      @Nullable String entity,
      @Nullable BigDecimal amount,
      @Nullable String currency,
      String answer) {}

  /** What became of an event that the provider confirmed. */
  public enum Outcome {
    /** Its routes have their deliveries. */
    CONFIRMED,
    /** By its confirmed key it is one that came before; no route runs for it. */
    DUPLICATE,
    /** The claim was no longer held: nothing has changed. */
    LOST
  }

  /**
   * The provider has confirmed an event: in one commit the event is believed, its routes get their
   * deliveries, and the claim is done.
   */
  public Outcome confirmed(Settlement done, Confirmed confirmed, List<Wanting> routes)
      throws SQLException {
    return confirmations.confirmed(done, confirmed, routes);
  }

  /** A header that an event came with. */
  public record Header(String name, String value) {}

  /** The headers that an event came with, in their order. Few who deliver it need them. */
  public List<Header> headers(UUID event) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select h.header->>0, h.header->>1
                from payhook.event e, json_array_elements(e.headers) with ordinality as h(header, place)
                where e.id = ? order by h.place
                """)) {
      statement.setObject(1, event);
      List<Header> headers = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          headers.add(new Header(row.getString(1), row.getString(2)));
        }
      }
      return headers;
    }
  }

  /**
   * The provider says otherwise than an event: in one commit the event is a conflict and the claim
   * is settled with the reason.
   *
   * @return false when the claim is no longer held: then nothing has changed
   */
  public boolean contradicted(Settlement skipped) throws SQLException {
    return confirmations.write(skipped, "conflict", null, null, List.of());
  }

  /**
   * Settles an attempt with the next shared commit. While the database is away the settlement
   * waits.
   */
  public void settle(Settlement settlement) {
    if (!settlements.offer(settlement)) {
      overflow.add(settlement);
    }
  }

  /** Puts off the end of these leases; returns those that are still held. */
  public Set<Claim> renew(List<Claim> claims) throws SQLException {
    Set<Claim> held = Collections.newSetFromMap(new IdentityHashMap<>());
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(RENEW)) {
      statement.setLong(1, lease.toMillis());
      statement.setArray(
          2, connection.createArrayOf("uuid", claims.stream().map(c -> c.event().id()).toArray()));
      statement.setArray(
          3, connection.createArrayOf("text", claims.stream().map(Claim::route).toArray()));
      statement.setArray(
          4, connection.createArrayOf("int", claims.stream().map(Claim::run).toArray()));
      statement.setArray(
          5, connection.createArrayOf("int", claims.stream().map(Claim::attempt).toArray()));
      statement.setString(6, node);
      Set<Attempt> renewed = attempts(statement);
      for (Claim claim : claims) {
        if (renewed.contains(Attempt.of(claim))) {
          held.add(claim);
        }
      }
    }
    return held;
  }

  /** Writes what is queued. */
  @Override
  public void close() {
    beginnings.close();
    settlements.close();
    if (!overflow.isEmpty()) {
      LOG.warn(
          "{} settlements are lost; their deliveries run again when their leases end.",
          overflow.size());
    }
  }

  /** A settlement is worth keeping until somebody else may hold the claim. */
  private void again(List<Settlement> items) {
    for (Settlement item : items) {
      settle(item);
    }
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What did not fit into the queue goes along as soon as there is room. */
  private void queueOverflow() {
    Settlement next = overflow.peek();
    while (next != null && settlements.offer(next)) {
      overflow.remove(next);
      next = overflow.peek();
    }
  }

  private void settle(Connection connection, List<Settlement> items) throws SQLException {
    int size = items.size();
    UUID[] event = new UUID[size];
    String[] route = new String[size];
    Integer[] run = new Integer[size];
    Integer[] attempt = new Integer[size];
    String[] state = new String[size];
    Long[] again = new Long[size];
    @Nullable String[] category = new String[size];
    @Nullable String[] error = new String[size];
    String[] outcome = new String[size];
    OffsetDateTime[] startedAt = new OffsetDateTime[size];
    Integer[] took = new Integer[size];
    for (int i = 0; i < size; i++) {
      Settlement item = items.get(i);
      event[i] = item.claim().event().id();
      route[i] = item.claim().route();
      run[i] = item.claim().run();
      attempt[i] = item.claim().attempt();
      state[i] = item.outcome().state;
      again[i] = item.again().toMillis();
      category[i] = item.category();
      error[i] = item.error();
      outcome[i] = item.outcome().attempt;
      startedAt[i] = item.startedAt().atOffset(ZoneOffset.UTC);
      took[i] = millis(item.took());
    }
    Set<Attempt> settled;
    try (PreparedStatement statement = connection.prepareStatement(SETTLE)) {
      int p = 0;
      statement.setArray(++p, connection.createArrayOf("uuid", event));
      statement.setArray(++p, connection.createArrayOf("text", route));
      statement.setArray(++p, connection.createArrayOf("int", run));
      statement.setArray(++p, connection.createArrayOf("int", attempt));
      statement.setArray(++p, connection.createArrayOf("text", state));
      statement.setArray(++p, connection.createArrayOf("bigint", again));
      statement.setArray(++p, connection.createArrayOf("text", category));
      statement.setArray(++p, connection.createArrayOf("text", error));
      statement.setArray(++p, connection.createArrayOf("text", outcome));
      statement.setArray(++p, connection.createArrayOf("timestamptz", startedAt));
      statement.setArray(++p, connection.createArrayOf("int", took));
      statement.setString(++p, node);
      statement.setString(++p, node);
      settled = attempts(statement);
    }
    for (Settlement item : items) {
      if (!settled.contains(Attempt.of(item.claim()))) {
        LOG.info(
            "The lease of {} for event {} (attempt {}) had ended before it was {}; whoever holds it now decides.",
            item.claim().route(),
            item.claim().event().id(),
            item.claim().attempt(),
            item.outcome().attempt);
      }
    }
  }

  /** What names a claim: a later claim of the same delivery is another attempt, or another run. */
  record Attempt(UUID event, String route, int run, int number) {
    static Attempt of(Claim claim) {
      return new Attempt(claim.event().id(), claim.route(), claim.run(), claim.attempt());
    }
  }

  private static Set<Attempt> attempts(PreparedStatement statement) throws SQLException {
    Set<Attempt> attempts = new HashSet<>();
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        attempts.add(
            new Attempt(
                row.getObject(1, UUID.class), row.getString(2), row.getInt(3), row.getInt(4)));
      }
    }
    return attempts;
  }

  static int millis(Duration took) {
    return (int) Math.min(Integer.MAX_VALUE, took.toMillis());
  }
}

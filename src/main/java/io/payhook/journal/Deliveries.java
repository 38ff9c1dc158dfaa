package io.payhook.journal;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
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
 * <p>A claim is a lease: it expires unless it is renewed, and only its holder can settle it.
 */
public final class Deliveries implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Deliveries.class);

  // The settling statements recognise a running delivery by its node: no other state has one. A
  // condition on the state would let PostgreSQL choose the index of open deliveries, as it did
  // while the table was small and for as long as it cached that plan.

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

  /** How many deliveries of one route a node can take. */
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

  /** Settlements that could not be queued again while the database was unavailable. */
  private final Queue<Settlement> overflow = new ConcurrentLinkedQueue<>();

  /**
   * @param dataSource connections in auto-commit mode
   * @param node this node's name, unique among those on the database
   * @param lease how long a claim is valid unless renewed
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

  /** Identifies the process that claims here, among all that ever used this node's name. */
  public UUID incarnation() {
    return incarnation;
  }

  /** The commit of an event that was to begin here has failed; it may be kept all the same. */
  public void doubt(UUID event) {
    doubts.add(event);
  }

  /**
   * Claims due deliveries, as many of each route as there are places. The events come without their
   * bodies: {@link #begin} reads what an attempt needs.
   *
   * <p>A delivery whose attempt began, and whose lease expired without a result, has lost that
   * attempt: it counts, has its row, and the claim says so. A delivery that was only held has lost
   * nothing.
   *
   * @param all false to skip what should have been claimed long ago. Between two vacuums, the index
   *     of open deliveries keeps a dead entry for each one that was open, the oldest first, and a
   *     claim that looks for everything walks over all of them
   */
  public List<Claim> claim(List<Vacancy> vacancies, boolean all) throws SQLException {
    return claims.claim(vacancies, all);
  }

  /**
   * Records that an attempt begins, so that it counts even if nobody is left to report how it
   * ended, and reads the event if it has not been read.
   *
   * @return the claim with the event, or null if the lease has expired: then the attempt must not
   *     begin
   */
  public @Nullable Claim begin(Claim claim) throws SQLException, InterruptedException {
    return beginnings.begin(claim);
  }

  /**
   * Completes a claim in the caller's transaction, so that the delivery's effect and its completion
   * are one commit.
   *
   * @return false if the claim is no longer held: then the caller must roll back
   */
  public boolean completeIn(Connection transaction, Settlement done) throws SQLException {
    Claim claim = done.claim();
    try (PreparedStatement statement = transaction.prepareStatement(COMPLETE)) {
      new Binder(statement)
          .add(claim.event().id(), claim.route(), node, claim.attempt(), claim.run())
          .add(done.startedAt(), millis(done.took()), node);
      return statement.executeUpdate() == 1;
    }
  }

  /** A route that gets an event once it is confirmed. */
  public record Wanting(String route, boolean ordered) {}

  /**
   * What the provider's API says about an event, which applies from now on; null if it does not
   * say.
   *
   * @param answer JSON, the API's answer as received
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
    /** According to its confirmed key it repeats an earlier event; no route runs for it. */
    DUPLICATE,
    /** The claim was no longer held; nothing has changed. */
    LOST
  }

  /**
   * The provider has confirmed an event: in one commit the event is accepted, its routes get their
   * deliveries, and the claim is done.
   */
  public Outcome confirmed(Settlement done, Confirmed confirmed, List<Wanting> routes)
      throws SQLException {
    return confirmations.confirmed(done, confirmed, routes);
  }

  /** A header of the request that an event came with. */
  public record Header(String name, String value) {}

  /**
   * The headers of the request that an event came with, in order. Read separately, since few
   * deliveries need them.
   */
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
   * The provider contradicts an event: in one commit the event becomes a conflict and the claim is
   * settled with the reason.
   *
   * @return false if the claim is no longer held: then nothing has changed
   */
  public boolean contradicted(Settlement skipped) throws SQLException {
    return confirmations.write(skipped, "conflict", null, null, List.of());
  }

  /**
   * Settles an attempt with the next shared commit. While the database is unavailable, the
   * settlement waits.
   */
  public void settle(Settlement settlement) {
    if (!settlements.offer(settlement)) {
      overflow.add(settlement);
    }
  }

  /** Renews these leases; returns the claims that are still held. */
  public Set<Claim> renew(List<Claim> claims) throws SQLException {
    Set<Claim> held = Collections.newSetFromMap(new IdentityHashMap<>());
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(RENEW)) {
      new Binder(statement)
          .add(lease.toMillis())
          .column("uuid", claims, claim -> claim.event().id())
          .column("text", claims, Claim::route)
          .column("int", claims, Claim::run)
          .column("int", claims, Claim::attempt)
          .add(node);
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
          "{} settlements are lost; their deliveries run again when their leases expire.",
          overflow.size());
    }
  }

  /** A settlement is worth keeping until another node may hold the claim. */
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

  /** What did not fit into the queue follows as soon as there is room. */
  private void queueOverflow() {
    Settlement next = overflow.peek();
    while (next != null && settlements.offer(next)) {
      overflow.remove(next);
      next = overflow.peek();
    }
  }

  private void settle(Connection connection, List<Settlement> items) throws SQLException {
    Set<Attempt> settled;
    try (PreparedStatement statement = connection.prepareStatement(SETTLE)) {
      new Binder(statement)
          .column("uuid", items, item -> item.claim().event().id())
          .column("text", items, item -> item.claim().route())
          .column("int", items, item -> item.claim().run())
          .column("int", items, item -> item.claim().attempt())
          .column("text", items, item -> item.outcome().state)
          .column("bigint", items, item -> item.again().toMillis())
          .column("text", items, Settlement::category)
          .column("text", items, Settlement::error)
          .column("text", items, item -> item.outcome().attempt)
          .column("timestamptz", items, Settlement::startedAt)
          .column("int", items, item -> millis(item.took()))
          .add(node, node);
      settled = attempts(statement);
    }
    for (Settlement item : items) {
      if (!settled.contains(Attempt.of(item.claim()))) {
        LOG.info(
            "The lease of {} for event {} (attempt {}) had expired before it was {}; the outcome is up to its present holder.",
            item.claim().route(),
            item.claim().event().id(),
            item.claim().attempt(),
            item.outcome().attempt);
      }
    }
  }

  /** Identifies a claim: a later claim of the same delivery has another attempt, or another run. */
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

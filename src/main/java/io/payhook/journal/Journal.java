package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps each authentic event exactly once, together with one delivery for each recipient, in one
 * commit that many callers share.
 *
 * <p>An append either ends with a {@link Receipt}, and then the event is on disk, or with a {@link
 * JournalUnavailableException}.
 */
public final class Journal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

  private static final String INSERT =
      """
      with input as (
        select * from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::numeric[],
                             ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::json[],
                             ?::bytea[], ?::bytea[])
          as i(id, endpoint, type, key, state, entity, occurred_at, amount, currency, origin, secret, method, url,
               content_type, provider, headers, body, signed_digest)
      ), kept as (
        insert into payhook.event (id, endpoint, type, key, state, entity, occurred_at, amount, currency, origin, secret,
                                   method, url, content_type, provider, headers, body, signed_digest)
        select * from input
        on conflict do nothing
        returning id, received_at
      ), deliveries as (
        insert into payhook.delivery (event_id, route, entity, state, attempts, due_at, node, begun_at, begun_by)
        select d.event_id, d.route, d.entity,
               case when d.claimed then 'running' else 'pending' end,
               case when d.claimed then 1 else 0 end,
               case when d.claimed then now() + ? * interval '1 millisecond' else now() end,
               case when d.claimed then ? end,
               case when d.begun_by is not null then now() end,
               d.begun_by
        from unnest(?::uuid[], ?::text[], ?::text[], ?::boolean[], ?::uuid[])
          as d(event_id, route, entity, claimed, begun_by)
        join kept on kept.id = d.event_id
      )
      select id, received_at from kept
      """;

  /** What was signed counts before the key: the key may stand where anybody can change it. */
  private static final String FIRST =
      """
      select i.n, e.id, e.body, e.signed
      from unnest(?::int[], ?::text[], ?::text[], ?::bytea[]) as i(n, endpoint, key, digest)
      cross join lateral (
        select id, body, true as signed from payhook.event where endpoint = i.endpoint and signed_digest = i.digest
        union all
        select id, body, false from payhook.event where endpoint = i.endpoint and key = i.key and variant = ''
        limit 1
      ) e
      """;

  /**
   * What a column or rule refuses that this version of Payhook does not know: no event can pass.
   */
  private static final String NOT_NULL = "23502";

  private static final String CHECK = "23514";

  /** Columns of the insert that are text. */
  private static final int TEXTS = 13;

  /** Told of each commit. */
  public interface Listener {
    /** A batch of events was committed. */
    default void committed(int events, Duration took) {}
  }

  private final GroupCommit<Entry> commits;
  private final EventIds ids;
  private final TrialCommit trial = new TrialCommit();
  private final String node;
  private final Duration lease;
  private final Duration patience;

  /**
   * @param dataSource connections for the writers alone, in auto-commit
   * @param node who claims deliveries that are born claimed
   * @param lease how long such a claim holds
   * @param writers threads, each with a connection
   * @param queue how many events may wait for a commit before more are refused
   * @param patience how long a caller is kept waiting for the commit
   * @param doubtful gets each event whose commit failed, and which may be kept all the same
   */
  public Journal(
      DataSource dataSource,
      String node,
      Duration lease,
      int writers,
      int queue,
      Duration patience,
      Clock clock,
      Listener listener,
      Consumer<UUID> doubtful) {
    this.node = node;
    this.lease = lease;
    this.patience = patience;
    this.ids = new EventIds(clock);
    this.commits =
        new GroupCommit<>(
            new CommitState(
                "journal",
                "Requests are answered 503 until the database is back.",
                patience.multipliedBy(2)),
            dataSource,
            writers,
            queue,
            new GroupCommit.Batch<>() {
              @Override
              public void write(Connection connection, List<Entry> entries) throws SQLException {
                writeBatch(connection, entries);
              }

              @Override
              public boolean rehearse(Connection connection) throws SQLException {
                trial.run(
                    connection,
                    (event, recipients) ->
                        insert(connection, List.of(new Entry(event, recipients, ids.next()))));
                return true;
              }

              @Override
              public void failed(List<Entry> entries, Exception cause) {
                trial.size(entries.stream().mapToLong(each -> each.event.body().length).sum());
                for (Entry entry : entries) {
                  if (entry.fail(cause)) {
                    doubtful.accept(entry.id);
                  }
                }
              }

              @Override
              public long bytes(Entry entry) {
                return entry.event.body().length;
              }

              @Override
              public void written(int size, long nanos) {
                trial.size(0);
                listener.committed(size, Duration.ofNanos(nanos));
              }
            });
  }

  /**
   * Keeps an event. Nobody waits: what is returned completes after the commit, on a thread that has
   * more events to write and must not be held up.
   *
   * @return completes with a {@link JournalUnavailableException} when there was no commit in time;
   *     the event may still be kept, which the sender's next try then finds as a duplicate
   */
  public CompletableFuture<Receipt> begin(NewEvent event, List<? extends Recipient> recipients) {
    Entry entry;
    try {
      entry = offer(event, recipients);
    } catch (JournalUnavailableException e) {
      return CompletableFuture.failedFuture(e);
    }
    // A copy: whoever stops waiting leaves the entry itself to the writer.
    return entry
        .receipt
        .copy()
        .orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS)
        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(unavailable(failure)));
  }

  private JournalUnavailableException unavailable(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof TimeoutException
        ? new JournalUnavailableException("no commit within " + patience.toMillis() + " ms", cause)
        : new JournalUnavailableException("no commit: " + GroupCommit.oneLine(cause), cause);
  }

  private Entry offer(NewEvent event, List<? extends Recipient> recipients)
      throws JournalUnavailableException {
    Entry entry = new Entry(event, recipients, ids.next());
    String problem = commits.problem();
    if (problem != null) {
      entry.drop();
      throw new JournalUnavailableException("the database does not commit: " + problem);
    }
    if (!commits.offer(entry)) {
      entry.drop();
      throw new JournalUnavailableException("too many events wait for a commit");
    }
    return entry;
  }

  /**
   * Why no event can be kept now; empty while the last commit, or one tried since, went well and
   * none takes too long.
   */
  public Optional<String> problem() {
    return Optional.ofNullable(commits.problem());
  }

  /** Whether an event could be kept now. */
  public boolean available() {
    return commits.problem() == null;
  }

  /** Events that wait for a commit now. */
  public int queued() {
    return commits.queued();
  }

  @Override
  public void close() {
    commits.close();
  }

  private void writeBatch(Connection connection, List<Entry> entries) throws SQLException {
    try {
      insert(connection, entries);
    } catch (SQLException e) {
      // One event that PostgreSQL can't hold must not take its neighbours along.
      if (!isDataError(e)) {
        throw e;
      }
      for (Entry entry : entries) {
        try {
          insert(connection, List.of(entry));
        } catch (SQLException single) {
          if (!isDataError(single)) {
            throw single;
          }
          LOG.error(
              "MALFORMED event of endpoint {}: the database can't hold it: {}",
              entry.event.endpoint(),
              GroupCommit.oneLine(single));
          entry.fail(single);
        }
      }
    }
  }

  /** What is wrong with one event, and not with the tables or the database: 54 is too large. */
  private static boolean isDataError(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return (state.startsWith("22") || state.startsWith("23") || state.startsWith("54"))
        && !state.equals(NOT_NULL)
        && !state.equals(CHECK);
  }

  private void insert(Connection connection, List<Entry> entries) throws SQLException {
    Map<UUID, Instant> kept = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      bind(statement, connection, entries);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          kept.put(
              rows.getObject(1, UUID.class), rows.getObject(2, OffsetDateTime.class).toInstant());
        }
      }
    }
    List<Entry> repeated = new ArrayList<>();
    for (Entry entry : entries) {
      Instant receivedAt = kept.get(entry.id);
      if (receivedAt == null) {
        repeated.add(entry);
      } else {
        entry.keep(receivedAt, node);
      }
    }
    if (!repeated.isEmpty()) {
      answerRepeated(connection, repeated);
    }
  }

  private void bind(PreparedStatement statement, Connection connection, List<Entry> entries)
      throws SQLException {
    int size = entries.size();
    UUID[] id = new UUID[size];
    @Nullable String[][] text = new String[TEXTS][size];
    @Nullable OffsetDateTime[] occurredAt = new OffsetDateTime[size];
    @Nullable Object[] amount = new Object[size];
    byte[][] body = new byte[size][];
    byte @Nullable [][] signedDigest = new byte[size][];
    List<UUID> deliveryEvent = new ArrayList<>();
    List<String> deliveryRoute = new ArrayList<>();
    List<@Nullable String> deliveryEntity = new ArrayList<>();
    List<Boolean> deliveryClaimed = new ArrayList<>();
    List<@Nullable UUID> deliveryBegunBy = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Entry entry = entries.get(i);
      NewEvent event = entry.event;
      id[i] = entry.id;
      text[0][i] = event.endpoint();
      text[1][i] = event.type();
      text[2][i] = event.key();
      text[3][i] = entry.state();
      Facts facts = event.facts();
      text[4][i] = facts.entity();
      text[5][i] = facts.currency();
      text[6][i] = facts.origin();
      text[7][i] = event.secret();
      text[8][i] = event.method();
      text[9][i] = event.url();
      text[10][i] = event.contentType();
      text[11][i] = event.sameness().provider();
      text[12][i] = event.headers();
      occurredAt[i] = Conflicts.utc(facts.occurredAt());
      amount[i] = facts.amount();
      body[i] = event.body();
      signedDigest[i] = event.sameness().signedDigest();
      for (Recipient recipient : entry.recipients) {
        deliveryEvent.add(entry.id);
        deliveryRoute.add(recipient.route());
        deliveryEntity.add(recipient.ordered() ? facts.entity() : null);
        deliveryClaimed.add(recipient.claimed());
        deliveryBegunBy.add(recipient.claimed() ? recipient.begins(event.body().length) : null);
      }
    }
    int p = 0;
    statement.setArray(++p, connection.createArrayOf("uuid", id));
    for (int i = 0; i <= 4; i++) {
      statement.setArray(++p, connection.createArrayOf("text", text[i]));
    }
    statement.setArray(++p, connection.createArrayOf("timestamptz", occurredAt));
    statement.setArray(++p, connection.createArrayOf("numeric", amount));
    for (int i = 5; i < TEXTS; i++) {
      statement.setArray(++p, connection.createArrayOf("text", text[i]));
    }
    statement.setArray(++p, connection.createArrayOf("bytea", body));
    statement.setArray(++p, connection.createArrayOf("bytea", signedDigest));
    statement.setLong(++p, lease.toMillis());
    statement.setString(++p, node);
    statement.setArray(++p, connection.createArrayOf("uuid", deliveryEvent.toArray()));
    statement.setArray(++p, connection.createArrayOf("text", deliveryRoute.toArray()));
    statement.setArray(++p, connection.createArrayOf("text", deliveryEntity.toArray()));
    statement.setArray(++p, connection.createArrayOf("boolean", deliveryClaimed.toArray()));
    statement.setArray(++p, connection.createArrayOf("uuid", deliveryBegunBy.toArray()));
  }

  /**
   * Finds the first event of each key that was there already, and keeps a differing body as a
   * conflict.
   */
  private void answerRepeated(Connection connection, List<Entry> entries) throws SQLException {
    int size = entries.size();
    Integer[] n = new Integer[size];
    String[] endpoint = new String[size];
    String[] key = new String[size];
    byte @Nullable [][] digest = new byte[size][];
    for (int i = 0; i < size; i++) {
      NewEvent event = entries.get(i).event;
      n[i] = i;
      endpoint[i] = event.endpoint();
      key[i] = event.key();
      digest[i] = event.sameness().signedDigest();
    }
    List<Entry> recurring = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(FIRST)) {
      statement.setArray(1, connection.createArrayOf("int", n));
      statement.setArray(2, connection.createArrayOf("text", endpoint));
      statement.setArray(3, connection.createArrayOf("text", key));
      statement.setArray(4, connection.createArrayOf("bytea", digest));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          Entry entry = entries.get(rows.getInt(1));
          UUID first = rows.getObject(2, UUID.class);
          if (rows.getBoolean(4)) {
            entry.repeat(new Receipt(first, Receipt.Status.DUPLICATE));
          } else if (entry.event.sameness().recursWithin() != null) {
            recurring.add(entry);
          } else if (entry.event.sameness().as().test(rows.getBytes(3))) {
            entry.repeat(new Receipt(first, Receipt.Status.DUPLICATE));
          } else {
            Conflicts.keep(connection, entry.event, entry.id, first);
            entry.repeat(new Receipt(first, Receipt.Status.CONFLICT));
          }
        }
      }
    }
    for (Entry entry : recurring) {
      keepRecurring(connection, entry);
    }
    for (Entry entry : entries) {
      if (!entry.receipt.isDone()) {
        entry.fail(
            new SQLException(
                "the first event of key " + entry.event.key() + " was deleted meanwhile"));
      }
    }
  }

  /**
   * A state that came back is an event of its own, under the key with its number. A repeat of one
   * of the earlier ones is a duplicate for as long as the platform may repeat it.
   */
  private void keepRecurring(Connection connection, Entry entry) throws SQLException {
    Recurrences earlier = Recurrences.of(connection, entry.event);
    UUID repeated = earlier.repeated();
    if (repeated != null) {
      entry.repeat(new Receipt(repeated, Receipt.Status.DUPLICATE));
    } else {
      entry.event = entry.event.withKey(earlier.nextKey());
      // Another node may have been faster: then this finds its event as the one that is repeated.
      insert(connection, List.of(entry));
    }
  }

  /** One caller's event between queue and commit. */
  private static final class Entry {
    /** Gets another key where it is a state that came back. */
    NewEvent event;

    final List<? extends Recipient> recipients;
    final UUID id;
    final CompletableFuture<Receipt> receipt = new CompletableFuture<>();

    Entry(NewEvent event, List<? extends Recipient> recipients, UUID id) {
      this.event = event;
      this.recipients = recipients;
      this.id = id;
    }

    String state() {
      return recipients.isEmpty()
          ? "unrouted"
          : recipients.get(0).confirms() ? "unconfirmed" : "accepted";
    }

    void keep(Instant receivedAt, String node) {
      receipt.complete(new Receipt(id, Receipt.Status.ACCEPTED));
      if (!recipients.isEmpty()) {
        StoredEvent stored =
            new StoredEvent(
                id,
                event.endpoint(),
                event.type(),
                event.key(),
                receivedAt,
                event.contentType(),
                event.body(),
                event.sameness().provider(),
                event.facts(),
                null);
        for (Recipient recipient : recipients) {
          recipient.committed(new Claim(stored, recipient.route(), 1, 1, node));
        }
      }
    }

    void repeat(Receipt first) {
      drop();
      receipt.complete(first);
    }

    /** False when it was settled before. */
    boolean fail(Exception cause) {
      if (receipt.isDone()) {
        return false;
      }
      drop();
      return receipt.completeExceptionally(cause);
    }

    void drop() {
      recipients.forEach(Recipient::dropped);
    }
  }
}

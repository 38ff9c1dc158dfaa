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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * Stores each authentic event exactly once, together with one delivery for each recipient, in one
 * commit that many callers share.
 *
 * <p>An append ends either with a {@link Receipt}, and then the event is on disk, or with a {@link
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

  /**
   * The signed bytes take precedence over the key, which may be in a place that anyone can change.
   */
  private static final String FIRST =
      """
      select i.n, e.id, e.body, e.signed
      from unnest(?::text[], ?::text[], ?::bytea[]) with ordinality as i(endpoint, key, digest, n)
      cross join lateral (
        select id, body, true as signed from payhook.event where endpoint = i.endpoint and signed_digest = i.digest
        union all
        select id, body, false from payhook.event where endpoint = i.endpoint and key = i.key and variant = ''
        limit 1
      ) e
      """;

  /**
   * Violations of columns or constraints that this version of Payhook does not know: no event can
   * pass.
   */
  private static final String NOT_NULL = "23502";

  private static final String CHECK = "23514";

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
   * @param dataSource connections for the writers only, in auto-commit mode
   * @param node holder of deliveries that are inserted as claimed
   * @param lease how long such a claim is valid
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
   * Stores an event without blocking: the result completes after the commit, on a thread that has
   * more events to write and must not be blocked.
   *
   * @return completes with a {@link JournalUnavailableException} if there was no commit in time;
   *     the event may still be stored, and the sender's next try is then a duplicate
   */
  public CompletableFuture<Receipt> begin(NewEvent event, List<? extends Recipient> recipients) {
    Entry entry;
    try {
      entry = offer(event, recipients);
    } catch (JournalUnavailableException e) {
      return CompletableFuture.failedFuture(e);
    }
    // A copy: when a caller stops waiting, the entry itself still belongs to the writer.
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
   * Why no event can be stored; empty if the last commit, or a rehearsal since, succeeded and none
   * takes too long.
   */
  public Optional<String> problem() {
    return Optional.ofNullable(commits.problem());
  }

  /** Whether an event could be stored now. */
  public boolean available() {
    return commits.problem() == null;
  }

  /** Number of events that wait for a commit. */
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
      // An event that PostgreSQL cannot store must not fail its neighbours.
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

  /** Errors of one event rather than of the tables or the database; class 54 means too large. */
  private static boolean isDataError(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return (state.startsWith("22") || state.startsWith("23") || state.startsWith("54"))
        && !state.equals(NOT_NULL)
        && !state.equals(CHECK);
  }

  /** Leaves out events that an open question covers, and answers them as duplicates. */
  private void insert(Connection connection, List<Entry> entries) throws SQLException {
    Map<OpenQuestions.Question, Entry> asking = new LinkedHashMap<>();
    List<Entry> others = new ArrayList<>(entries.size());
    Map<Entry, Entry> joining = new LinkedHashMap<>();
    for (Entry entry : entries) {
      OpenQuestions.Question question = OpenQuestions.Question.of(entry.event, entry.recipients);
      Entry first = question == null ? null : asking.putIfAbsent(question, entry);
      if (first != null) {
        joining.put(entry, first);
      } else {
        others.add(entry);
      }
    }
    if (!asking.isEmpty()) {
      OpenQuestions.find(connection, List.copyOf(asking.keySet()))
          .forEach(
              (question, event) -> {
                Entry entry = Objects.requireNonNull(asking.get(question));
                entry.repeat(new Receipt(event, Receipt.Status.DUPLICATE));
                others.remove(entry);
              });
    }
    if (!others.isEmpty()) {
      insertNew(connection, others);
    }
    joining.forEach(
        (entry, first) ->
            entry.repeat(new Receipt(first.receipt.join().id(), Receipt.Status.DUPLICATE)));
  }

  private void insertNew(Connection connection, List<Entry> entries) throws SQLException {
    Map<UUID, Instant> kept = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      bind(statement, entries);
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

  private record NewDelivery(Entry entry, Recipient recipient) {
    @Nullable UUID begunBy() {
      return recipient.claimed() ? recipient.begins(entry.event.body().length) : null;
    }

    @Nullable String entity() {
      return recipient.ordered() ? entry.event.facts().entity() : null;
    }
  }

  private void bind(PreparedStatement statement, List<Entry> entries) throws SQLException {
    List<NewDelivery> deliveries = new ArrayList<>();
    for (Entry entry : entries) {
      entry.recipients.forEach(recipient -> deliveries.add(new NewDelivery(entry, recipient)));
    }
    new Binder(statement)
        .column("uuid", entries, entry -> entry.id)
        .column("text", entries, entry -> entry.event.endpoint())
        .column("text", entries, entry -> entry.event.type())
        .column("text", entries, entry -> entry.event.key())
        .column("text", entries, Entry::state)
        .column("text", entries, entry -> entry.event.facts().entity())
        .column("timestamptz", entries, entry -> entry.event.facts().occurredAt())
        .column("numeric", entries, entry -> entry.event.facts().amount())
        .column("text", entries, entry -> entry.event.facts().currency())
        .column("text", entries, entry -> entry.event.facts().origin())
        .column("text", entries, entry -> entry.event.secret())
        .column("text", entries, entry -> entry.event.method())
        .column("text", entries, entry -> entry.event.url())
        .column("text", entries, entry -> entry.event.contentType())
        .column("text", entries, entry -> entry.event.sameness().provider())
        .column("text", entries, entry -> entry.event.headers())
        .column("bytea", entries, entry -> entry.event.body())
        .column("bytea", entries, entry -> entry.event.sameness().signedDigest())
        .add(lease.toMillis(), node)
        .column("uuid", deliveries, delivery -> delivery.entry.id)
        .column("text", deliveries, delivery -> delivery.recipient.route())
        .column("text", deliveries, NewDelivery::entity)
        .column("boolean", deliveries, delivery -> delivery.recipient.claimed())
        .column("uuid", deliveries, NewDelivery::begunBy);
  }

  /**
   * Finds the first event of each key that existed already, and stores a differing body as a
   * conflict.
   */
  private void answerRepeated(Connection connection, List<Entry> entries) throws SQLException {
    List<Entry> recurring = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(FIRST)) {
      new Binder(statement)
          .column("text", entries, entry -> entry.event.endpoint())
          .column("text", entries, entry -> entry.event.key())
          .column("bytea", entries, entry -> entry.event.sameness().signedDigest());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          Entry entry = entries.get(rows.getInt(1) - 1);
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
   * A recurring state is an event of its own, under the key with its number. A repeat of an earlier
   * one is a duplicate for as long as the platform may repeat it.
   */
  private void keepRecurring(Connection connection, Entry entry) throws SQLException {
    Recurrences earlier = Recurrences.of(connection, entry.event);
    UUID repeated = earlier.repeated();
    if (repeated != null) {
      entry.repeat(new Receipt(repeated, Receipt.Status.DUPLICATE));
    } else {
      entry.event = entry.event.withKey(earlier.nextKey());
      // Another node may have been faster: then this finds that node's event as the one repeated.
      insert(connection, List.of(entry));
    }
  }

  /** One caller's event, between queue and commit. */
  private static final class Entry {
    /** Gets another key if it is a recurring state. */
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

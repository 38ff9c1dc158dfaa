package io.payhook.journal;

import io.payhook.journal.Deliveries.Attempt;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Records that attempts begin. Many share a commit, and none waits for the disk: a crash of the
 * database can only lose the record that an attempt began, not what it did.
 */
final class Beginnings implements AutoCloseable {
  private static final String BEGIN =
      """
      with quick as materialized (
        select set_config('synchronous_commit', 'off', true)
      ), h as (
        select * from unnest(?::uuid[], ?::text[], ?::int[], ?::int[], ?::boolean[]) as h(event_id, route, run, attempt, reads)
      ), begun as (
        update payhook.delivery d set begun_at = now(), begun_by = ?
        from h
        where d.event_id = h.event_id and d.route = h.route and d.run = h.run and d.attempts = h.attempt and d.node = ?
          and d.due_at > now()
        returning h.event_id, h.route, h.run, h.attempt, h.reads
      )
      select b.event_id, b.route, b.run, b.attempt, e.body, e.confirmation
      from begun b cross join quick left join payhook.event e on e.id = b.event_id and b.reads
      """;

  /** A commit that takes longer counts as failed. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final int QUEUE = 10_000;

  private final GroupCommit<Beginning> commits;
  private final String node;
  private final UUID incarnation;

  /** An attempt that waits to begin; completes with null if its lease has expired. */
  private record Beginning(Claim claim, CompletableFuture<@Nullable Claim> begun) {}

  Beginnings(DataSource dataSource, String node, UUID incarnation) {
    this.node = node;
    this.incarnation = incarnation;
    this.commits =
        new GroupCommit<>(
            new CommitState("delivery start", "No delivery begins meanwhile.", PATIENCE),
            dataSource,
            1,
            QUEUE,
            new GroupCommit.Batch<>() {
              @Override
              public void write(Connection connection, List<Beginning> items) throws SQLException {
                begin(connection, items);
              }

              @Override
              public void failed(List<Beginning> items, Exception cause) {
                items.forEach(item -> item.begun.completeExceptionally(cause));
              }
            });
  }

  @Nullable Claim begin(Claim claim) throws SQLException, InterruptedException {
    Beginning beginning = new Beginning(claim, new CompletableFuture<>());
    if (!commits.offer(beginning)) {
      throw new SQLException("too many attempts wait to begin");
    }
    try {
      return beginning.begun.get();
    } catch (ExecutionException e) {
      throw new SQLException(GroupCommit.oneLine(e.getCause() == null ? e : e.getCause()), e);
    }
  }

  private void begin(Connection connection, List<Beginning> items) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(BEGIN)) {
      new Binder(statement)
          .column("uuid", items, item -> item.claim.event().id())
          .column("text", items, item -> item.claim.route())
          .column("int", items, item -> item.claim.run())
          .column("int", items, item -> item.claim.attempt())
          .column("boolean", items, item -> !item.claim.event().isRead())
          .add(incarnation, node);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          Attempt attempt =
              new Attempt(
                  row.getObject(1, UUID.class), row.getString(2), row.getInt(3), row.getInt(4));
          byte @Nullable [] body = row.getBytes(5);
          String confirmation = row.getString(6);
          for (Beginning item : items) {
            if (attempt.equals(Attempt.of(item.claim))) {
              item.begun.complete(
                  body == null
                      ? item.claim
                      : item.claim.with(item.claim.event().read(body, confirmation)));
            }
          }
        }
      }
    }
    items.forEach(item -> item.begun.complete(null));
  }

  @Override
  public void close() {
    commits.close();
  }
}

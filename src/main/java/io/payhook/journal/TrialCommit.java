package io.payhook.journal;

import io.payhook.journal.NewEvent.Sameness;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Random;

/**
 * Does to the database what storing an event does, and leaves nothing behind. Only that shows
 * whether an event could be stored: a server with a full disk, an unavailable synchronous standby
 * or tables of a newer version still answers every query.
 */
final class TrialCommit {
  private static final int MOST = 1 << 20;
  private static final String NAME = "payhook-trial";

  private final Random random = new Random();
  private volatile int bytes;

  /** Stores an event in the current transaction. */
  interface Insert {
    void insert(NewEvent event, List<Recipient> recipients) throws SQLException;
  }

  /** Makes the next trial as large as this, within reason. */
  void size(long wanted) {
    bytes = (int) Math.min(MOST, wanted);
  }

  /** Rolls the insert back to a savepoint and commits the transaction. */
  void run(Connection connection, Insert insert) throws SQLException {
    // PostgreSQL would compress anything simpler.
    byte[] body = new byte[bytes];
    random.nextBytes(body);
    NewEvent event =
        new NewEvent(
            NAME,
            NAME,
            Long.toHexString(random.nextLong()),
            Facts.NONE,
            null,
            "POST",
            "/",
            null,
            "[]",
            body,
            Sameness.of(stored -> true));
    connection.setAutoCommit(false);
    try {
      Savepoint before = connection.setSavepoint();
      insert.insert(event, List.of(new Nobody()));
      connection.rollback(before);
      connection.commit();
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      try {
        connection.rollback();
        connection.setAutoCommit(true);
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
  }

  /** A route that does not exist. */
  private record Nobody() implements Recipient {
    @Override
    public String route() {
      return NAME;
    }

    @Override
    public boolean ordered() {
      return false;
    }

    @Override
    public boolean claimed() {
      return false;
    }

    @Override
    public void committed(Claim claim) {}

    @Override
    public void dropped() {}
  }
}

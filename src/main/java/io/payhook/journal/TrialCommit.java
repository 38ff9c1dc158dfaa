package io.payhook.journal;

import io.payhook.journal.NewEvent.Sameness;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Random;

/**
 * Does to the database what keeping an event does, of which nothing stays. Only that tells whether
 * an event could be kept now: a server whose disk is full, whose synchronous standby is away or
 * whose tables are of a newer version still answers every question.
 */
final class TrialCommit {
  private static final int MOST = 1 << 20;
  private static final String NAME = "payhook-trial";

  private final Random random = new Random();
  private volatile int bytes;

  /** Keeps an event in the transaction that runs. */
  interface Insert {
    void insert(NewEvent event, List<Recipient> recipients) throws SQLException;
  }

  /** The next trial asks the database for as much room, within reason. */
  void size(long wanted) {
    bytes = (int) Math.min(MOST, wanted);
  }

  /** The insert is taken back, the transaction it was in is committed. */
  void run(Connection connection, Insert insert) throws SQLException {
    // PostgreSQL would press anything simpler together.
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

  /** A route that there is not. */
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

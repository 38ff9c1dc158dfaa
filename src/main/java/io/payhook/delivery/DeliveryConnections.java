package io.payhook.delivery;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.apache.camel.component.jdbc.ConnectionStrategy;
import org.jspecify.annotations.Nullable;

/**
 * Gives camel-jdbc the connection of the transacted delivery that runs on this thread, so that its
 * statements and the delivery's completion are one commit. Only statements on the journal's own
 * database can be part of it; those on another database, and all other callers, get a connection of
 * their own.
 *
 * <p>Every connection that a delivery gets observes the delivery's timeout: the server cancels a
 * statement that runs, or waits for a lock, for too long, and if the server does not respond, the
 * connection is closed.
 */
public final class DeliveryConnections implements ConnectionStrategy {
  private static final ThreadLocal<@Nullable Attempt> CURRENT = new ThreadLocal<>();
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /** Longer than the server needs to cancel a statement at its own timeout. */
  private static final Duration BEYOND = Duration.ofSeconds(5);

  /**
   * camel-jdbc commits and closes after each statement; in a transacted delivery, only the engine
   * does.
   */
  private static final Set<String> THE_ENGINES =
      Set.of("close", "commit", "rollback", "setAutoCommit");

  /**
   * What an attempt may use of the journal's own database.
   *
   * @param transaction the connection of a transacted delivery
   */
  private record Attempt(
      DataSource own, ConnectionShares shares, String route, @Nullable Connection transaction) {

    /** Whether a data source is the journal's own, possibly wrapped. */
    boolean isOf(DataSource other) {
      if (other == own) {
        return true;
      }
      try {
        // A data source of the same class unwraps to itself.
        return other.isWrapperFor(own.getClass()) && other.unwrap(own.getClass()) == own;
      } catch (SQLException e) {
        return false;
      }
    }
  }

  @Override
  public Connection getConnection(DataSource dataSource) throws SQLException {
    Attempt current = CURRENT.get();
    if (current == null) {
      return dataSource.getConnection();
    }
    boolean own = current.isOf(dataSource);
    Connection transaction = current.transaction;
    if (own && transaction != null) {
      return lent(transaction);
    }
    if (!own) {
      return watched(dataSource.getConnection(), () -> {});
    }
    if (!taken(current.shares, current.route)) {
      throw new SQLTransientConnectionException("all are in use", busy(null));
    }
    try {
      return watched(connection(dataSource), () -> current.shares.giveBack(current.route));
    } catch (TargetUnavailableException e) {
      current.shares.giveBack(current.route);
      throw new SQLTransientConnectionException(e.getMessage(), e);
    } catch (SQLException | RuntimeException e) {
      current.shares.giveBack(current.route);
      throw e;
    }
  }

  private static boolean taken(ConnectionShares shares, String route) {
    Duration left = Aborts.left();
    Duration patience =
        left == null || left.dividedBy(2).compareTo(PATIENCE) > 0 ? PATIENCE : left.dividedBy(2);
    try {
      return shares.take(route, patience.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * A connection from Payhook's own pool.
   *
   * @throws TargetUnavailableException if the pool is exhausted, which does not count as an attempt
   */
  static Connection connection(DataSource own) throws SQLException, TargetUnavailableException {
    Connection connection;
    try {
      connection = own.getConnection();
    } catch (SQLTransientConnectionException e) {
      throw busy(e);
    }
    try {
      letAnswer(connection);
      return connection;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * The pool's socket timeout fits the default timeout of an attempt; a route may have a longer
   * one. The pool resets it when the connection is returned.
   */
  private static void letAnswer(Connection connection) throws SQLException {
    Duration left = Aborts.left();
    int now = connection.getNetworkTimeout();
    if (left != null && now > 0 && left.plus(BEYOND).toMillis() > now) {
      connection.setNetworkTimeout(Runnable::run, Math.toIntExact(left.plus(BEYOND).toMillis()));
    }
  }

  private static TargetUnavailableException busy(@Nullable SQLException why) {
    Throwable cause = why == null ? null : why.getCause();
    return new TargetUnavailableException(
        cause == null
            ? "all connections of Payhook's own pool are in use (payhook.database.pool-size)"
            : "the database gives no connection: " + Failure.line(cause),
        AGAIN);
  }

  @Override
  public boolean isConnectionTransactional(@Nullable Connection connection, DataSource dataSource) {
    Attempt current = CURRENT.get();
    return current != null && current.transaction != null && current.isOf(dataSource);
  }

  static void bind(
      DataSource own, ConnectionShares shares, String route, @Nullable Connection transaction) {
    CURRENT.set(new Attempt(own, shares, route, transaction));
  }

  static void unbind() {
    CURRENT.remove();
  }

  /**
   * Has the server end, in this transaction, what takes longer than the attempt may. A little
   * before the attempt itself would be ended: that would cost the connection, and tell less. A
   * client that vanished without a word holds its locks no longer than the attempt might have.
   */
  static void limit(Connection connection) throws SQLException {
    Duration left = Aborts.left();
    if (left == null || !"PostgreSQL".equals(connection.getMetaData().getDatabaseProductName())) {
      return;
    }
    long millis = Math.max(10, left.toMillis());
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "set local statement_timeout = "
              + millis * 9 / 10
              + "; set local lock_timeout = "
              + millis * 3 / 4
              + "; set local idle_in_transaction_session_timeout = "
              + (millis + 1000));
    }
  }

  /** Closes the connection at the attempt's timeout if the server does not respond. */
  static Aborts.Hook cutAtTimeout(Connection connection) {
    return Aborts.onTimeout(() -> connection.abort(Runnable::run));
  }

  private static Connection lent(Connection connection) {
    return proxy(connection, THE_ENGINES::contains, method -> {});
  }

  private static Connection watched(Connection connection, Runnable closed) {
    Aborts.Hook hook = cutAtTimeout(connection);
    AtomicBoolean once = new AtomicBoolean();
    return proxy(
        connection,
        method -> {
          if (method.equals("close") && once.compareAndSet(false, true)) {
            // Before it is returned: after that it is not ours to close.
            hook.close();
            closed.run();
          }
          return false;
        },
        method -> {
          if (method.equals("setAutoCommit") && !connection.getAutoCommit()) {
            limit(connection);
          }
        });
  }

  private interface Before {
    /** Returns true if the method must not be called. */
    boolean call(String method);
  }

  private interface After {
    void called(String method) throws SQLException;
  }

  private static Connection proxy(Connection connection, Before before, After after) {
    return (Connection)
        Proxy.newProxyInstance(
            DeliveryConnections.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (self, method, arguments) -> {
              if (before.call(method.getName())) {
                return null;
              }
              try {
                Object result = method.invoke(connection, arguments);
                after.called(method.getName());
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            });
  }
}

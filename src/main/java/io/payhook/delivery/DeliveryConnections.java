package io.payhook.delivery;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import javax.sql.DataSource;
import org.apache.camel.component.jdbc.ConnectionStrategy;
import org.jspecify.annotations.Nullable;

/**
 * Gives camel-jdbc the connection of the transacted delivery that runs on this thread, so that its
 * statements and the delivery's completion are one commit. Only statements on the journal's own
 * database can be part of it; those on another one, and every other caller, get a connection of
 * their own.
 */
public final class DeliveryConnections implements ConnectionStrategy {
  private static final ThreadLocal<@Nullable Transaction> CURRENT = new ThreadLocal<>();

  /**
   * camel-jdbc ends each statement with a commit and a close; in a transacted delivery the engine
   * alone does both.
   */
  private static final Set<String> THE_ENGINES =
      Set.of("close", "commit", "rollback", "setAutoCommit");

  /** A connection that runs a transaction, and where it is from. */
  private record Transaction(DataSource dataSource, Connection connection) {

    /** Whether a data source is the one that this is from, wrapped or not. */
    boolean isOf(DataSource other) {
      if (other == dataSource) {
        return true;
      }
      try {
        // One that is of the same class unwraps to itself.
        return other.isWrapperFor(dataSource.getClass())
            && other.unwrap(dataSource.getClass()) == dataSource;
      } catch (SQLException e) {
        return false;
      }
    }
  }

  @Override
  public Connection getConnection(DataSource dataSource) throws SQLException {
    Transaction current = CURRENT.get();
    return current != null && current.isOf(dataSource)
        ? lent(current.connection)
        : dataSource.getConnection();
  }

  @Override
  public boolean isConnectionTransactional(@Nullable Connection connection, DataSource dataSource) {
    Transaction current = CURRENT.get();
    return current != null && current.isOf(dataSource);
  }

  static void bind(DataSource dataSource, Connection connection) {
    CURRENT.set(new Transaction(dataSource, connection));
  }

  static void unbind() {
    CURRENT.remove();
  }

  private static Connection lent(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            DeliveryConnections.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (self, method, arguments) -> {
              if (THE_ENGINES.contains(method.getName())) {
                return null;
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            });
  }
}

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
 * statements and the delivery's completion are one commit; to every other caller a connection of
 * the pool.
 */
public final class DeliveryConnections implements ConnectionStrategy {
  private static final ThreadLocal<@Nullable Connection> CURRENT = new ThreadLocal<>();

  /**
   * camel-jdbc ends each statement with a commit and a close; in a transacted delivery the engine
   * alone does both.
   */
  private static final Set<String> THE_ENGINES =
      Set.of("close", "commit", "rollback", "setAutoCommit");

  @Override
  public Connection getConnection(DataSource dataSource) throws SQLException {
    Connection current = CURRENT.get();
    return current == null ? dataSource.getConnection() : lent(current);
  }

  @Override
  public boolean isConnectionTransactional(@Nullable Connection connection, DataSource dataSource) {
    return CURRENT.get() != null;
  }

  static void bind(Connection connection) {
    CURRENT.set(connection);
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

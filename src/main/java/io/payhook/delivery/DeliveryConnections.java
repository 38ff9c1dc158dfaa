package io.payhook.delivery;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final int STATEMENTS_REMEMBERED = 1_000;

  /**
   * camel-jdbc asks for the number of parameters at each run, which costs PostgreSQL a round trip;
   * it never changes.
   */
  private static final Map<String, Integer> PARAMETER_COUNTS = new ConcurrentHashMap<>();

  @Override
  public Connection getConnection(DataSource dataSource) throws SQLException {
    Connection current = CURRENT.get();
    return current == null ? lend(dataSource.getConnection(), true) : lend(current, false);
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

  private static Connection lend(Connection connection, boolean owned) {
    return proxy(
        Connection.class,
        (method, arguments) -> {
          switch (method.getName()) {
            case "close" -> {
              if (owned) {
                connection.close();
              }
              return null;
            }
            case "commit", "rollback", "setAutoCommit" -> {
              // camel-jdbc ends each statement with a commit; here the delivery alone commits.
              return owned ? method.invoke(connection, arguments) : null;
            }
            case "prepareStatement" -> {
              Object statement = method.invoke(connection, arguments);
              return lend((PreparedStatement) statement, (String) arguments[0]);
            }
            default -> {
              return method.invoke(connection, arguments);
            }
          }
        });
  }

  private static PreparedStatement lend(PreparedStatement statement, String sql) {
    return proxy(
        PreparedStatement.class,
        (method, arguments) ->
            method.getName().equals("getParameterMetaData")
                ? parameters(statement, sql)
                : method.invoke(statement, arguments));
  }

  private static ParameterMetaData parameters(PreparedStatement statement, String sql) {
    return proxy(
        ParameterMetaData.class,
        (method, arguments) -> {
          if (!method.getName().equals("getParameterCount")) {
            return method.invoke(statement.getParameterMetaData(), arguments);
          }
          Integer count = PARAMETER_COUNTS.get(sql);
          if (count == null) {
            count = statement.getParameterMetaData().getParameterCount();
            if (PARAMETER_COUNTS.size() >= STATEMENTS_REMEMBERED) {
              PARAMETER_COUNTS.clear();
            }
            PARAMETER_COUNTS.put(sql, count);
          }
          return count;
        });
  }

  private interface Call {
    @Nullable Object to(Method method, Object[] arguments) throws Exception;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            DeliveryConnections.class.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              try {
                return call.to(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            }));
  }
}

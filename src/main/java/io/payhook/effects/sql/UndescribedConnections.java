package io.payhook.effects.sql;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.component.jdbc.ConnectionStrategy;
import org.apache.camel.component.jdbc.DefaultConnectionStrategy;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.jspecify.annotations.Nullable;

/**
 * Gives camel-jdbc connections whose statements answer {@code getParameterMetaData()} without
 * asking the server. camel-jdbc calls it for every statement, only to learn whether there are
 * parameters; on PostgreSQL that is an additional round trip each time, before the values and thus
 * their types are known, and a statement such as {@code select :event -> 'data'} would fail there.
 *
 * <p>The JDBC component's own strategy chooses the connection; a connection of a transaction stays
 * open here, since whoever began the transaction ends it.
 */
public final class UndescribedConnections implements ConnectionStrategy {
  private static final ConnectionStrategy ONE_PER_STATEMENT = new DefaultConnectionStrategy();

  private final CamelContext context;

  public UndescribedConnections(CamelContext context) {
    this.context = context;
  }

  @Override
  public Connection getConnection(DataSource dataSource) throws Exception {
    ConnectionStrategy strategy = strategy();
    Connection connection = strategy.getConnection(dataSource);
    boolean kept = strategy.isConnectionTransactional(connection, dataSource);
    return proxy(Connection.class, new Undescribed(connection, kept));
  }

  @Override
  public boolean isConnectionTransactional(@Nullable Connection connection, DataSource dataSource) {
    return connection != null
        && Proxy.isProxyClass(connection.getClass())
        && Proxy.getInvocationHandler(connection) instanceof Undescribed undescribed
        && undescribed.kept;
  }

  private ConnectionStrategy strategy() {
    ConnectionStrategy strategy =
        context.getComponent("jdbc", JdbcComponent.class).getConnectionStrategy();
    return strategy == null ? ONE_PER_STATEMENT : strategy;
  }

  /** The driver's own statement behind a wrapped one. */
  static PreparedStatement target(PreparedStatement statement) {
    return Proxy.isProxyClass(statement.getClass())
            && Proxy.getInvocationHandler(statement) instanceof Undescribed undescribed
        ? (PreparedStatement) undescribed.target
        : statement;
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            UndescribedConnections.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private record Undescribed(Object target, boolean kept) implements InvocationHandler {
    private static final ParameterMetaData SOME_PARAMETERS =
        proxy(
            ParameterMetaData.class,
            (proxy, method, arguments) -> {
              if (method.getName().equals("getParameterCount")) {
                return 1;
              }
              throw new UnsupportedOperationException(method.getName());
            });

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
        throws Throwable {
      return switch (method.getName()) {
        case "getParameterMetaData" -> SOME_PARAMETERS;
        case "prepareStatement" ->
            proxy(PreparedStatement.class, new Undescribed(call(method, arguments), false));
        case "close" -> kept ? null : call(method, arguments);
        default -> call(method, arguments);
      };
    }

    private Object call(Method method, Object @Nullable [] arguments) throws Throwable {
      try {
        return method.invoke(target, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause() == null ? e : e.getCause();
      }
    }
  }
}

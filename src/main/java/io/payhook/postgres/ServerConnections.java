package io.payhook.postgres;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collections;
import java.util.Properties;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import java.util.logging.Logger;
import javax.sql.DataSource;

/**
 * Opens connections to the server, each with the current login, so that a new password needs no
 * restart. None waits forever for a server that has vanished: neither while connecting, nor for an
 * answer longer than configured. Parameters in the URL take precedence.
 */
final class ServerConnections implements DataSource {
  /** Connect timeout in seconds, for each of several hosts. */
  private static final String CONNECT = "3";

  /** How long the server may take to respond during the login, in seconds. */
  private static final String LOGIN = "5";

  private static final String WAITING =
      """
      select count(*)::int from pg_stat_activity
      where wait_event = 'SyncRep' and usename = current_user and state_change < now() - interval '5 seconds'
      """;

  private final String url;
  private final Supplier<Properties> login;
  private final Properties properties = new Properties();
  private final JournalSchema schema;
  private final int answerMillis;

  /** Connections that nobody references any more disappear on their own. */
  private final Set<Connection> open =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private volatile boolean aborted;

  /**
   * @param login user and password, unless the URL has them
   * @param schema the schema that statements mean by payhook
   * @param name application name as shown by the server
   * @param answer socket timeout; zero for none
   */
  ServerConnections(
      String url, Supplier<Properties> login, JournalSchema schema, String name, Duration answer) {
    this.url = url;
    this.schema = schema;
    this.login = login;
    this.answerMillis = url.contains("socketTimeout=") ? -1 : (int) answer.toMillis();
    with("ApplicationName", name);
    with("connectTimeout", CONNECT);
    with("socketTimeout", LOGIN);
    with("tcpKeepAlive", "true");
  }

  /** Sets another property of the driver. */
  ServerConnections with(String property, String value) {
    properties.setProperty(property, value);
    return this;
  }

  /** Closes all connections at once, even while they wait for an answer, and opens no more. */
  void abort() {
    aborted = true;
    for (Connection connection : open.toArray(Connection[]::new)) {
      try {
        connection.abort(Runnable::run);
      } catch (SQLException e) {
        // It is closed already.
      }
    }
  }

  @Override
  public Connection getConnection() throws SQLException {
    Properties all = new Properties();
    all.putAll(properties);
    all.putAll(login.get());
    if (aborted) {
      throw new SQLException("the service ends", "57P01");
    }
    Connection connection = DriverManager.getConnection(url, all);
    try {
      refuseWhileCommitsWait(connection);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    open.add(connection);
    if (answerMillis >= 0) {
      connection.setNetworkTimeout(Runnable::run, answerMillis);
    }
    return schema.on(connection);
  }

  /**
   * A commit that waits for a synchronous standby keeps waiting on the server after its client has
   * given up. Each new try would leave another one there, until nobody can connect any more.
   */
  private static void refuseWhileCommitsWait(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(WAITING)) {
      if (row.next() && row.getInt(1) > 0) {
        throw new SQLException(
            "the database waits for its synchronous standby; "
                + row.getInt(1)
                + " commits wait there",
            "57P03");
      }
    }
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException("the settings know user and password");
  }

  @Override
  public PrintWriter getLogWriter() throws SQLException {
    throw new SQLFeatureNotSupportedException("there is no log writer");
  }

  @Override
  public void setLogWriter(PrintWriter out) {
    // The driver's own log suffices.
  }

  @Override
  public void setLoginTimeout(int seconds) {
    // Set above; the driver would start a thread for each attempt, and leak it.
  }

  @Override
  public int getLoginTimeout() {
    return Integer.parseInt(LOGIN);
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException("there is no logger");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw new SQLException("not a wrapper of " + type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}

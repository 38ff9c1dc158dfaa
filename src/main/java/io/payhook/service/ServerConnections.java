package io.payhook.service;

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
 * Opens connections to the server, each with the login of that moment, so that a new password needs
 * no restart. None waits for ever for a server that has gone without a word: not while it is
 * opened, and then for no answer longer than it is meant to. Whatever the URL says of this wins.
 */
final class ServerConnections implements DataSource {
  /** How long the network may take, in seconds; with several hosts, each of them. */
  private static final String CONNECT = "3";

  /** How long a server may be silent during the login, in seconds. */
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

  /** Those that nobody holds any more go by themselves. */
  private final Set<Connection> open =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private volatile boolean aborted;

  /**
   * @param login user and password, where the URL does not hold them
   * @param schema what statements mean by the schema payhook
   * @param name what the server calls who is connected
   * @param answer how long a statement may take; zero for as long as it likes
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

  /** One more property of the driver's. */
  ServerConnections with(String property, String value) {
    properties.setProperty(property, value);
    return this;
  }

  /** Ends all connections at once, whoever waits for an answer, and opens no more. */
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
   * A commit that waits for a synchronous standby goes on waiting at the server when its client has
   * given it up. Each new try would leave another one there, until nobody can connect any more.
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
    // The driver's own log is enough.
  }

  @Override
  public void setLoginTimeout(int seconds) {
    // Set above; the driver would give each attempt a thread, and leave that behind.
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

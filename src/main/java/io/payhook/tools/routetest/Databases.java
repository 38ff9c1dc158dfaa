package io.payhook.tools.routetest;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The databases besides Payhook's own that the beans of one test lead to: copies on the tests' own
 * server, never the ones that are configured.
 */
final class Databases implements AutoCloseable {
  private final Existing existing;
  private final Map<String, Path> homes;
  private final TestServer server;
  private final String prefix;
  private final Map<String, Copy> copies = new TreeMap<>();

  /**
   * @param homes the integrations that declare such beans, by the beans' names
   * @param prefix of the copies' names
   */
  Databases(Existing existing, Map<String, Path> homes, TestServer server, String prefix) {
    this.existing = existing;
    this.homes = homes;
    this.server = server;
    this.prefix = prefix;
  }

  /** What stands in for a bean. */
  synchronized Copy of(String bean) {
    return copies.computeIfAbsent(bean, name -> new Copy(name, prefix + "_" + copies.size()));
  }

  /** What stands in for a bean that is bound already. */
  synchronized Optional<Copy> find(String bean) {
    return Optional.ofNullable(copies.get(bean));
  }

  synchronized Set<String> names() {
    return Set.copyOf(copies.keySet());
  }

  @Override
  public synchronized void close() throws SQLException {
    for (Copy copy : copies.values()) {
      copy.drop();
    }
  }

  /** A database that is made when somebody wants a connection to it. */
  final class Copy implements DataSource {
    private final String bean;
    private final String name;
    private boolean made;

    private Copy(String bean, String name) {
      this.bean = bean;
      this.name = name;
    }

    private Existing.Template template() {
      return existing.template(bean, homes.get(bean));
    }

    /** What has to be added before it can be used; empty where it can. */
    String missing() {
      return template().missing();
    }

    @Override
    public synchronized Connection getConnection() throws SQLException {
      Existing.Template template = template();
      String from = template.name();
      if (from == null) {
        throw new SQLException(
            "a test has no copy of the database " + bean + "; " + template.missing(), "42000");
      }
      if (!made) {
        server.copy(from, name);
        made = true;
      }
      return server.database(name).getConnection();
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
      return getConnection();
    }

    private synchronized void drop() throws SQLException {
      if (made) {
        server.drop(name);
      }
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
      return null;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
      return 0;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
      throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      throw new SQLException("it wraps nothing");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return false;
    }
  }
}

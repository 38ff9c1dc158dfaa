package io.payhook.tools.routetest;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The PostgreSQL server that the tests' databases are made on.
 *
 * @param url of its first database
 */
record TestServer(String url) {
  /** All databases of tests begin so. */
  static final String PREFIX = "route_test";

  /** Another database; what a test writes need not survive a power cut. */
  String url(String database) {
    return url.replaceFirst("/payhook\\?", "/" + database + "?")
        + "&options=-c%20synchronous_commit%3Doff";
  }

  DataSource database(String name) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(url(name));
    return source;
  }

  void create(String database) throws SQLException {
    run("create database " + database);
  }

  void copy(String template, String database) throws SQLException {
    run("create database " + database + " template " + template);
  }

  void drop(String database) throws SQLException {
    run("drop database if exists " + database + " with (force)");
  }

  /** Takes away what earlier runs have left. */
  void clean() throws SQLException {
    List<String> left = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet names =
            statement.executeQuery(
                "select datname from pg_database where starts_with(datname, '" + PREFIX + "')")) {
      while (names.next()) {
        left.add(names.getString(1));
      }
    }
    for (String name : left) {
      drop(name);
    }
  }

  /** One at a time: a template may not be copied twice at once. */
  private void run(String sql) throws SQLException {
    synchronized (TestServer.class) {
      try (Connection connection = DriverManager.getConnection(url);
          Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }
  }
}

package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Which routes want which events, as published by all nodes on the database. */
public final class SubscriptionTable {
  private final DataSource dataSource;
  private final String node;

  public SubscriptionTable(DataSource dataSource, String node) {
    this.dataSource = dataSource;
    this.node = node;
  }

  /**
   * A subscription of a route.
   *
   * @param route the route's id
   * @param endpoint name or pattern ({@code *} matches any text)
   * @param type event type or pattern
   * @param ordered one event of an entity at a time
   */
  public record Row(String route, String endpoint, String type, boolean ordered) {}

  /**
   * Replaces this node's subscriptions. One that differs from what is in effect for its route takes
   * effect from then on; one that equals it joins it.
   */
  public void replace(List<Row> rows) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        try (PreparedStatement gone =
            connection.prepareStatement(
                "delete from payhook.subscriber where node = ? and route <> all (?)")) {
          gone.setString(1, node);
          gone.setArray(
              2, connection.createArrayOf("text", rows.stream().map(Row::route).toArray()));
          gone.executeUpdate();
        }
        try (PreparedStatement here =
            connection.prepareStatement(
                """
                insert into payhook.subscriber as s (route, node, endpoint, type, ordered, since)
                select w.*, coalesce((
                  select o.since from payhook.subscriber_now o
                  where (o.route, o.endpoint, o.type, o.ordered) = (w.route, w.endpoint, w.type, w.ordered) limit 1), now())
                from (values (?::text, ?::text, ?::text, ?::text, ?::boolean)) as w(route, node, endpoint, type, ordered)
                on conflict (route, node) do update
                set endpoint = excluded.endpoint, type = excluded.type, ordered = excluded.ordered,
                    since = case when (s.endpoint, s.type, s.ordered) = (excluded.endpoint, excluded.type, excluded.ordered)
                                 then s.since else now() end
                """)) {
          for (Row row : rows) {
            new Binder(here).add(row.route(), node, row.endpoint(), row.type(), row.ordered());
            here.addBatch();
          }
          here.executeBatch();
        }
        connection.commit();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(true);
      }
    }
  }

  /**
   * The subscriptions of all other nodes that are in effect, each route once for each distinct
   * subscription: those of live nodes, and of each route the most recent of any node.
   */
  public List<Row> elsewhere() throws SQLException {
    List<Row> rows = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select distinct route, endpoint, type, ordered from payhook.subscriber_now where node <> ? order by route")) {
      statement.setString(1, node);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          rows.add(
              new Row(row.getString(1), row.getString(2), row.getString(3), row.getBoolean(4)));
        }
      }
    }
    return rows;
  }
}

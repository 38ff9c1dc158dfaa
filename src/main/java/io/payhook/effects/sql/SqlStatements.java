package io.payhook.effects.sql;

import io.payhook.effects.Texts;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.component.jdbc.JdbcPrepareStatementStrategy;
import org.jspecify.annotations.Nullable;

/**
 * The statements of all integrations, and how camel-jdbc binds their parameters. The body that
 * reaches camel-jdbc is the statement's own text, made by {@link DatabaseSink} from a file; nothing
 * of the event is ever part of it.
 */
public final class SqlStatements implements JdbcPrepareStatementStrategy {

  private final FileCache<SqlStatement> files;

  public SqlStatements(Texts texts) {
    this.files = new FileCache<>(texts, (file, text) -> SqlStatement.parse(file.toString(), text));
  }

  SqlStatement get(Path file) {
    return files.get(file);
  }

  @Override
  public String prepareQuery(String query, boolean allowNamedParameters) {
    return query;
  }

  /** The count is camel-jdbc's; the statement knows its own parameters. */
  @Override
  public Iterator<?> createPopulateIterator(
      String query, String preparedQuery, int count, Exchange exchange, Object value) {
    SqlStatement statement = DatabaseSink.statementOf(exchange);
    return List.of(new Values(statement, statement.values(exchange))).iterator();
  }

  /** All that camel-jdbc passes on: it never reads the values itself. */
  private record Values(SqlStatement statement, List<@Nullable Object> values) {}

  @Override
  public void populateStatement(PreparedStatement statement, Iterator<?> values, int count)
      throws SQLException {
    PreparedStatement target = UndescribedConnections.target(statement);
    if (values.next() instanceof Values given) {
      for (int i = 0; i < given.values.size(); i++) {
        SqlBinding.bind(target, i + 1, given.values.get(i));
      }
      SqlValues.check(target, given.statement, given.values);
    }
  }
}

package io.payhook.effects;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Iterator;
import org.apache.camel.Exchange;
import org.apache.camel.component.jdbc.JdbcPrepareStatementStrategy;

/**
 * The statements of all integrations, and how camel-jdbc binds their parameters. The body that
 * reaches camel-jdbc is the statement's own text, made by {@link DatabaseSink} from a file; nothing
 * of the event is ever part of it.
 */
final class SqlStatements implements JdbcPrepareStatementStrategy {

  private final FileCache<SqlStatement> files;

  SqlStatements(Texts texts) {
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
    return DatabaseSink.statementOf(exchange).values(exchange).iterator();
  }

  @Override
  public void populateStatement(PreparedStatement statement, Iterator<?> values, int count)
      throws SQLException {
    PreparedStatement target = UndescribedConnections.target(statement);
    for (int index = 1; values.hasNext(); index++) {
      SqlStatement.bind(target, index, values.next());
    }
  }
}

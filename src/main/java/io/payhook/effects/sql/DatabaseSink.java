package io.payhook.effects.sql;

import io.payhook.effects.Callers;
import io.payhook.effects.Sink;
import io.payhook.effects.Undertaking;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * The first step of the kamelet {@code database-sink}: turns the statement of a file into the
 * message for camel-jdbc. Afterwards the variable {@code rows} has the rows that it returned, each
 * a map by column name; empty if the statement returns none.
 */
public final class DatabaseSink extends Sink {
  private @Nullable String statement;

  /** The SQL file, relative to the folder of the route's file. */
  public void setStatement(String statement) {
    this.statement = statement;
  }

  @Override
  public void process(Exchange exchange) {
    SqlStatement sql =
        bound(SqlStatements.class).get(Callers.file(exchange, Objects.requireNonNull(statement)));
    Undertaking.begin(exchange, sql.sql(), new HashMap<>(), sql, DatabaseSink::rows);
  }

  static SqlStatement statementOf(Exchange exchange) {
    return Undertaking.plan(exchange, SqlStatement.class);
  }

  private static void rows(Exchange exchange) {
    Object body = exchange.getMessage().getBody();
    exchange.setVariable("rows", body instanceof List<?> rows ? rows : List.of());
  }
}

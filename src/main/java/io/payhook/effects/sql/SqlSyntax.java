package io.payhook.effects.sql;

import io.payhook.effects.EffectException;
import io.payhook.effects.OneLine;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;

/**
 * Checks a changed SQL file before deliveries use it. Only the syntax: a table may be created by
 * the previous statement, or later.
 *
 * @param database parses the statements; nothing is executed there
 */
public record SqlSyntax(DataSource database) {
  /** SQLSTATE of a syntax error. */
  private static final String SYNTAX = "42601";

  /**
   * Parses every statement of a file.
   *
   * @throws EffectException if there is none, or one is not valid
   */
  public void check(Path file, String text) {
    List<SqlStatement.Piece> pieces = SqlStatement.parse(file.toString(), text).pieces();
    if (pieces.isEmpty()) {
      throw new EffectException("has no statement; a comment alone does nothing");
    }
    pieces.forEach(this::check);
  }

  private void check(SqlStatement.Piece piece) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(piece.sql())) {
      statement.getParameterMetaData();
    } catch (SQLException e) {
      if (SYNTAX.equals(e.getSQLState())) {
        throw new EffectException(OneLine.of(String.valueOf(e.getMessage()), 300), e);
      }
    }
  }
}

package io.payhook.journal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationState;
import org.jspecify.annotations.Nullable;

/** The privileges of the role that Payhook logs in as, and what to grant it. */
final class Rights {
  private static final Pattern NO_DATABASE =
      Pattern.compile("permission denied for database (\"[^\"]+\"|\\S+)");

  private static final String READ_AND_WRITE =
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ";

  private static final Set<MigrationState> DONE =
      EnumSet.of(MigrationState.SUCCESS, MigrationState.BASELINE);

  private Rights() {}

  /**
   * Runs pending migrations.
   *
   * @param what is migrated, for a message
   * @param schema it is in
   * @throws FlywayException that says what to grant, if that is the reason
   */
  static void migrate(Flyway flyway, String what, String schema) {
    try {
      if (!isUpToDate(flyway)) {
        tryToMakeATable(flyway.getConfiguration().getDataSource(), schema);
        flyway.migrate();
      }
    } catch (FlywayException e) {
      SQLException denied = denied(e);
      if (denied == null) {
        throw e;
      }
      DataSource dataSource = flyway.getConfiguration().getDataSource();
      String role = role(dataSource);
      throw new FlywayException(
          "The role "
              + role
              + " may not bring "
              + what
              + " to their newest version: "
              + GroupCommit.oneLine(denied).replaceFirst("^ERROR: ", "")
              + "; run 'payhook migrate' once as a role that may, such as the owner of the database, or have it granted: "
              + grant(dataSource, String.valueOf(denied.getMessage()), schema, role),
          e);
    }
  }

  /** Leaves nothing behind. Flyway would try for ten seconds before it says that it may not. */
  private static void tryToMakeATable(DataSource dataSource, String schema) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        if (!"t"
            .equals(
                ask(dataSource, "select to_regnamespace(quote_ident(?)) is not null", schema))) {
          statement.execute("create schema " + statement.enquoteIdentifier(schema, true));
        }
        statement.execute(
            "create table " + statement.enquoteIdentifier(schema, true) + ".tried ()");
      } finally {
        connection.rollback();
      }
    } catch (SQLException e) {
      // Anything else, such as another node that does the same, is Flyway's to meet.
      if (denied(e) != null) {
        throw new FlywayException("Nothing may be made in the schema " + schema, e);
      }
    }
  }

  /** Only what is to be done changes a session: behind a pooler that is shared with others. */
  private static boolean isUpToDate(Flyway flyway) {
    return Arrays.stream(flyway.info().all()).allMatch(each -> DONE.contains(each.getState()))
        && flyway.validateWithResult().validationSuccessful;
  }

  private static @Nullable SQLException denied(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && "42501".equals(sql.getSQLState())) {
        return sql;
      }
    }
    return null;
  }

  private static String grant(DataSource dataSource, String message, String schema, String role) {
    Matcher database = NO_DATABASE.matcher(message);
    if (database.find()) {
      return "GRANT CREATE ON DATABASE " + database.group(1) + " TO " + role;
    }
    if (message.contains("permission denied for schema")
        && "t".equals(ask(dataSource, "select has_schema_privilege(?, 'USAGE')", schema))) {
      return "GRANT CREATE ON SCHEMA " + schema + " TO " + role;
    }
    return "GRANT USAGE ON SCHEMA "
        + schema
        + " TO "
        + role
        + "; "
        + READ_AND_WRITE
        + schema
        + " TO "
        + role;
  }

  /**
   * Looks for privileges that the journal needs and the role lacks, before a webhook finds out.
   *
   * @throws FlywayException that names all of them
   */
  static void check(DataSource dataSource, String schema) {
    List<String> missing;
    try (Connection connection = dataSource.getConnection()) {
      missing =
          Rows.list(
              connection,
              new Query(
                  """
                  select p.name || ' on ' || c.oid::regclass
                  from pg_class c
                  cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as p(name)
                  where c.relnamespace = ?::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'flyway_schema_history'
                    and not has_table_privilege(c.oid, p.name)
                  order by 1
                  """,
                  schema),
              row -> row.getString(1));
    } catch (SQLException e) {
      throw new FlywayException("The rights on schema " + schema + " can't be read", e);
    }
    if (!missing.isEmpty()) {
      String role = role(dataSource);
      throw new FlywayException(
          "The role "
              + role
              + " lacks "
              + String.join(", ", missing.subList(0, Math.min(4, missing.size())))
              + (missing.size() > 4 ? " and " + (missing.size() - 4) + " more" : "")
              + "; let the owner run: "
              + READ_AND_WRITE
              + schema
              + " TO "
              + role);
    }
  }

  private static String role(DataSource dataSource) {
    String role = ask(dataSource, "select quote_ident(current_user)");
    return role == null ? "that Payhook logs in as" : role;
  }

  private static @Nullable String ask(DataSource dataSource, String question, Object... values) {
    try (Connection connection = dataSource.getConnection()) {
      return Rows.list(connection, new Query(question, values), row -> row.getString(1)).get(0);
    } catch (SQLException e) {
      return null;
    }
  }
}

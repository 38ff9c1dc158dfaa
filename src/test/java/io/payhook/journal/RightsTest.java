package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.testing.TestDatabase;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** A role that may not everything. */
@Tag("service")
class RightsTest {
  private static final String PASSWORD = "role-of-a-test";

  private TestDatabase database;
  private String role;

  @BeforeEach
  void makeARole() throws SQLException {
    database = TestDatabase.create();
    role = "app_" + ProcessHandle.current().pid() + "_" + System.nanoTime();
    database.update("create role " + role + " login password '" + PASSWORD + "'");
  }

  @AfterEach
  void dropIt() throws SQLException {
    database.update("drop owned by " + role);
    database.update("drop role " + role);
    database.close();
  }

  @Test
  void what_it_would_have_to_be_granted_to_migrate_is_told() throws SQLException {
    String name = database.query("select current_database()").get(0);
    assertThatThrownBy(() -> Migrations.journal(asRole()))
        .isInstanceOf(FlywayException.class)
        .hasMessage(
            "The role "
                + role
                + " may not bring the journal's tables in the schema payhook to their newest version: permission denied for"
                + " database "
                + name
                + "; run 'payhook migrate' once as a role that may, such as the owner of the database, or have it granted:"
                + " GRANT CREATE ON DATABASE "
                + name
                + " TO "
                + role);
  }

  @Test
  void reading_and_writing_is_enough_once_another_has_migrated() throws SQLException {
    Migrations.journal(database.dataSource());
    String grants =
        "GRANT USAGE ON SCHEMA payhook TO %s; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA payhook TO %s"
            .formatted(role, role);
    assertThatThrownBy(() -> Migrations.journal(asRole())).hasMessageEndingWith(": " + grants);
    database.update(grants);
    Migrations.journal(asRole());
    database.update("revoke delete on payhook.event from " + role);
    assertThatThrownBy(() -> Migrations.journal(asRole()))
        .hasMessageContaining("lacks DELETE on payhook.event; let the owner run: GRANT SELECT");
  }

  @Test
  void an_integration_that_makes_tables_says_so_too() throws SQLException {
    assertThatThrownBy(
            () ->
                Migrations.integration(
                    asRole(), java.nio.file.Path.of("routes/payments/sql/schema"), "payments"))
        .hasMessageContaining("the tables of payments in the schema public")
        .hasMessageEndingWith("GRANT CREATE ON SCHEMA public TO " + role);
    assertThat(database.query("select 1 from pg_tables where schemaname = 'public'")).isEmpty();
  }

  private DataSource asRole() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(database.url().replaceFirst("\\?.*", ""));
    source.setUser(role);
    source.setPassword(PASSWORD);
    return source;
  }
}

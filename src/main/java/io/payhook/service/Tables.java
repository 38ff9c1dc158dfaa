package io.payhook.service;

import io.payhook.journal.Migrations;
import io.payhook.postgres.Database;
import io.payhook.routes.Integrations;
import io.payhook.routes.RouteFileException;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;

/**
 * The tables of the journal and of every integration. {@code payhook migrate} brings them to their
 * newest version separately, so that the service can run as a role without that privilege.
 */
public final class Tables {
  private Tables() {}

  /**
   * Brings all tables to their newest version.
   *
   * @throws StartException if the database cannot be reached, or a script fails
   */
  public static void migrate(Settings settings) {
    try (Database database = Database.openToMigrate(settings)) {
      migrate(database.migrating(), settings);
    } catch (FlywayException | RouteFileException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  static void migrate(DataSource dataSource, Settings settings) throws RouteFileException {
    Migrations.journal(dataSource, settings.get(Key.DATABASE_SCHEMA));
    Migrations.integrations(dataSource, Integrations.in(settings.routes()).schemas());
  }
}

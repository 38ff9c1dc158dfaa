package io.payhook.journal;

import java.nio.file.Path;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings the journal's tables, and those of each integration, to their newest version. */
public final class Migrations {
  private Migrations() {}

  /** Migrates the schema {@code payhook}. */
  public static void journal(DataSource dataSource) {
    journal(dataSource, "payhook");
  }

  /**
   * Migrates the journal in a schema.
   *
   * @param dataSource whose connections take {@code payhook} for that schema
   */
  public static void journal(DataSource dataSource, String schema) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .schemas(schema)
            .createSchemas(true)
            .locations("classpath:db/migration")
            .loggers("slf4j")
            .load();
    Rights.migrate(flyway, "the journal's tables in the schema " + schema, schema);
    Rights.check(dataSource, schema);
  }

  /**
   * Migrates an integration's own tables in the schema {@code public}.
   *
   * @param folder of {@code V001__*.sql} files
   * @param integration name of the integration; its history is kept in {@code
   *     public.<name>_schema_history}
   * @throws FlywayException naming the file and the statement that failed
   */
  public static void integration(DataSource dataSource, Path folder, String integration) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(dataSource)
            .schemas("public")
            .table(integration.replace('-', '_') + "_schema_history")
            .locations("filesystem:" + folder)
            .baselineOnMigrate(true)
            .baselineVersion("0")
            .loggers("slf4j")
            .load();
    Rights.migrate(flyway, "the tables of " + integration + " in the schema public", "public");
  }
}

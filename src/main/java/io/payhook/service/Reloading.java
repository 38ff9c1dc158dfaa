package io.payhook.service;

import io.payhook.delivery.DeliveryEngine;
import io.payhook.effects.Texts;
import io.payhook.intake.Intake;
import io.payhook.journal.Migrations;
import io.payhook.routes.Finding;
import io.payhook.routes.FolderCheck;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.RouteFiles;
import io.payhook.settings.ChangedSettings;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.settings.SettingsException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.SortedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.main.Main;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replaces the files of the routes folder in a running service. */
final class Reloading implements RouteFiles.Surroundings {
  private static final Logger LOG = LoggerFactory.getLogger(Reloading.class);

  /** No request takes longer than the journal waits for a commit. */
  private static final Duration REQUESTS = Duration.ofSeconds(10);

  /** Values of the files' placeholders; replaced by a reload. */
  private volatile Settings settings;

  /** What has been logged about changed settings. */
  private volatile List<String> told = List.of();

  private final Supplier<Settings> again;
  private final Main running;
  private final Properties effects;
  private final DataSource pool;
  private final DataSource migrating;
  private final DeliveryEngine engine;
  private final Intake intake;
  private final Texts texts;
  private final FolderCheck.Maker checks;

  /**
   * @param again reads the settings again, from their sources
   */
  Reloading(
      Settings settings,
      Supplier<Settings> again,
      Main running,
      Properties effects,
      DataSource pool,
      DataSource migrating,
      DeliveryEngine engine,
      Intake intake,
      Texts texts,
      FolderCheck.Maker checks) {
    this.settings = settings;
    this.again = again;
    this.running = running;
    this.effects = effects;
    this.pool = pool;
    this.migrating = migrating;
    this.engine = engine;
    this.intake = intake;
    this.texts = texts;
    this.checks = checks;
  }

  @Override
  public void rehearse(RouteFiles.Trial trial) throws Exception {
    RehearsalContext.run(running.getCamelContext().getRegistry(), settings, effects, trial);
  }

  @Override
  public void keepingSubscriptions(RouteFiles.Step step) throws Exception {
    DeliveryEngine.Keeping keeping = engine.keepSubscriptions();
    try {
      step.run();
    } finally {
      keeping.close();
    }
  }

  @Override
  public void holdingRequests(RouteFiles.Step step) throws Exception {
    Intake.Hold hold = intake.hold(REQUESTS);
    try {
      step.run();
    } finally {
      hold.close();
    }
  }

  @Override
  public void migrate(SortedMap<String, Path> schemas) {
    Migrations.integrations(migrating, schemas);
  }

  @Override
  public Texts texts() {
    return texts;
  }

  @Override
  public FolderCheck check() {
    return check(settings, checks);
  }

  static FolderCheck check(Settings settings, FolderCheck.Maker checks) {
    return checks.of(
        settings.routes(),
        Placeholders.forReading(settings),
        settings.names(),
        settings.isProduction());
  }

  @Override
  public List<Finding> describe(FolderCheck check) throws SQLException {
    return describe(check, pool);
  }

  /** Within a read-only transaction. */
  static List<Finding> describe(FolderCheck check, DataSource pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      try {
        return check.describe(connection);
      } finally {
        connection.rollback();
      }
    }
  }

  @Override
  public RouteFiles.NewSettings settings() throws RouteFileException {
    Settings before = settings;
    Settings read;
    try {
      read = again.get();
    } catch (SettingsException e) {
      throw new RouteFileException(e.problems());
    }
    ChangedSettings changed = ChangedSettings.of(before, read);
    use(changed.usable());
    return new RouteFiles.NewSettings() {
      @Override
      public boolean changePlaceholders() {
        return changed.changePlaceholders();
      }

      @Override
      public List<String> changed() {
        return changed.lines();
      }

      @Override
      public void keep() {
        Logging.level(settings);
        changed.lines().stream()
            .filter(line -> !told.contains(line))
            .forEach(line -> LOG.info("{}.", line));
        told = changed.lines();
      }

      @Override
      public void undo() {
        use(before);
      }
    };
  }

  private void use(Settings next) {
    settings = next;
    Properties properties = next.asCamelProperties();
    properties.putAll(effects);
    running.getCamelContext().getPropertiesComponent().setInitialProperties(properties);
  }

  @Override
  public Path secrets() {
    return settings.data().resolve("secrets.properties");
  }

  /** The files and folders whose changes call for a reload. */
  List<Path> watched() {
    return Stream.concat(Stream.of(settings.routes(), secrets()), settings.files().stream())
        .toList();
  }
}

package io.payhook.service;

import io.payhook.delivery.DeliveryEngine;
import io.payhook.delivery.EventComponent;
import io.payhook.effects.Texts;
import io.payhook.intake.Intake;
import io.payhook.journal.Migrations;
import io.payhook.routes.Finding;
import io.payhook.routes.FolderCheck;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.RouteFiles;
import io.payhook.settings.ChangedSettings;
import io.payhook.settings.Key;
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
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpComponent;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.spi.PlatformHttpEngine;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.main.Main;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultRegistry;
import org.jspecify.annotations.Nullable;
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

  private final UnaryOperator<Settings> again;
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
      UnaryOperator<Settings> again,
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
    Main main = new Stage(running.getCamelContext().getRegistry());
    main.bind("event", new EventComponent());
    Properties more = new Properties();
    more.putAll(effects);
    more.setProperty("camel.main.name", "payhook-rehearsal");
    more.setProperty("camel.main.autoStartup", "false");
    more.setProperty("camel.main.sourceLocationEnabled", "true");
    more.setProperty("camel.server.enabled", "false");
    more.setProperty("camel.metrics.enabled", "false");
    initialise(main, settings, more);
    main.getCamelContext()
        .getComponent("platform-http", PlatformHttpComponent.class)
        .setEngine(new NoServer());
    try {
      main.start();
      trial.in(main.getCamelContext());
    } finally {
      main.stop();
    }
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
      read = again.apply(before);
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

  /**
   * A Camel context that loads no routes automatically, never retries on its own, and logs no
   * payloads.
   */
  static void initialise(Main main, Settings settings, Properties more) throws Exception {
    main.setDefaultPropertyPlaceholderLocation("false");
    Properties properties = new Properties();
    properties.setProperty("camel.main.name", "payhook");
    properties.setProperty("camel.main.routesIncludePattern", "false");
    properties.setProperty("camel.main.startupSummaryLevel", "Off");
    properties.setProperty(
        "camel.main.shutdownTimeout",
        String.valueOf(settings.get(Key.SHUTDOWN_TIMEOUT).toSeconds()));
    properties.setProperty("camel.main.shutdownLogInflightExchangesOnTimeout", "false");
    properties.setProperty("camel.main.autoConfigurationEnvironmentVariablesEnabled", "false");
    properties.setProperty("camel.main.useBreadcrumb", "false");
    properties.setProperty("camel.main.messageHistory", "false");
    properties.setProperty("camel.main.streamCachingEnabled", "false");
    properties.setProperty("camel.main.logName", RouteLog.LOGGER + "${routeId}");
    properties.setProperty("camel.component.direct.block", "false");
    // Two components for Camel, each with settings of its own.
    for (String scheme : List.of("http", "https")) {
      String component = "camel.component." + scheme + ".";
      properties.setProperty(component + "automaticRetriesDisabled", "true");
      properties.setProperty(component + "cookieManagementDisabled", "true");
      properties.setProperty(component + "connectTimeout", "3000");
      properties.setProperty(component + "connectionRequestTimeout", "3000");
      properties.setProperty(component + "responseTimeout", "10000");
      properties.setProperty(component + "soTimeout", "10000");
    }
    properties.setProperty(
        "camel.component.kamelet.location",
        "classpath:kamelets,file:" + settings.routes().resolve("kamelets"));
    properties.putAll(settings.asCamelProperties());
    properties.setProperty("camel.server.enabled", "true");
    properties.setProperty("camel.server.fileUploadEnabled", "false");
    properties.setProperty(
        "camel.server.maxBodySize", String.valueOf(settings.get(Key.INTAKE_MAX_BODY)));
    properties.setProperty("camel.management.enabled", "false");
    properties.putAll(more);
    main.setInitialProperties(properties);
    main.bind("log", new RouteLog());
    main.init();
    Placeholders.install(main.getCamelContext(), settings);
  }

  /** A separate context whose registry falls back to the running one's. */
  private static final class Stage extends Main {
    private final Registry behind;

    Stage(Registry behind) {
      this.behind = behind;
    }

    @Override
    protected CamelContext createCamelContext() {
      DefaultCamelContext context = new DefaultCamelContext(false);
      Borrowing borrowing = new Borrowing(behind);
      borrowing.bind("event", registry.lookupByName("event"));
      context.getCamelContextExtension().setRegistry(borrowing);
      return context;
    }
  }

  private static final class Borrowing extends DefaultRegistry {
    private final Registry behind;

    Borrowing(Registry behind) {
      this.behind = behind;
    }

    @Override
    public @Nullable Object lookupByName(String name) {
      Object own = super.lookupByName(name);
      return own != null ? own : behind.lookupByName(name);
    }

    @Override
    public <T> @Nullable T lookupByNameAndType(String name, Class<T> type) {
      T own = super.lookupByNameAndType(name, type);
      return own != null ? own : behind.lookupByNameAndType(name, type);
    }
  }

  /** Accepts no requests. */
  private static final class NoServer implements PlatformHttpEngine {
    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
      return new NoRequests(endpoint, processor);
    }
  }

  private static final class NoRequests extends DefaultConsumer implements PlatformHttpConsumer {
    NoRequests(PlatformHttpEndpoint endpoint, Processor processor) {
      super(endpoint, processor);
    }

    @Override
    public PlatformHttpEndpoint getEndpoint() {
      return (PlatformHttpEndpoint) super.getEndpoint();
    }
  }
}

package io.payhook.service;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.payhook.delivery.Breakers;
import io.payhook.delivery.DeliveryEngine;
import io.payhook.delivery.DeliveryOptions;
import io.payhook.delivery.EventComponent;
import io.payhook.delivery.ProviderApi;
import io.payhook.effects.Texts;
import io.payhook.effects.kamelets.Effects;
import io.payhook.effects.kamelets.EffectsConfig;
import io.payhook.effects.mail.MailSender;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.CertificateStore;
import io.payhook.intake.Endpoints;
import io.payhook.intake.Intake;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Journal;
import io.payhook.journal.Nodes;
import io.payhook.journal.Rejections;
import io.payhook.journal.Retention;
import io.payhook.journal.SubscriptionTable;
import io.payhook.postgres.Database;
import io.payhook.postgres.Unprivileged;
import io.payhook.routes.Finding;
import io.payhook.routes.FolderCheck;
import io.payhook.routes.Providers;
import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.RouteFiles;
import io.payhook.routes.Watch;
import io.payhook.settings.Key;
import io.payhook.settings.Production;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.signature.Confirmation;
import io.payhook.signature.Provider;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.main.Main;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service, and the one class that wires its parts together: database, journal,
 * deliveries, intake and the files of the routes folder. Started from the bottom up, stopped from
 * the top down.
 */
public final class Service implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Service.class);
  private static final Duration APPEND_PATIENCE = Duration.ofMillis(2_500);
  private static final int REJECTIONS_PER_SECOND = 10;
  private static final Duration RETENTION_EVERY = Duration.ofMinutes(10);

  private final Settings settings;
  private final Clock clock;
  private final Shutdown shutdown;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  private final CamelSetup camel = new CamelSetup();
  private Supplier<Settings> again;
  private FolderCheck.Maker checks = FolderCheck.NONE;
  private @Nullable ProviderApi providerApi;
  private volatile @Nullable Parts parts;

  /** What is running once the intake is open. */
  private record Parts(
      DataSource pool,
      Journal journal,
      Rejections rejections,
      DeliveryEngine engine,
      Endpoints endpoints,
      CamelContext context,
      RouteFiles files,
      Intake intake) {}

  /** The journal and what else is written beside the routes' own work. */
  private record Writing(
      Journal journal, Rejections rejections, Deliveries deliveries, Nodes nodes) {}

  /** Prepares a service that {@link #open} starts; nothing is opened yet. */
  public Service(Settings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.again = () -> settings;
    this.shutdown = new Shutdown(settings.get(Key.SHUTDOWN_TIMEOUT));
  }

  /**
   * Adds a bean to the routes' registry; to be called before {@link #open}.
   *
   * @param type the type under which Camel may look it up
   */
  public <T> Service bind(String name, Class<T> type, T bean) {
    camel.bind(name, type, bean);
    return this;
  }

  /**
   * Customises Camel before it has read any setting or created any component; to be called before
   * {@link #open}.
   */
  public Service prepare(Consumer<CamelContext> change) {
    camel.prepare(change);
    return this;
  }

  /** Has a reload read the settings again; to be called before {@link #open}. */
  public Service rereading(Supplier<Settings> source) {
    again = source;
    return this;
  }

  /**
   * Starts without checking the entire folder, for tests that start many services; to be called
   * before {@link #open}.
   */
  public Service checkedBy(FolderCheck.Maker maker) {
    checks = maker;
    return this;
  }

  /**
   * Replaces the providers' own APIs, which confirm events, by a stand-in; to be called before
   * {@link #open}.
   */
  public Service confirmWith(ProviderApi standIn) {
    providerApi = standIn;
    return this;
  }

  /**
   * Starts the service and returns when it accepts requests.
   *
   * @throws StartException if it cannot start; one line per problem. Nothing is left open.
   */
  public void open() {
    if (Unprivileged.isRoot()) {
      LOG.warn(
          "Payhook runs as root, and so would anyone who exploits it or has the embedded database's password; run it as a user of its own.");
    }
    long end = System.nanoTime() + settings.get(Key.DATABASE_PATIENCE).toNanos();
    while (true) {
      try {
        start();
        return;
      } catch (Exception e) {
        shutdown.run();
        if (!StartFailure.connectionLost(e) || System.nanoTime() > end) {
          closed.countDown();
          throw StartFailure.of(e);
        }
        LOG.warn(
            "The database went away during the start; starting again: {}", StartFailure.line(e));
        meters.clear();
      }
    }
  }

  private void start() throws Exception {
    FolderCheck check = Reloading.check(settings, checks);
    CompletableFuture<List<Finding>> checking = CompletableFuture.supplyAsync(check::run);
    Database database = shutdown.closing(Database.open(settings));
    shutdown.abort(database::abort);
    List<Finding> findings = checking.join();
    refuse(findings);
    DataSource pool = database.dataSource();
    DataSource migrating = database.migrating();
    Tables.migrate(migrating, settings);
    refuse(Reloading.describe(check, pool));
    findings.forEach(finding -> LOG.warn("CONFIG: {}", finding));

    String node = NodeName.of(settings);
    LOG.info(
        "Payhook {} starts: profile {}, node {}, database {}, Java {}",
        Membership.version().orElse("(not built)"),
        settings.profile(),
        node,
        database.place(),
        Runtime.version().feature());
    Endpoints endpoints = new Endpoints(settings.get(Key.PUBLIC_URL).isPresent());
    Breakers breakers = new Breakers(clock, meters);
    Writing writing = writing(database, node);
    DeliveryEngine engine = engine(pool, writing, node, endpoints, breakers);
    Intake intake =
        new Intake(
            endpoints,
            writing.journal(),
            writing.rejections(),
            engine::recipientsOf,
            Capacity.intake(settings),
            settings.get(Key.PUBLIC_URL).orElse(null),
            meters);
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions()
                .setWorkerPoolSize(settings.get(Key.INTAKE_WORKERS))
                .setEventLoopPoolSize(1));
    shutdown.then(
        () -> vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS));

    Main main = new Main();
    intake.beans().forEach(main::bind);
    main.bind("payhookVertx", vertx);
    main.bind("payhook", pool);
    main.bind("event", new EventComponent(engine));
    Texts texts = Effects.texts(settings.routes(), pool);
    Properties effects = new Properties();
    StandIns standIns = new StandIns(settings, clock);
    MailSender mail = standIns.mail();
    effects.setProperty(Key.CRM_URL.name(), standIns.crm(vertx));
    CamelContext context =
        camel.running(
            main,
            settings,
            effects,
            texts,
            new EffectsConfig(mail, settings.get(Key.CRM_TOKEN), clock, breakers));
    shutdown.then(
        () -> {
          context.getShutdownStrategy().setTimeout(Math.max(1, shutdown.left().toSeconds()));
          main.stop();
        });
    main.start();
    shutdown.then(
        () -> {
          engine.drain(shutdown.left());
          // Whatever is still running has been given up: Camel has nothing to wait for.
          context.getShutdownStrategy().setTimeout(1);
        });

    Reloading reloading =
        new Reloading(
            settings, again, main, effects, pool, migrating, engine, intake, texts, checks);
    RouteFiles files =
        new RouteFiles(
            context,
            settings.routes(),
            endpoints,
            reloading,
            clock,
            CertificateStore.inBackground(clock));
    files.load(findings);
    refuseInProduction(endpoints);
    shutdown.then(() -> intake.drain(shutdown.left()));
    intake.open();
    parts =
        new Parts(
            pool,
            writing.journal(),
            writing.rejections(),
            engine,
            endpoints,
            context,
            files,
            intake);
    engine.start();
    Optional<Duration> keep = settings.get(Key.JOURNAL_RETENTION);
    if (keep.isPresent()) {
      shutdown.closing(new Retention(pool, keep.get(), RETENTION_EVERY)).start();
    }
    if (settings.reloadsByItself()) {
      shutdown.then(Watch.over(reloading.watched(), files::reload)::close);
      LOG.info("Changes to files in {} are picked up while running.", settings.routes());
    }
    shutdown.then(() -> intake.leave(settings.shutdownDelay()));
  }

  private Writing writing(Database database, String node) throws SQLException {
    int writers = settings.get(Key.JOURNAL_WRITERS);
    DataSource pool = database.journal(writers + 4);
    Rejections rejections =
        shutdown.closing(
            new Rejections(
                pool,
                (int) (long) settings.get(Key.REJECTIONS_KEEP),
                settings.get(Key.REJECTIONS_KEEP_FOR),
                REJECTIONS_PER_SECOND));
    JournalMeters journalMeters = new JournalMeters(meters);
    Duration lease = settings.get(Key.DELIVERY_LEASE);
    Deliveries deliveries = new Deliveries(pool, node, lease);
    Journal journal =
        shutdown.closing(
            new Journal(
                pool,
                node,
                lease,
                writers,
                settings.get(Key.INTAKE_QUEUE),
                APPEND_PATIENCE,
                clock,
                journalMeters,
                deliveries::doubt));
    journalMeters.watch(journal);
    Nodes nodes = Membership.join(pool, node, deliveries.incarnation(), settings);
    shutdown.then(nodes::leave);
    return new Writing(journal, rejections, deliveries, nodes);
  }

  private DeliveryEngine engine(
      DataSource pool, Writing writing, String node, Endpoints endpoints, Breakers breakers) {
    DeliveryEngine engine =
        shutdown.closing(
            new DeliveryEngine(
                pool,
                writing.deliveries(),
                new SubscriptionTable(pool, node),
                deliveryOptions(),
                new EventJson(endpoints)::parse,
                breakers,
                clock,
                meters));
    engine.join(writing.nodes());
    Capacity.tight(settings.get(Key.INTAKE_MAX_BODY), DeliveryEngine.SWELLING).ifPresent(LOG::warn);
    // Two connections are reserved for heartbeats and for deleting old events.
    engine.limit(Capacity.delivery(), settings.get(Key.DATABASE_POOL_SIZE) - 2);
    if (providerApi != null) {
      engine.ask(providerApi);
    }
    endpoints.onChange(name -> confirm(engine, endpoints.get(name), name));
    return engine;
  }

  private void refuseInProduction(Endpoints endpoints) {
    if (!settings.isProduction()) {
      return;
    }
    List<String> refused =
        endpoints.all().values().stream()
            .map(
                each ->
                    Production.problems(settings, each.name(), each.providers(), each.secrets()))
            .flatMap(List::stream)
            .toList();
    if (!refused.isEmpty()) {
      throw new StartException(String.join("\n", refused));
    }
  }

  /** Refuses to start with anything that does not work. */
  private static void refuse(List<Finding> findings) throws RouteFileException {
    List<String> fatal = findings.stream().filter(Finding::isFatal).map(Finding::toString).toList();
    if (!fatal.isEmpty()) {
      throw new RouteFileException(fatal);
    }
  }

  private static void confirm(
      DeliveryEngine engine, @Nullable ActiveEndpoint endpoint, String name) {
    Map<String, Confirmation> confirmations = new LinkedHashMap<>();
    if (endpoint != null) {
      for (Provider provider : endpoint.providers()) {
        provider.confirmation().ifPresent(each -> confirmations.put(provider.name(), each));
      }
    }
    try {
      engine.confirm(name, confirmations);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private DeliveryOptions deliveryOptions() {
    return new DeliveryOptions(
        settings.get(Key.DELIVERY_MAX_ATTEMPTS),
        settings.get(Key.DELIVERY_BACKOFF),
        settings.get(Key.DELIVERY_BACKOFF_MAX),
        settings.get(Key.DELIVERY_TIMEOUT),
        settings.get(Key.DELIVERY_CONCURRENCY),
        settings.get(Key.DELIVERY_LEASE),
        settings.get(Key.DELIVERY_POLL));
  }

  /**
   * Reloads the routes folder: all changed files, or none if any of them cannot be used.
   *
   * @throws IllegalStateException before {@link #open} has returned
   */
  public RouteFiles.Outcome reload() {
    return opened().files().reload();
  }

  /** The files in the routes folder whose version on disk is not the one that is running. */
  public List<ReloadProblem> fileProblems() {
    Parts current = parts;
    return current == null ? List.of() : current.files().problems();
  }

  /** The Camel context that runs the routes, for tests. */
  CamelContext context() {
    return opened().context();
  }

  /** The metrics, for the management port. */
  public PrometheusMeterRegistry meters() {
    return meters;
  }

  /** The database, once the service is open. */
  public DataSource dataSource() {
    return opened().pool();
  }

  /** The active endpoints. */
  public Endpoints endpoints() {
    return opened().endpoints();
  }

  /** The available presets. */
  public Providers providers() {
    return opened().files().providers();
  }

  /** Has deliveries that were put back to pending claimed at once. */
  public void announce() {
    opened().engine().announce();
  }

  /** Whether all queued rejections have been written to {@code payhook.rejection}. */
  public boolean rejectionsSettled() {
    return opened().rejections().settled();
  }

  private Parts opened() {
    Parts current = parts;
    if (current == null) {
      throw new IllegalStateException("the service is not open");
    }
    return current;
  }

  /** The webhook port. */
  public int port() {
    return opened().intake().port();
  }

  /** Why no event can be stored; empty if the journal commits. */
  public Optional<String> databaseProblem() {
    Parts current = parts;
    return current == null ? Optional.of("it is being opened") : current.journal().problem();
  }

  /** Whether requests are accepted. */
  public boolean listens() {
    Parts current = parts;
    return current != null && current.intake().isOpen();
  }

  /** Waits until {@link #close} has been called. */
  public void awaitTermination() throws InterruptedException {
    closed.await();
  }

  /**
   * Drains and stops: no new requests, whatever is running finishes, the journal writes what it
   * holds, and the database stops last.
   */
  @Override
  public void close() {
    shutdown.run();
    closed.countDown();
  }
}

package io.payhook.service;

import com.sun.management.UnixOperatingSystemMXBean;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.payhook.delivery.Breakers;
import io.payhook.delivery.DeliveryConnections;
import io.payhook.delivery.DeliveryEngine;
import io.payhook.delivery.DeliveryOptions;
import io.payhook.delivery.EventComponent;
import io.payhook.delivery.ProviderApi;
import io.payhook.effects.CrmStandIn;
import io.payhook.effects.Effects;
import io.payhook.effects.EffectsConfig;
import io.payhook.effects.MailSender;
import io.payhook.effects.MailStandIn;
import io.payhook.effects.SmtpSender;
import io.payhook.effects.Texts;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.CertificateStore;
import io.payhook.intake.Endpoints;
import io.payhook.intake.Intake;
import io.payhook.intake.Limits;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Journal;
import io.payhook.journal.Nodes;
import io.payhook.journal.Rejections;
import io.payhook.journal.Retention;
import io.payhook.journal.SubscriptionTable;
import io.payhook.kit.Lines;
import io.payhook.postgres.Database;
import io.payhook.postgres.Unprivileged;
import io.payhook.routes.Finding;
import io.payhook.routes.FolderCheck;
import io.payhook.routes.Providers;
import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFileException;
import io.payhook.routes.RouteFiles;
import io.payhook.routes.Watch;
import io.payhook.settings.DataFolder;
import io.payhook.settings.Key;
import io.payhook.settings.Production;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.signature.Confirmation;
import io.payhook.signature.Provider;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.spi.InterceptStrategy;
import org.flywaydb.core.api.FlywayException;
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
  private final Deque<Stop> stops = new ArrayDeque<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  private final List<Consumer<Main>> more = new ArrayList<>();
  private final List<Consumer<CamelContext>> before = new ArrayList<>();

  private UnaryOperator<Settings> again = UnaryOperator.identity();
  private FolderCheck.Maker checks = FolderCheck.NONE;
  private @Nullable ProviderApi providerApi;
  private volatile long stopBy;
  private volatile @Nullable Database database;
  private volatile @Nullable Journal journal;
  private volatile @Nullable Rejections rejections;
  private volatile @Nullable Intake intake;
  private volatile @Nullable RouteFiles files;
  private volatile @Nullable CamelContext context;
  private @Nullable DataSource dataSource;
  private @Nullable DeliveryEngine engine;
  private @Nullable Endpoints endpoints;
  private volatile int port;

  private interface Stop {
    void run() throws Exception;
  }

  /** Prepares a service that {@link #open} starts; nothing is opened yet. */
  public Service(Settings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Adds a bean to the routes' registry; to be called before {@link #open}.
   *
   * @param type the type under which Camel may look it up
   */
  public <T> Service bind(String name, Class<T> type, T bean) {
    more.add(main -> main.getCamelContext().getRegistry().bind(name, type, bean));
    return this;
  }

  /**
   * Customises Camel before it has read any setting or created any component; to be called before
   * {@link #open}.
   */
  public Service prepare(Consumer<CamelContext> change) {
    before.add(change);
    return this;
  }

  /** Has a reload read the settings again; to be called before {@link #open}. */
  public Service rereading(Supplier<Settings> source) {
    again = before -> source.get();
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
        stop();
        if (!connectionLost(e) || System.nanoTime() > end) {
          closed.countDown();
          throw startException(e);
        }
        LOG.warn("The database went away during the start; starting again: {}", oneLine(e));
        meters.clear();
      }
    }
  }

  /** Whether the database was reachable and went away: it may return, as after a restart. */
  private static boolean connectionLost(Exception e) {
    if (e instanceof StartException) {
      return false;
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      // 08: the connection failed; 57P: the server is shutting down, starting, or ended the
      // session; none: the pool gave up the connection.
      if (cause instanceof SQLException sql
          && (sql.getSQLState() == null
              || sql.getSQLState().startsWith("08")
              || sql.getSQLState().startsWith("57P"))) {
        return true;
      }
    }
    return false;
  }

  private static String oneLine(Throwable e) {
    Throwable root = Lines.root(e);
    return root.getClass().getSimpleName() + ": " + Lines.first(root.getMessage());
  }

  private static StartException startException(Exception e) {
    if (e instanceof StartException start) {
      return start;
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof io.payhook.intake.PortException
          || cause instanceof RouteFileException
          || (cause instanceof FlywayException && !connectionLost(e))) {
        return new StartException(String.valueOf(cause.getMessage()), e);
      }
    }
    LOG.debug("start failed", e);
    return new StartException(
        connectionLost(e)
            ? "The database went away during the start: "
                + oneLine(e)
                + "; see payhook.database.url"
            : oneLine(e),
        e);
  }

  private void start() throws Exception {
    FolderCheck check = Reloading.check(settings, checks);
    CompletableFuture<List<Finding>> checking = CompletableFuture.supplyAsync(check::run);
    Database database = closing(Database.open(settings));
    this.database = database;
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
        version(),
        settings.profile(),
        node,
        database.place(),
        Runtime.version().feature());
    int writers = settings.get(Key.JOURNAL_WRITERS);
    DataSource writing = database.journal(writers + 4);
    Rejections rejections =
        closing(
            new Rejections(
                writing,
                (int) (long) settings.get(Key.REJECTIONS_KEEP),
                settings.get(Key.REJECTIONS_KEEP_FOR),
                REJECTIONS_PER_SECOND));
    JournalMeters journalMeters = new JournalMeters(meters);
    Duration lease = settings.get(Key.DELIVERY_LEASE);
    Deliveries deliveries = new Deliveries(writing, node, lease);
    Journal journal =
        closing(
            new Journal(
                writing,
                node,
                lease,
                writers,
                settings.get(Key.INTAKE_QUEUE),
                APPEND_PATIENCE,
                clock,
                journalMeters,
                deliveries::doubt));
    journalMeters.watch(journal);
    this.journal = journal;
    this.rejections = rejections;
    Endpoints endpoints = new Endpoints(settings.get(Key.PUBLIC_URL).isPresent());
    Breakers breakers = new Breakers(clock, meters);
    Nodes nodes = nodes(writing, node, deliveries);
    DeliveryEngine engine =
        closing(
            new DeliveryEngine(
                pool,
                deliveries,
                new SubscriptionTable(pool, node),
                deliveryOptions(),
                new EventJson(endpoints)::parse,
                breakers,
                clock,
                meters));

    engine.join(nodes);
    HeapBudget.tight(settings.get(Key.INTAKE_MAX_BODY), DeliveryEngine.SWELLING)
        .ifPresent(LOG::warn);
    // Two connections are reserved for heartbeats and for deleting old events.
    engine.limit(HeapBudget.delivery(), settings.get(Key.DATABASE_POOL_SIZE) - 2);
    if (providerApi != null) {
      engine.ask(providerApi);
    }
    endpoints.onChange(name -> confirm(engine, endpoints.get(name), name));
    Intake intake =
        new Intake(
            endpoints,
            journal,
            rejections,
            engine::recipientsOf,
            limits(),
            settings.get(Key.PUBLIC_URL).orElse(null),
            meters);
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions()
                .setWorkerPoolSize(settings.get(Key.INTAKE_WORKERS))
                .setEventLoopPoolSize(1));
    stops.push(
        () -> vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS));

    Properties effects = new Properties();
    MailSender mail = mailSender();
    effects.setProperty("payhook.crm.url", crmUrl(vertx));

    Main main = new Main();
    intake.beans().forEach(main::bind);
    main.bind("payhookVertx", vertx);
    main.bind("payhook", pool);
    main.bind("event", new EventComponent(engine));
    main.addMainListener(
        new MainListenerSupport() {
          @Override
          public void beforeInitialize(BaseMainSupport initialised) {
            before.forEach(change -> change.accept(initialised.getCamelContext()));
          }
        });
    Reloading.initialise(main, settings, effects);
    CamelContext context = main.getCamelContext();
    more.forEach(bean -> bean.accept(main));
    context
        .getRegistry()
        .findByType(InterceptStrategy.class)
        .forEach(context.getCamelContextExtension()::addInterceptStrategy);
    Texts texts = Texts.below(settings.routes(), pool);
    Effects.bind(
        context, new EffectsConfig(mail, settings.get(Key.CRM_TOKEN), clock, breakers), texts);
    JdbcComponent jdbc = context.getComponent("jdbc", JdbcComponent.class);
    jdbc.setConnectionStrategy(new DeliveryConnections());

    stops.push(
        () -> {
          context.getShutdownStrategy().setTimeout(Math.max(1, left().toSeconds()));
          main.stop();
        });
    main.start();
    stops.push(
        () -> {
          engine.drain(left());
          // Whatever is still running has been given up: Camel has nothing to wait for.
          context.getShutdownStrategy().setTimeout(1);
        });
    RouteFiles files =
        new RouteFiles(
            context,
            settings.routes(),
            endpoints,
            new Reloading(
                settings, again, main, effects, pool, migrating, engine, intake, texts, checks),
            clock,
            CertificateStore.inBackground(clock));
    files.load(findings);
    if (settings.isProduction()) {
      List<String> refused =
          endpoints.all().values().stream()
              .flatMap(
                  each ->
                      Production.problems(settings, each.name(), each.providers(), each.secrets())
                          .stream())
              .toList();
      if (!refused.isEmpty()) {
        throw new StartException(String.join("\n", refused));
      }
    }
    this.files = files;
    this.engine = engine;
    this.endpoints = endpoints;
    this.context = context;
    stops.push(() -> intake.drain(left()));
    intake.open();
    this.intake = intake;
    this.port = intake.port();
    engine.start();
    Optional<Duration> keep = settings.get(Key.JOURNAL_RETENTION);
    if (keep.isPresent()) {
      closing(new Retention(pool, keep.get(), RETENTION_EVERY)).start();
    }
    this.dataSource = pool;
    if (reloadsByItself()) {
      stops.push(Watch.over(watched(), files::reload)::close);
      LOG.info("Changes to files in {} are picked up while running.", settings.routes());
    }
    stops.push(() -> intake.leave(settings.shutdownDelay()));
  }

  /** Refuses to start with anything that does not work. */
  private static void refuse(List<Finding> findings) throws RouteFileException {
    List<String> fatal = findings.stream().filter(Finding::isFatal).map(Finding::toString).toList();
    if (!fatal.isEmpty()) {
      throw new RouteFileException(fatal);
    }
  }

  private List<Path> watched() {
    List<Path> places = new ArrayList<>();
    places.add(settings.routes());
    places.add(settings.data().resolve("secrets.properties"));
    places.addAll(settings.files());
    return places;
  }

  private static String version() {
    String version = Service.class.getPackage().getImplementationVersion();
    return version == null ? "(not built)" : version;
  }

  private boolean reloadsByItself() {
    String reload = settings.get(Key.ROUTES_RELOAD);
    return reload.equals("on") || (reload.equals("auto") && !settings.isProduction());
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

  /** The configured mail server, or the stand-in that writes files. */
  private MailSender mailSender() throws IOException {
    String host = settings.get(Key.MAIL_HOST);
    if (host.isEmpty()) {
      Path folder = settings.data().resolve("mail");
      DataFolder.create(folder);
      LOG.info(
          "E-mails go to a stand-in: files in {}. Set payhook.mail.host to send them.", folder);
      return new MailStandIn(folder, clock);
    }
    return new SmtpSender(
        SmtpSender.Server.of(
            host,
            settings.get(Key.MAIL_PORT),
            settings.get(Key.MAIL_USERNAME),
            settings.get(Key.MAIL_PASSWORD),
            mailSecurity(host)),
        clock);
  }

  private SmtpSender.Security mailSecurity(String host) {
    String set = settings.get(Key.MAIL_SECURITY);
    if (!set.equals("auto")) {
      return SmtpSender.Security.valueOf(set.toUpperCase(Locale.ROOT));
    }
    if (Production.isLoopback(host)) {
      return SmtpSender.Security.NONE;
    }
    return settings.get(Key.MAIL_PORT) == 465
        ? SmtpSender.Security.TLS
        : SmtpSender.Security.STARTTLS;
  }

  /** The configured CRM, or a stand-in on loopback that writes files. */
  private String crmUrl(Vertx vertx) throws Exception {
    Optional<URI> url = settings.get(Key.CRM_URL);
    if (url.isPresent()) {
      return url.get().toString().replaceAll("/+$", "");
    }
    Path folder = settings.data().resolve("crm");
    DataFolder.create(folder);
    Router router = Router.router(vertx);
    router.route("/*").handler(new CrmStandIn(folder, clock));
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(5, TimeUnit.SECONDS);
    LOG.info("CRM calls go to a stand-in: files in {}. Set payhook.crm.url to make them.", folder);
    return "http://127.0.0.1:" + server.actualPort();
  }

  /** Takes the node's name. */
  private Nodes nodes(DataSource writing, String node, Deliveries deliveries) throws SQLException {
    Nodes nodes =
        new Nodes(
            writing,
            new Nodes.Self(
                node,
                deliveries.incarnation(),
                NodeName.home(settings),
                NodeName.host(),
                Objects.requireNonNullElse(
                    Service.class.getPackage().getImplementationVersion(), "")),
            settings.get(Key.NODES_SILENT_AFTER));
    Membership.join(nodes);
    stops.push(nodes::leave);
    return nodes;
  }

  private Limits limits() {
    int connections = settings.get(Key.INTAKE_CONNECTIONS);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      // The database, the routes' calls and files need some, too.
      connections = (int) Math.min(connections, system.getMaxFileDescriptorCount() / 4 * 3);
    }
    try {
      return Limits.within(
          Runtime.getRuntime().maxMemory(),
          settings.get(Key.INTAKE_MAX_BODY),
          settings.get(Key.INTAKE_WORKERS) + settings.get(Key.INTAKE_QUEUE),
          settings.get(Key.INTAKE_BYTES).orElse(0L),
          connections,
          settings.get(Key.INTAKE_BODY_TIMEOUT),
          settings.get(Key.INTAKE_UNSIGNED_RATE));
    } catch (IllegalArgumentException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
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

  private <T extends AutoCloseable> T closing(T part) {
    stops.push(part::close);
    return part;
  }

  /**
   * Reloads the routes folder: all changed files, or none if any of them cannot be used.
   *
   * @throws IllegalStateException before {@link #open} has returned
   */
  public RouteFiles.Outcome reload() {
    return opened(files).reload();
  }

  /** The files in the routes folder whose version on disk is not the one that is running. */
  public List<ReloadProblem> fileProblems() {
    RouteFiles current = files;
    return current == null ? List.of() : current.problems();
  }

  /** The Camel context that runs the routes, for tests. */
  CamelContext context() {
    return opened(context);
  }

  /** The metrics, for the management port. */
  public PrometheusMeterRegistry meters() {
    return meters;
  }

  /** The database, once the service is open. */
  public DataSource dataSource() {
    return opened(dataSource);
  }

  /** The active endpoints. */
  public Endpoints endpoints() {
    return opened(endpoints);
  }

  /** The available presets. */
  public Providers providers() {
    return opened(files).providers();
  }

  /** Has deliveries that were put back to pending claimed at once. */
  public void announce() {
    opened(engine).announce();
  }

  /** Whether all queued rejections have been written to {@code payhook.rejection}. */
  public boolean rejectionsSettled() {
    return opened(rejections).settled();
  }

  private static <T> T opened(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the service is not open");
    }
    return part;
  }

  /** The webhook port. */
  public int port() {
    return port;
  }

  /** Why no event can be stored; empty if the journal commits. */
  public Optional<String> databaseProblem() {
    Journal current = journal;
    return current == null ? Optional.of("it is being opened") : current.problem();
  }

  /** Whether requests are accepted. */
  public boolean listens() {
    Intake current = intake;
    return current != null && current.isOpen();
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
    stop();
    closed.countDown();
  }

  private void stop() {
    Duration patience = settings.get(Key.SHUTDOWN_TIMEOUT);
    stopBy = System.nanoTime() + patience.toNanos();
    Thread limit = new Thread(() -> limit(patience), "payhook-stop");
    limit.setDaemon(true);
    limit.start();
    while (!stops.isEmpty()) {
      Stop stop = stops.pop();
      try {
        stop.run();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        LOG.warn("A part did not stop as it should: {}", oneLine(e));
      }
    }
    limit.interrupt();
  }

  /** The timeout is for all parts together. */
  private Duration left() {
    return Duration.ofNanos(Math.max(0, stopBy - System.nanoTime()));
  }

  /** A database that does not respond must not delay the shutdown. */
  private void limit(Duration patience) {
    Database current = database;
    try {
      Thread.sleep(patience.toMillis());
      if (current != null) {
        LOG.warn(
            "The shutdown has taken {} s: connections to the database are closed now. What was not committed is delivered later.",
            patience.toSeconds());
        current.abort();
      }
    } catch (InterruptedException e) {
      // It has stopped in time.
    }
  }
}

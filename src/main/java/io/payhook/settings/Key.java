package io.payhook.settings;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The table of all settings: each key with its name, default and meaning. A new setting is one more
 * entry here, read by {@link Settings#get}; a test keeps {@code application.properties} in step.
 *
 * @param <T> type of the value that {@link Settings#get} returns: units are resolved, an empty
 *     optional setting is {@link Optional#empty}
 */
public final class Key<T> {
  private static final List<Key<?>> TABLE = new ArrayList<>();

  // Files
  public static final Key<Path> DATA =
      path(
          "payhook.data",
          "data",
          "Folder for everything Payhook stores: the embedded database, secrets, stand-in e-mails.");
  public static final Key<Path> ROUTES =
      path(
          "payhook.routes",
          "routes",
          "Folder with the route files, SQL, templates and samples of your integrations.");
  public static final Key<String> ROUTES_RELOAD =
      choice(
          "payhook.routes.reload",
          "auto",
          "Whether changes to route files are picked up while running; auto means on, except in profile prod.",
          "on",
          "off",
          "auto");

  // The service
  public static final Key<String> PROFILE =
      text(
          "payhook.profile",
          "dev",
          "Profile: dev allows stand-ins and development secrets, prod refuses them; application-NAME.properties overrides this file.");
  public static final Key<String> NODE =
      text(
          "payhook.node",
          "",
          "Name of this node, unique among the nodes that share a journal; empty: generated once and stored in the data folder.");
  public static final Key<Optional<URI>> PUBLIC_URL =
      url(
          "payhook.public-url",
          "Public base URL of this service, as the platforms call it; some platforms sign it. Example: https://hooks.example.com");
  public static final Key<String> LOG_FORMAT =
      choice(
          "payhook.log.format",
          "text",
          "Log format: plain text, or one JSON object per line.",
          "text",
          "json");
  public static final Key<String> LOG_LEVEL =
      choice(
          "payhook.log.level",
          "info",
          "Minimum log level for Payhook; libraries log at warn and above.",
          "error",
          "warn",
          "info",
          "debug",
          "trace");
  public static final Key<Duration> SHUTDOWN_TIMEOUT =
      duration(
          "payhook.shutdown.timeout",
          "30s",
          "How long a shutdown waits for running requests and deliveries.");
  public static final Key<Duration> SHUTDOWN_DELAY =
      new Key<>(
          "payhook.shutdown.delay",
          "0s",
          "How long a shutdown still accepts webhooks after readiness turns 503, so that load balancers notice; 5s in profile prod.",
          text -> text.equals("0s") ? Duration.ZERO : Values.duration(text));

  // HTTP
  public static final Key<String> SERVER_HOST =
      text("camel.server.host", "0.0.0.0", "Address the webhook port listens on.");
  public static final Key<Integer> SERVER_PORT =
      number("camel.server.port", 8080, 0, 65535, "Webhook port; 0 picks a free one.");
  public static final Key<String> MANAGEMENT_HOST =
      text(
          "camel.management.host",
          "127.0.0.1",
          "Address the management port listens on (health, metrics, API).");
  public static final Key<Integer> MANAGEMENT_PORT =
      number("camel.management.port", 8081, 0, 65535, "Management port; 0 picks a free one.");
  public static final Key<String> MANAGEMENT_TOKEN =
      text(
              "payhook.management.token",
              "",
              "Bearer token required by the management API; empty: no token.")
          .secret()
          .withheld();

  // Database
  public static final Key<String> DATABASE_URL =
      new Key<>(
              "payhook.database.url",
              "",
              "JDBC URL of a PostgreSQL server, version 14 or newer; empty: embedded PostgreSQL in the data folder.",
              Values::jdbcUrl)
          .withheld();
  public static final Key<String> DATABASE_USERNAME =
      text("payhook.database.username", "", "Database user.");
  public static final Key<String> DATABASE_PASSWORD =
      text("payhook.database.password", "", "Database password.").secret().withheld();
  public static final Key<String> DATABASE_SCHEMA =
      new Key<>(
          "payhook.database.schema",
          "payhook",
          "Schema of the journal; each installation on the same database needs its own.",
          Values::schema);
  public static final Key<String> DATABASE_POOLER =
      choice(
          "payhook.database.pooler",
          "auto",
          "Whether a pooler such as PgBouncer assigns a session per transaction; auto detects it at startup.",
          "auto",
          "none",
          "transaction");
  public static final Key<Integer> DATABASE_POOL_SIZE =
      number(
          "payhook.database.pool-size",
          10,
          2,
          1000,
          "Maximum number of database connections for routes and deliveries.");
  public static final Key<Duration> DATABASE_PATIENCE =
      duration(
          "payhook.database.patience",
          "15s",
          "How long startup waits for a database that is not reachable yet.");
  public static final Key<Optional<Path>> DATABASE_PROGRAMS =
      optional(
          "payhook.database.programs",
          "Folder the embedded PostgreSQL's binaries are unpacked to; empty: postgres-programs in the data folder.",
          Values::folder);

  // Intake
  public static final Key<Long> INTAKE_MAX_BODY =
      size(
          "payhook.intake.max-body",
          "1MB",
          "Maximum size of a request body; larger requests are answered 413.");
  public static final Key<Integer> INTAKE_WORKERS =
      number(
          "payhook.intake.workers", 64, 1, 10_000, "Maximum number of requests processed at once.");
  public static final Key<Integer> INTAKE_QUEUE =
      number(
          "payhook.intake.queue",
          1000,
          0,
          1_000_000,
          "Maximum number of requests waiting for a worker; further ones are answered 503.");
  public static final Key<Optional<Long>> INTAKE_BYTES =
      optional(
          "payhook.intake.bytes-in-flight",
          "Maximum total size of request bodies in memory; further requests are answered 503. Empty: a quarter of the heap.",
          (text, folder) -> Values.size(text));
  public static final Key<Duration> INTAKE_BODY_TIMEOUT =
      duration(
          "payhook.intake.body-timeout",
          "10s",
          "Time limit for receiving a request body; slower requests are answered 408.");
  public static final Key<Integer> INTAKE_CONNECTIONS =
      number(
          "payhook.intake.connections",
          10_000,
          10,
          1_000_000,
          "Maximum number of open connections; beyond it, the connection that has been idle longest is closed.");
  public static final Key<Integer> INTAKE_UNSIGNED_RATE =
      number(
          "payhook.intake.unsigned-rate",
          50,
          1,
          1_000_000,
          "Requests per second accepted by an endpoint whose platform does not sign; further ones are answered 429.");
  public static final Key<Long> REJECTIONS_KEEP =
      number(
          "payhook.rejections.keep",
          10_000L,
          0L,
          10_000_000L,
          "Maximum number of rejected requests kept for inspection; the oldest of the most frequent kind are dropped first.");
  public static final Key<Duration> REJECTIONS_KEEP_FOR =
      duration("payhook.rejections.keep-for", "30d", "How long rejected requests are kept.");

  // Journal and deliveries
  public static final Key<Integer> JOURNAL_WRITERS =
      number(
          "payhook.journal.writers",
          1,
          1,
          64,
          "Number of journal writers, each committing events in batches; more than one helps only where a commit takes milliseconds.");
  public static final Key<Optional<Duration>> JOURNAL_RETENTION =
      optional(
          "payhook.journal.retention",
          "How long finished events are kept, for example 90d; empty: forever.",
          (text, folder) -> Values.duration(text));
  public static final Key<Integer> DELIVERY_CONCURRENCY =
      number(
          "payhook.delivery.concurrency",
          4,
          1,
          1000,
          "Maximum number of deliveries that one route runs at once.");
  public static final Key<Integer> DELIVERY_MAX_ATTEMPTS =
      number(
          "payhook.delivery.max-attempts",
          20,
          1,
          1000,
          "Maximum number of attempts before a delivery is dead.");
  public static final Key<Duration> DELIVERY_BACKOFF =
      duration(
          "payhook.delivery.backoff",
          "1s",
          "Initial retry backoff; it doubles with each further attempt.");
  public static final Key<Duration> DELIVERY_BACKOFF_MAX =
      duration("payhook.delivery.backoff-max", "1h", "Maximum retry backoff.");
  public static final Key<Duration> DELIVERY_TIMEOUT =
      duration("payhook.delivery.timeout", "60s", "Timeout of one attempt.");
  public static final Key<Duration> DELIVERY_LEASE =
      duration(
          "payhook.delivery.lease",
          "30s",
          "How long a node's lease on its deliveries lasts without a heartbeat; then other nodes take them over.");
  public static final Key<Duration> DELIVERY_POLL =
      duration(
          "payhook.delivery.poll",
          "1s",
          "How often the journal is polled for due deliveries, in addition to notifications.");
  public static final Key<Duration> NODES_SILENT_AFTER =
      duration(
          "payhook.nodes.silent-after",
          "5m",
          "How long a node's subscriptions remain in effect after its last heartbeat or its shutdown.");

  // E-mail
  public static final Key<String> MAIL_HOST =
      text(
          "payhook.mail.host",
          "",
          "Host name of the SMTP server; empty: a stand-in writes e-mails to mail/ in the data folder.");
  public static final Key<Integer> MAIL_PORT =
      number("payhook.mail.port", 587, 1, 65535, "Port of the SMTP server.");
  public static final Key<String> MAIL_SECURITY =
      choice(
          "payhook.mail.security",
          "auto",
          "Transport security for SMTP; auto means none for loopback, tls for port 465, otherwise starttls.",
          "auto",
          "none",
          "starttls",
          "tls");
  public static final Key<String> MAIL_USERNAME =
      text("payhook.mail.username", "", "SMTP user; empty: no login.");
  public static final Key<String> MAIL_PASSWORD =
      text("payhook.mail.password", "", "SMTP password.").secret();
  public static final Key<String> MAIL_FROM =
      text("payhook.mail.from", "payments@example.com", "Sender address of e-mails.");

  // CRM
  public static final Key<Optional<URI>> CRM_URL =
      url("payhook.crm.url", "Base URL of the CRM; empty: built-in stand-in.");
  public static final Key<String> CRM_TOKEN =
      text("payhook.crm.token", "", "Bearer token for the CRM.").secret();

  private final String name;
  private final String defaultText;
  private final String meaning;
  private final BiFunction<String, Path, T> parser;
  private boolean secret;
  private boolean withheld;

  private Key(String name, String defaultText, String meaning, BiFunction<String, Path, T> parser) {
    this.name = name;
    this.defaultText = defaultText;
    this.meaning = meaning;
    this.parser = parser;
    TABLE.add(this);
  }

  private Key(String name, String defaultText, String meaning, Function<String, T> parser) {
    this(name, defaultText, meaning, (text, folder) -> parser.apply(text));
  }

  /** The key as written in {@code application.properties}. */
  public String name() {
    return name;
  }

  /** The default as it would be written in {@code application.properties}; may be empty. */
  public String defaultText() {
    return defaultText;
  }

  /** One sentence of documentation. */
  public String meaning() {
    return meaning;
  }

  /** Whether the value must never be shown. */
  public boolean isSecret() {
    return secret;
  }

  /** All keys, in the order of {@code application.properties}. */
  public static List<Key<?>> all() {
    return Collections.unmodifiableList(TABLE);
  }

  /**
   * Whether the value is withheld from route files as a placeholder, because only the service
   * itself needs it.
   */
  boolean isWithheld() {
    return withheld;
  }

  /** The environment variable that sets this key. */
  String variable() {
    return name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /**
   * Parses a value.
   *
   * @param folder the folder that relative paths are resolved against
   * @throws IllegalArgumentException if the text is not valid; the message completes the sentence
   *     "'text' is …"
   */
  T parse(String text, Path folder) {
    return parser.apply(text, folder);
  }

  @Override
  public String toString() {
    return name;
  }

  private Key<T> secret() {
    secret = true;
    return this;
  }

  private Key<T> withheld() {
    withheld = true;
    return this;
  }

  private static Key<String> text(String name, String defaultText, String meaning) {
    return new Key<>(name, defaultText, meaning, text -> text);
  }

  private static Key<String> choice(
      String name, String defaultText, String meaning, String... choices) {
    List<String> all = List.of(choices);
    return new Key<>(
        name,
        defaultText,
        meaning + " (" + String.join(", ", all) + ")",
        text -> Values.choice(text, all));
  }

  private static Key<Integer> number(
      String name, int defaultValue, int least, int most, String meaning) {
    return new Key<>(
        name,
        Integer.toString(defaultValue),
        meaning,
        text -> (int) Values.whole(text, least, most));
  }

  private static Key<Long> number(
      String name, long defaultValue, long least, long most, String meaning) {
    return new Key<>(
        name, Long.toString(defaultValue), meaning, text -> Values.whole(text, least, most));
  }

  private static Key<Duration> duration(String name, String defaultText, String meaning) {
    return new Key<>(name, defaultText, meaning, Values::duration);
  }

  private static Key<Long> size(String name, String defaultText, String meaning) {
    return new Key<>(name, defaultText, meaning, Values::size);
  }

  private static Key<Path> path(String name, String defaultText, String meaning) {
    return new Key<>(name, defaultText, meaning, Values::folder);
  }

  private static Key<Optional<URI>> url(String name, String meaning) {
    return optional(name, meaning, (text, folder) -> Values.url(text));
  }

  /** Empty unless set. */
  private static <T> Key<Optional<T>> optional(
      String name, String meaning, BiFunction<String, Path, T> parser) {
    return new Key<>(
        name,
        "",
        meaning,
        (text, folder) ->
            text.isEmpty() ? Optional.empty() : Optional.of(parser.apply(text, folder)));
  }
}

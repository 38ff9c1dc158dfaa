package io.payhook.console;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The management port: health, metrics and whatever else is mounted on it. It has an event loop and
 * threads of its own, so it responds while the webhook port is saturated, and it never shares a
 * port with it.
 *
 * <p>On loopback it requires no token; on any other address it does.
 */
public final class ManagementServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ManagementServer.class);
  private static final int IDLE_SECONDS = 75;
  private static final int HEADERS_MAX = 16 * 1024;
  private static final String PAGE_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

  private final ManagementOptions options;
  private final Health health;
  private final PrometheusMeterRegistry meters;
  private final List<Runnable> beforeScrape = new CopyOnWriteArrayList<>();
  private final Vertx vertx;
  private final Router router;
  private @Nullable HttpServer server;

  /**
   * @throws ManagementException if it would be open to the network without a token
   */
  public ManagementServer(ManagementOptions options, Health health, PrometheusMeterRegistry meters)
      throws ManagementException {
    this.options = options;
    this.health = health;
    this.meters = meters;
    Guard guard = new Guard(options.host(), loopback(options), options.token());
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(1)
                .setUseDaemonThread(true)
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false)));
    this.router = Router.router(vertx);
    router.route().order(Integer.MIN_VALUE).handler(guard);
    router.errorHandler(404, context -> Reply.problem(context, notFound(context)));
    router.errorHandler(
        405,
        context ->
            Reply.problem(
                context,
                new Problem(
                    405, "wrong-method", null, context.request().method() + " does nothing here")));
    router.errorHandler(
        413,
        context ->
            Reply.problem(context, new Problem(413, "too-large", null, "the body is too large")));
    router.errorHandler(400, context -> failed(context, 400));
    router.errorHandler(500, context -> failed(context, 500));
    router.get("/").handler(ManagementServer::page);
    router
        .get("/observe/health/live")
        .handler(context -> Reply.json(context, 200, Map.of("status", "UP")));
    router.get("/observe/health/ready").handler(this::health);
    router.get("/observe/health").handler(this::health);
    router.get("/observe/metrics").handler(this::metrics);
  }

  private static boolean loopback(ManagementOptions options) throws ManagementException {
    boolean loopback;
    try {
      loopback = options.loopback();
    } catch (UnknownHostException e) {
      throw new ManagementException(
          "the management port can't be bound to '"
              + options.host()
              + "': there is no such address; set camel.management.host to one of this machine, such as 127.0.0.1",
          e);
    }
    if (!loopback && options.token() == null) {
      throw new ManagementException(
          "the management port would be open to everyone who reaches "
              + options.host()
              + "; set payhook.management.token, or camel.management.host to 127.0.0.1");
    }
    return loopback;
  }

  /**
   * The router for additional handlers, before or after the start. They run behind the checks of
   * host, origin, token and content type, and must not block: see {@link #blocking}.
   */
  public Router router() {
    return router;
  }

  /** Runs this before the metrics are read, on a thread that may block. */
  public ManagementServer beforeScrape(Runnable refresh) {
    beforeScrape.add(refresh);
    return this;
  }

  /**
   * Opens the port.
   *
   * @throws ManagementException if it is in use; one line that says so
   */
  public void start() throws ManagementException, InterruptedException {
    HttpServerOptions http =
        new HttpServerOptions()
            .setIdleTimeout(IDLE_SECONDS)
            .setIdleTimeoutUnit(TimeUnit.SECONDS)
            .setMaxHeaderSize(HEADERS_MAX);
    try {
      server =
          vertx
              .createHttpServer(http)
              .requestHandler(router)
              .listen(options.port(), options.host())
              .toCompletionStage()
              .toCompletableFuture()
              .get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String place = options.host() + ":" + options.port();
      throw new ManagementException(
          cause instanceof BindException
              ? "the management port "
                  + place
                  + " is in use or not of this machine ("
                  + cause.getMessage()
                  + "); end what uses it, or set camel.management.port or camel.management.host"
              : "the management port " + place + " can't be opened: " + cause.getMessage(),
          cause);
    }
  }

  /** The port that it listens on. */
  public int port() {
    return server == null ? options.port() : server.actualPort();
  }

  /** Its URL on this machine. */
  public String url() {
    String host = options.host();
    boolean any = host.equals("0.0.0.0") || host.equals("::");
    return "http://"
        + (any ? "127.0.0.1" : host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + port();
  }

  Vertx vertx() {
    return vertx;
  }

  private void health(RoutingContext context) {
    blocking(
        context,
        () -> {
          Health.Report report = health.report();
          Map<String, Object> tree = new LinkedHashMap<>();
          tree.put("status", report.status().name());
          if (Guard.trusted(context)) {
            List<Map<String, Object>> checks = new ArrayList<>();
            for (Health.Named named : report.checks()) {
              Map<String, Object> check = new LinkedHashMap<>();
              check.put("name", named.name());
              check.put("status", named.reading().status().name());
              check.put("detail", named.reading().detail());
              checks.add(check);
            }
            tree.put("checks", checks);
          }
          int status = report.status() == Health.Status.DOWN ? 503 : 200;
          return () -> Reply.json(context, status, tree);
        });
  }

  private void metrics(RoutingContext context) {
    String accept = context.request().getHeader("Accept");
    String type =
        accept != null && accept.contains("application/openmetrics-text")
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
    blocking(
        context,
        () -> {
          beforeScrape.forEach(Runnable::run);
          String text = meters.scrape(type);
          return () -> context.response().putHeader("Content-Type", type).end(text);
        });
  }

  /** Runs a task on a worker thread, and the result on the event loop. */
  private void blocking(RoutingContext context, Callable<Runnable> task) {
    vertx.executeBlocking(task, false).onSuccess(Runnable::run).onFailure(context::fail);
  }

  private static void page(RoutingContext context) {
    context
        .response()
        .putHeader("Content-Type", "text/html; charset=utf-8")
        .putHeader("Content-Security-Policy", PAGE_POLICY)
        .end(resource("index.html"));
  }

  static String resource(String name) {
    try (InputStream in = ManagementServer.class.getResourceAsStream("/console/" + name)) {
      if (in == null) {
        throw new IllegalStateException("console/" + name + " is missing from the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Problem notFound(RoutingContext context) {
    return Problem.notFound(
        "there is nothing at " + context.normalizedPath() + "; / says what there is");
  }

  /** Answers whatever no handler answered. */
  static void failed(RoutingContext context, int status) {
    Throwable failure = context.failure();
    if (failure instanceof Problem problem) {
      Reply.problem(context, problem);
    } else if (status == 400) {
      Reply.problem(
          context, new Problem(400, "bad-request", null, "the request can't be understood"));
    } else {
      LOG.error(
          "{} {} of the management port failed; this is a mistake in Payhook",
          context.request().method(),
          context.normalizedPath(),
          failure);
      Reply.problem(
          context,
          new Problem(500, "failed", null, "this failed; the log of the service says why"));
    }
  }

  /** Closes the port and stops the threads. */
  @Override
  public void close() {
    try {
      vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("The management port did not close as it should: {}", e.toString());
    }
  }
}

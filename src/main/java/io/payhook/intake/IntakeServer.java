package io.payhook.intake;

import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.camel.CamelContext;
import org.apache.camel.Service;
import org.apache.camel.component.platform.http.main.DefaultMainHttpServerFactory;
import org.apache.camel.component.platform.http.main.MainHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.component.vertx.common.VertxHelper;
import org.apache.camel.main.HttpServerConfigurationProperties;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.jspecify.annotations.Nullable;

/**
 * Camel's HTTP server with these differences: the edge is in front, the port opens when the routes
 * exist and not before, a port in use fails the start instead of logging a warning, and idle
 * connections are closed.
 */
final class IntakeServer extends VertxPlatformHttpServer {
  private static final int IDLE_SECONDS = 75;
  private static final int HEADERS_MAX = 16 * 1024;
  private static final int BACKLOG = 1024;
  private static final int SWEEP_MILLIS = 500;

  private final VertxPlatformHttpServerConfiguration configuration;
  private final Edge edge;
  private @Nullable HttpServer server;
  private volatile long sweeping = -1;

  private IntakeServer(VertxPlatformHttpServerConfiguration configuration, Edge edge) {
    super(configuration);
    this.configuration = configuration;
    this.edge = edge;
  }

  /** Has camel-main create this server from its own camel.server.* settings. */
  static final class Factory extends DefaultMainHttpServerFactory {
    private final Edge edge;
    private @Nullable IntakeServer server;

    Factory(Edge edge) {
      this.edge = edge;
    }

    /** The server that was created. */
    IntakeServer server() {
      return Objects.requireNonNull(server, "Camel has not started its HTTP server");
    }

    @Override
    public Service newHttpServer(
        CamelContext context, HttpServerConfigurationProperties properties) {
      if (properties.isAuthenticationEnabled()) {
        throw new IllegalArgumentException(
            "camel.server.authenticationEnabled is not for webhooks: a request is authenticated by its signature; remove the"
                + " setting, or name the provider 'basic-auth' at the endpoint");
      }
      VertxPlatformHttpServerConfiguration configuration =
          ((MainHttpServer) super.newHttpServer(context, properties)).getConfiguration();
      configuration.setServerType(VertxPlatformHttpRouter.SERVER_TYPE_SERVER);
      IntakeServer made = new IntakeServer(configuration, edge);
      made.setCamelContext(context);
      server = made;
      return made;
    }
  }

  @Override
  public @Nullable HttpServer getServer() {
    return server;
  }

  @Override
  protected void startServer() throws Exception {
    VertxPlatformHttpRouter routes =
        VertxPlatformHttpRouter.lookup(
            getCamelContext(),
            VertxPlatformHttpRouter.getRouterNameFromPort(configuration.getPort()));
    edge.mount(routes);
    HttpServerOptions options =
        new HttpServerOptions()
            .setIdleTimeout(IDLE_SECONDS)
            .setIdleTimeoutUnit(TimeUnit.SECONDS)
            // Platforms speak HTTP/1.1; one request at a time per connection keeps the limits
            // simple.
            .setHttp2ClearTextEnabled(false)
            .setUseAlpn(false)
            .setMaxHeaderSize(HEADERS_MAX)
            .setAcceptBacklog(BACKLOG);
    SSLContextParameters tls =
        configuration.getSslContextParameters() != null
            ? configuration.getSslContextParameters()
            : configuration.isUseGlobalSslContextParameters()
                ? getCamelContext().getSSLContextParameters()
                : null;
    if (tls != null) {
      VertxHelper.setupSSLOptions(getCamelContext(), tls, options);
    }
    Router root = Router.router(getVertx());
    root.route(configuration.getPath() + "*").subRouter(routes);
    server =
        getVertx()
            .createHttpServer(options)
            .connectionHandler(edge::opened)
            .invalidRequestHandler(edge::unreadable)
            .requestHandler(edge.before(root));
  }

  /** Opens the port. Until then nobody can connect, so a load balancer picks another node. */
  void listen() throws InterruptedException, PortException {
    HttpServer ready = Objects.requireNonNull(server);
    CompletableFuture<HttpServer> open = new CompletableFuture<>();
    getVertx()
        .getOrCreateContext()
        .runOnContext(
            loop -> {
              // The edge's state of connections belongs to this event loop.
              sweeping = getVertx().setPeriodic(SWEEP_MILLIS, now -> edge.sweep());
              ready
                  .listen(configuration.getBindPort(), configuration.getBindHost())
                  .onComplete(open::complete, open::completeExceptionally);
            });
    try {
      open.get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new PortException(
          "port "
              + configuration.getBindPort()
              + " can't be opened on "
              + configuration.getBindHost()
              + ": "
              + cause.getMessage()
              + "; end what uses it or set camel.server.port",
          cause);
    }
  }

  @Override
  protected void stopServer() {
    HttpServer running = server;
    server = null;
    if (running == null) {
      return;
    }
    if (sweeping >= 0) {
      getVertx().cancelTimer(sweeping);
    }
    try {
      running.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the HTTP server did not close", e);
    }
  }

  @Override
  public int getPort() {
    return server == null ? configuration.getBindPort() : server.actualPort();
  }
}

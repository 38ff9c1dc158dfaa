package io.payhook.intake;

import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
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
 * Camel's HTTP server with three differences: the edge stands in front before the port opens, a
 * port in use fails the start instead of a warning, and idle connections end.
 */
final class IntakeServer extends VertxPlatformHttpServer {
  private static final int IDLE_SECONDS = 75;
  private static final int HEADERS_MAX = 16 * 1024;
  private static final int BACKLOG = 1024;

  private final VertxPlatformHttpServerConfiguration configuration;
  private final Edge edge;
  private @Nullable HttpServer server;

  private IntakeServer(VertxPlatformHttpServerConfiguration configuration, Edge edge) {
    super(configuration);
    this.configuration = configuration;
    this.edge = edge;
  }

  /** Lets camel-main read its own camel.server.* settings, and make this server of them. */
  static final class Factory extends DefaultMainHttpServerFactory {
    private final Edge edge;

    Factory(Edge edge) {
      this.edge = edge;
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
      IntakeServer server = new IntakeServer(configuration, edge);
      server.setCamelContext(context);
      return server;
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
            .setHandle100ContinueAutomatically(true)
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
    server = getVertx().createHttpServer(options).requestHandler(edge.gate(root));
    try {
      server
          .listen(configuration.getBindPort(), configuration.getBindHost())
          .toCompletionStage()
          .toCompletableFuture()
          .get(10, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
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

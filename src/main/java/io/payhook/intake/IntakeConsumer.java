package io.payhook.intake;

import io.vertx.core.Context;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.HttpMessage;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.model.IdempotentConsumerDefinition;
import org.apache.camel.model.OnExceptionDefinition;
import org.apache.camel.model.ProcessDefinition;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.RemoveHeadersDefinition;
import org.apache.camel.model.SetHeaderDefinition;
import org.apache.camel.model.SetVariableDefinition;
import org.jspecify.annotations.Nullable;

/**
 * Takes a request into the intake route on its event loop, and lets the route continue after the
 * commit. Camel's own consumer holds a worker thread for each request until it is answered, which
 * costs two additional thread switches, more than the entire verification.
 *
 * <p>A request with a large body, and every request if the route has steps that may block, starts
 * on a worker thread; large bodies a few at a time.
 */
final class IntakeConsumer extends VertxPlatformHttpConsumer {
  /** Steps that never block. */
  private static final Set<Class<?>> SWIFT =
      Set.of(
          ProcessDefinition.class,
          RemoveHeadersDefinition.class,
          IdempotentConsumerDefinition.class,
          OnExceptionDefinition.class,
          SetHeaderDefinition.class,
          SetVariableDefinition.class);

  /** Exchange property with the request that arrived. */
  static final String ARRIVED = "payhookArrived";

  private final LargeBodies large;
  private volatile @Nullable Boolean swift;

  private IntakeConsumer(
      PlatformHttpEndpoint endpoint, Processor processor, String router, LargeBodies large) {
    super(endpoint, processor, List.of(), router);
    this.large = large;
  }

  /** Creates these consumers for the routes. */
  static final class Engine extends VertxPlatformHttpEngine {
    private final IntakeServer.Factory servers;
    private final LargeBodies large;

    Engine(IntakeServer.Factory servers, LargeBodies large) {
      this.servers = servers;
      this.large = large;
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
      // The edge has read the body before a route sees the request.
      endpoint.setUseBodyHandler(false);
      return new IntakeConsumer(
          endpoint,
          processor,
          VertxPlatformHttpRouter.getRouterNameFromPort(servers.server().getConfigurationPort()),
          large);
    }
  }

  /** Known only once the route exists, which is after this consumer. */
  private boolean swift() {
    Boolean known = swift;
    if (known == null) {
      known =
          getEndpoint().getCamelContext().getRoutes().stream()
              .filter(route -> route.getEndpoint() == getEndpoint())
              .allMatch(
                  route ->
                      route.getRoute() instanceof ProcessorDefinition<?> definition
                          && definition.getOutputs().stream().allMatch(IntakeConsumer::isSwift));
      swift = known;
    }
    return known;
  }

  private static boolean isSwift(ProcessorDefinition<?> step) {
    return SWIFT.contains(step.getClass())
        && step.getOutputs().stream().allMatch(IntakeConsumer::isSwift);
  }

  @Override
  protected void handleRequest(RoutingContext request) {
    Arrived arrived = Arrived.ofRequest();
    if (isSuspended() || arrived == null) {
      Answer.UNAVAILABLE.write(request.response());
      return;
    }
    arrived.take();
    Context loop = request.vertx().getOrCreateContext();
    Exchange exchange = createExchange(false);
    exchange.setPattern(ExchangePattern.InOut);
    exchange.setProperty(ARRIVED, arrived);
    HttpMessage message = new HttpMessage(exchange, request.request(), request.response());
    exchange.setMessage(message);
    message.setBody(arrived.body);
    if (arrived.body.length > Limits.LIGHT) {
      large.begin(
          arrived.body.length, () -> loop.runOnContext(now -> onWorker(exchange, request, loop)));
    } else if (swift()) {
      process(exchange, request, loop);
    } else {
      onWorker(exchange, request, loop);
    }
  }

  private void onWorker(Exchange exchange, RoutingContext request, Context loop) {
    loop.executeBlocking(
            () -> {
              process(exchange, request, loop);
              return null;
            },
            false)
        .onFailure(
            failure -> {
              exchange.setException(failure);
              end(exchange, request);
            });
  }

  private void process(Exchange exchange, RoutingContext request, Context loop) {
    try {
      createUoW(exchange);
    } catch (Exception e) {
      exchange.setException(e);
      loop.runOnContext(unused -> end(exchange, request));
      return;
    }
    getAsyncProcessor()
        .process(
            exchange,
            doneSync -> {
              if (Context.isOnEventLoopThread()) {
                end(exchange, request);
              } else {
                loop.runOnContext(unused -> end(exchange, request));
              }
            });
  }

  private void end(Exchange exchange, RoutingContext request) {
    if (exchange.getException() != null) {
      getExceptionHandler()
          .handleException("the intake route failed", exchange, exchange.getException());
    }
    Answer.of(exchange).write(request.response());
    Arrived arrived = exchange.getProperty(ARRIVED, Arrived.class);
    doneUoW(exchange);
    releaseExchange(exchange, false);
    if (arrived.body.length > Limits.LIGHT) {
      large.done(arrived.body.length);
    }
    arrived.leave();
  }
}

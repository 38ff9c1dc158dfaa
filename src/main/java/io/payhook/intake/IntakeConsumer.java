package io.payhook.intake;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
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
 * Takes a request into the intake route on its event loop and lets the route go on after the
 * commit. Camel's own consumer holds a worker thread for each request until it is answered, which
 * costs two thread switches more than the whole verification.
 *
 * <p>A request with a large body, and every request where the route has steps that may wait, is
 * begun on a worker thread.
 */
final class IntakeConsumer extends VertxPlatformHttpConsumer {
  /** Bytes that are verified and parsed in well under a millisecond. */
  private static final int LIGHT = 32 * 1024;

  /** Steps that can't wait for anything. */
  private static final Set<Class<?>> SWIFT =
      Set.of(
          ProcessDefinition.class,
          RemoveHeadersDefinition.class,
          IdempotentConsumerDefinition.class,
          OnExceptionDefinition.class,
          SetHeaderDefinition.class,
          SetVariableDefinition.class);

  private volatile @Nullable Boolean swift;

  private IntakeConsumer(PlatformHttpEndpoint endpoint, Processor processor, String router) {
    super(endpoint, processor, List.of(), router);
  }

  /** Makes these consumers for the routes. */
  static final class Engine extends VertxPlatformHttpEngine {
    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
      return new IntakeConsumer(
          endpoint, processor, VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
    }
  }

  /** Known once the route is there, after this consumer. */
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
    if (isSuspended()) {
      Answer.UNAVAILABLE.write(request.response());
      return;
    }
    Context loop = request.vertx().getOrCreateContext();
    Exchange exchange = createExchange(false);
    exchange.setPattern(ExchangePattern.InOut);
    HttpMessage message = new HttpMessage(exchange, request.request(), request.response());
    exchange.setMessage(message);
    Buffer body = request.body().buffer();
    message.setBody(body == null ? new byte[0] : body.getBytes());
    if (swift() && (body == null || body.length() <= LIGHT)) {
      process(exchange, request, loop);
    } else {
      request
          .vertx()
          .executeBlocking(
              () -> {
                process(exchange, request, loop);
                return null;
              },
              false)
          .onFailure(
              failure -> {
                getExceptionHandler().handleException("a request could not be served", failure);
                Answer.UNAVAILABLE.write(request.response());
              });
    }
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
    doneUoW(exchange);
    releaseExchange(exchange, false);
  }
}

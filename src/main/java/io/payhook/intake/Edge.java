package io.payhook.intake;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The first to see a request, on the event loop, before any worker thread or byte of body: answers
 * what needs no body, sheds what can't be served, and makes sure that the body of every content
 * type reaches the route as the bytes that were sent.
 */
final class Edge implements Handler<RoutingContext> {
  /** Where the sender's Content-Type stands while Camel sees application/octet-stream. */
  static final String WIRE_CONTENT_TYPE = "X-Payhook-Wire-Content-Type";

  private static final String PREFIX = "/webhooks/";

  private final Endpoints endpoints;
  private final long maxBody;
  private final int maxInFlight;
  private final BooleanSupplier journalAvailable;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger entering = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private volatile boolean open;
  private volatile boolean holding;

  /** A request that was held back, where it goes, and the event loop that it belongs to. */
  private record Waiting(
      HttpServerRequest request, Handler<HttpServerRequest> router, Context loop) {}

  /**
   * @param maxBody bytes
   * @param maxInFlight requests at a time; more are answered 503
   */
  Edge(Endpoints endpoints, long maxBody, int maxInFlight, BooleanSupplier journalAvailable) {
    this.endpoints = endpoints;
    this.maxBody = maxBody;
    this.maxInFlight = maxInFlight;
    this.journalAvailable = journalAvailable;
  }

  void mount(Router router) {
    router.route().order(-100).handler(this);
    router.route().order(-99).failureHandler(Edge::failed);
  }

  /** Takes requests from now on; before, and after {@link #shut}, they are answered 503. */
  void open() {
    open = true;
  }

  void shut() {
    open = false;
  }

  boolean isOpen() {
    return open;
  }

  int inFlight() {
    return inFlight.get();
  }

  /** Whether every request that was let in is answered. */
  boolean idle() {
    return entering.get() == 0 && inFlight.get() == 0;
  }

  /**
   * Stands before the router, which looks up its routes when a request comes to it: while they are
   * replaced, no request may be inside.
   */
  Handler<HttpServerRequest> gate(Handler<HttpServerRequest> router) {
    return request -> {
      entering.incrementAndGet();
      try {
        if (!holding) {
          router.handle(request);
          return;
        }
      } finally {
        entering.decrementAndGet();
      }
      if (held.get() >= maxInFlight) {
        Answer.UNAVAILABLE.write(request.response());
        return;
      }
      held.incrementAndGet();
      request.pause();
      waiting.add(new Waiting(request, router, Vertx.currentContext()));
      if (!holding) {
        letGo();
      }
    };
  }

  /** Holds back every further request, unanswered, until {@link #letGo}. */
  void hold() {
    holding = true;
  }

  /** Serves what was held back, and what comes. */
  void letGo() {
    holding = false;
    for (Waiting next = waiting.poll(); next != null; next = waiting.poll()) {
      Waiting one = next;
      held.decrementAndGet();
      one.loop.runOnContext(
          unused -> {
            one.request.resume();
            if (!one.request.response().closed()) {
              gate(one.router).handle(one.request);
            }
          });
    }
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    Answer refusal = refusal(request);
    if (refusal != null) {
      refuse(context, refusal);
      return;
    }
    if (inFlight.incrementAndGet() > maxInFlight) {
      inFlight.decrementAndGet();
      refuse(context, Answer.UNAVAILABLE);
      return;
    }
    context.addEndHandler(ended -> inFlight.decrementAndGet());
    MultiMap headers = request.headers();
    String contentType = headers.get("Content-Type");
    headers.remove(WIRE_CONTENT_TYPE);
    if (contentType != null) {
      headers.set(WIRE_CONTENT_TYPE, contentType);
    }
    headers.set("Content-Type", "application/octet-stream");
    context.next();
  }

  private @Nullable Answer refusal(HttpServerRequest request) {
    String uri = request.uri();
    if (uri == null || !uri.startsWith("/")) {
      // An absolute-form target would name the host of our own calls (RFC 9112, 3.2.2).
      return Answer.BAD_REQUEST;
    }
    String name = endpointOf(request.path());
    ActiveEndpoint endpoint = name == null ? null : endpoints.get(name);
    if (endpoint == null) {
      return open ? endpoints.missing(name) : Answer.UNAVAILABLE;
    }
    if (!HttpMethod.POST.equals(request.method())) {
      // Some platforms shake hands by GET before they post events.
      Set<String> methods = endpoint.methods();
      if (!methods.contains(request.method().name())) {
        return Answer.methodNotAllowed(methods);
      }
    }
    if (!open || !journalAvailable.getAsBoolean()) {
      return Answer.UNAVAILABLE;
    }
    return tooLarge(request) ? Answer.TOO_LARGE : null;
  }

  private boolean tooLarge(HttpServerRequest request) {
    String length = request.getHeader("Content-Length");
    try {
      return length != null && Long.parseLong(length) > maxBody;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  private static void refuse(RoutingContext context, Answer answer) {
    HttpServerRequest request = context.request();
    String length = request.getHeader("Content-Length");
    if (length != null && length.length() > 7) {
      // Ten megabytes and more are not worth reading to keep the connection.
      context.response().putHeader("Connection", "close");
    } else {
      request.resume();
    }
    answer.write(context.response());
  }

  private static void failed(RoutingContext context) {
    int status = context.statusCode();
    Answer answer =
        switch (status) {
          case 413 -> Answer.TOO_LARGE;
          case 400 -> Answer.BAD_REQUEST;
          case 404 -> Answer.NOT_FOUND;
          case 405 -> Answer.METHOD_NOT_ALLOWED;
          default -> Answer.UNAVAILABLE;
        };
    if (status == 413) {
      context.response().putHeader("Connection", "close");
    }
    answer.write(context.response());
  }

  /** The endpoint's name in {@code /webhooks/{name}}, or null. */
  static @Nullable String endpointOf(@Nullable String path) {
    if (path == null || !path.startsWith(PREFIX)) {
      return null;
    }
    String name = path.substring(PREFIX.length());
    return name.isEmpty() || name.indexOf('/') >= 0 ? null : name;
  }
}

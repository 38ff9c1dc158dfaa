package io.payhook.intake;

import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sees each request first, on the event loop, before any worker thread or byte of body: answers
 * what needs no body, sheds what cannot be served, and reads the bodies of the rest within limits
 * of size and time. A request occupies a place, and reaches a route, once it has arrived
 * completely.
 */
final class Edge {
  private static final String PREFIX = "/webhooks/";
  private static final byte[] NOTHING = {};

  /** Reading the rest of a larger body is not worth keeping the connection. */
  private static final int MOST_DISCARDED = 10_000_000;

  /** A body that has been arriving for longer gives way to one that is just beginning. */
  private static final long GIVES_WAY_NANOS = 1_000_000_000L;

  private final Endpoints endpoints;
  private final Limits limits;
  private final BooleanSupplier journalAvailable;
  private final Refusals refusals;
  private final Shed shed;
  private final Budget budget;
  private final Connections connections;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger entering = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private final Set<Body> coming = new LinkedHashSet<>();
  private final Map<String, Pace> paces = new ConcurrentHashMap<>();
  private volatile Phase phase = Phase.CLOSED;
  private volatile boolean holding;

  private enum Phase {
    CLOSED,
    OPEN,
    /** Like open, but clients are told to close their connections. */
    LEAVING
  }

  /** A held request, and the event loop that it belongs to. */
  private record Waiting(
      HttpServerRequest request,
      Arrived arrived,
      Handler<HttpServerRequest> router,
      Context loop) {}

  Edge(
      Endpoints endpoints,
      Limits limits,
      BooleanSupplier journalAvailable,
      Refusals refusals,
      Shed shed) {
    this.endpoints = endpoints;
    this.limits = limits;
    this.journalAvailable = journalAvailable;
    this.refusals = refusals;
    this.shed = shed;
    this.budget = new Budget(limits.bytes());
    this.connections = new Connections(limits.connections(), limits.bodyTime(), shed);
  }

  void mount(Router router) {
    router.route().order(-100).handler(Edge::entered);
    router.route().order(-99).failureHandler(this::failed);
  }

  /** Accepts requests from now on; before, and after {@link #shut}, they are answered 503. */
  void open() {
    phase = Phase.OPEN;
  }

  /** Still accepts requests, but asks clients to close their connections. */
  void leave() {
    phase = Phase.LEAVING;
  }

  void shut() {
    phase = Phase.CLOSED;
  }

  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  int inFlight() {
    return inFlight.get();
  }

  long bytesHeld() {
    return budget.held();
  }

  int connectionsOpen() {
    return connections.open();
  }

  /** Whether every request that was let in has been answered. */
  boolean idle() {
    return entering.get() == 0 && inFlight.get() == held.get();
  }

  void opened(HttpConnection connection) {
    connections.opened(connection);
  }

  /** To be called twice a second, on the event loop. */
  void sweep() {
    connections.sweep();
    shed.tell();
  }

  /** Holds all further requests, unanswered, until {@link #letGo}. */
  void hold() {
    holding = true;
  }

  /** Serves the held requests, and further ones. */
  void letGo() {
    holding = false;
    for (Waiting next = waiting.poll(); next != null; next = waiting.poll()) {
      Waiting one = next;
      held.decrementAndGet();
      one.loop.runOnContext(
          unused -> {
            if (!one.request.response().closed()) {
              enter(one.request, one.arrived, one.router);
            }
          });
    }
  }

  /** The handler in front of the router. */
  Handler<HttpServerRequest> before(Handler<HttpServerRequest> router) {
    return request -> handle(request, router);
  }

  /** Handles what is not a valid HTTP request. */
  void unreadable(HttpServerRequest request) {
    shed.count(Shed.Reason.BAD_REQUEST);
    HttpServerRequest.DEFAULT_INVALID_REQUEST_HANDLER.handle(request);
  }

  private void handle(HttpServerRequest request, Handler<HttpServerRequest> router) {
    Connections.Link link = connections.of(request.connection());
    if (link == null || !link.begin(request)) {
      return;
    }
    request.response().endHandler(ended -> link.answered(request, request.isEnded()));
    String name = endpointOf(request.path());
    ActiveEndpoint endpoint = name == null ? null : endpoints.get(name);
    Turned turned = turned(request, endpoint);
    if (turned != null || endpoint == null) {
      refuse(request, link, endpoint, turned == null ? Turned.NOT_FOUND : turned);
      return;
    }
    List<RawRequest.Header> headers = Turned.headers(request);
    boolean post = HttpMethod.POST.equals(request.method());
    Refused unsigned =
        post
            ? endpoint
                .verifier()
                .refusedByHead(new RawRequest("POST", request.uri(), headers, NOTHING))
                .orElse(null)
            : null;
    if (unsigned != null) {
      int size = Turned.size(request);
      refusals.add(endpoint, unsigned, request, headers, NOTHING, size);
      turnAway(request, link, Answer.UNAUTHORIZED);
      return;
    }
    Body body = new Body(request, link, endpoint, headers, router);
    if (!body.begin()) {
      refuse(request, link, endpoint, Turned.NO_ROOM);
    }
  }

  private @Nullable Turned turned(HttpServerRequest request, @Nullable ActiveEndpoint endpoint) {
    Turned turned = Turned.byTarget(request);
    if (turned != null) {
      return turned;
    }
    if (phase == Phase.CLOSED) {
      return Turned.NOT_SERVING;
    }
    if (endpoint == null) {
      return endpoints.isReplaced(endpointOf(request.path())) ? Turned.REPLACED : Turned.NOT_FOUND;
    }
    turned = Turned.byHead(request, endpoint.methods());
    if (turned != null) {
      return turned;
    }
    if (!journalAvailable.getAsBoolean()) {
      return Turned.JOURNAL;
    }
    if (endpoint.isUnsigned() && !pace(endpoint).admits()) {
      return Turned.tooMany(limits.unsignedPerSecond());
    }
    return Turned.length(request) > limits.maxBody()
        ? Turned.tooLarge(Turned.length(request), limits.maxBody())
        : null;
  }

  private Pace pace(ActiveEndpoint endpoint) {
    return paces.computeIfAbsent(endpoint.name(), any -> new Pace(limits.unsignedPerSecond()));
  }

  private void refuse(
      HttpServerRequest request,
      Connections.Link link,
      @Nullable ActiveEndpoint endpoint,
      Turned turned) {
    shed.turned(request, endpoint, endpoints.all().keySet(), turned);
    turnAway(request, link, turned.answer());
  }

  /** Answers, and discards whatever arrives of the unwanted body. */
  private void turnAway(HttpServerRequest request, Connections.Link link, Answer answer) {
    link.awaitBody(null);
    request.handler(any -> {});
    request.endHandler(
        ended -> {
          if (request.response().ended()) {
            link.answered(request, true);
          }
        });
    boolean expects = request.getHeader("Expect") != null;
    if (Turned.length(request) >= MOST_DISCARDED || expects || phase == Phase.LEAVING) {
      link.last();
      answer.writeLast(request.response(), link::endSlowly);
    } else {
      answer.write(request.response());
    }
  }

  /** The endpoint's name in {@code /webhooks/{name}}, or null. */
  static @Nullable String endpointOf(@Nullable String path) {
    if (path == null || !path.startsWith(PREFIX)) {
      return null;
    }
    String name = path.substring(PREFIX.length());
    return name.isEmpty() || name.indexOf('/') >= 0 ? null : name;
  }

  // The body.

  /** The body of one request while it arrives. Its bytes are reserved in advance. */
  private final class Body implements Connections.Coming {
    private final HttpServerRequest request;
    private final Connections.Link link;
    private final ActiveEndpoint endpoint;
    private final List<RawRequest.Header> headers;
    private final Handler<HttpServerRequest> router;
    private final long began = System.nanoTime();
    private byte[] bytes = NOTHING;
    private int length;
    private boolean over;

    Body(
        HttpServerRequest request,
        Connections.Link link,
        ActiveEndpoint endpoint,
        List<RawRequest.Header> headers,
        Handler<HttpServerRequest> router) {
      this.request = request;
      this.link = link;
      this.endpoint = endpoint;
      this.headers = headers;
      this.router = router;
    }

    /** False if there is no room for it. */
    boolean begin() {
      int declared = (int) Math.max(0, Turned.length(request));
      if (!grow(declared)) {
        return false;
      }
      coming.add(this);
      link.awaitBody(this);
      request.handler(this::add);
      request.endHandler(ended -> end());
      if (request.getHeader("Expect") != null && request.version() != HttpVersion.HTTP_1_0) {
        request.response().writeContinue();
      }
      return true;
    }

    private boolean grow(int capacity) {
      int more = capacity - bytes.length;
      boolean room = budget.reserve(more, capacity);
      while (!room && slowestGivesWay()) {
        room = budget.reserve(more, capacity);
      }
      if (room) {
        bytes = Arrays.copyOf(bytes, capacity);
      }
      return room;
    }

    private boolean slowestGivesWay() {
      Body first = coming.isEmpty() ? null : coming.iterator().next();
      if (first == null || first == this || System.nanoTime() - first.began < GIVES_WAY_NANOS) {
        return false;
      }
      first.giveWay();
      return true;
    }

    private void add(Buffer buffer) {
      if (over) {
        return;
      }
      int size = length + buffer.length();
      if (size > limits.maxBody()) {
        turnAway(Turned.tooLarge(Long.MAX_VALUE, limits.maxBody()), link::endSlowly);
        return;
      }
      if (size > bytes.length
          && !grow((int) Math.min(limits.maxBody(), Math.max(size, 2L * bytes.length)))) {
        turnAway(Turned.NO_ROOM, link::endSlowly);
        return;
      }
      buffer.getBytes(bytes, length);
      length = size;
    }

    private void end() {
      if (over) {
        return;
      }
      over = true;
      coming.remove(this);
      link.serve();
      long reserved = bytes.length;
      if (inFlight.incrementAndGet() > limits.inFlight()) {
        inFlight.decrementAndGet();
        budget.release(reserved);
        shed.turned(request, endpoint, endpoints.all().keySet(), Turned.BUSY);
        Turned.BUSY.answer().write(request.response());
        return;
      }
      Arrived arrived =
          new Arrived(
              headers,
              length == bytes.length ? bytes : Arrays.copyOf(bytes, length),
              () -> {
                inFlight.decrementAndGet();
                budget.release(reserved);
              },
              () -> {
                if (phase == Phase.LEAVING) {
                  link.last();
                  link.end();
                } else {
                  link.answered(request, true);
                }
              });
      bytes = NOTHING;
      request.response().endHandler(ended -> arrived.answered());
      if (phase == Phase.LEAVING) {
        request.response().putHeader("Connection", "close");
      }
      enter(request, arrived, router);
    }

    @Override
    public void tooSlow() {
      turnAway(Turned.TOO_SLOW, link::end);
    }

    @Override
    public void giveWay() {
      turnAway(Turned.NO_ROOM, link::end);
    }

    @Override
    public void unreadable() {
      turnAway(Turned.BAD_CHUNKS, link::endSlowly);
    }

    @Override
    public void gone() {
      release();
    }

    /** Answers before the body has ended, and closes the connection. */
    private void turnAway(Turned turned, Runnable close) {
      if (over) {
        return;
      }
      release();
      shed.turned(request, endpoint, endpoints.all().keySet(), turned);
      link.last();
      turned.answer().writeLast(request.response(), close);
    }

    private void release() {
      if (!over) {
        over = true;
        coming.remove(this);
        budget.release(bytes.length);
        bytes = NOTHING;
      }
    }
  }

  // To the routes.

  /**
   * The router looks up its routes when it gets a request: while they are being replaced, no
   * request may be inside.
   */
  private void enter(
      HttpServerRequest request, Arrived arrived, Handler<HttpServerRequest> router) {
    entering.incrementAndGet();
    try {
      if (!holding) {
        arrived.note();
        router.handle(request);
        return;
      }
    } finally {
      entering.decrementAndGet();
    }
    held.incrementAndGet();
    waiting.add(new Waiting(request, arrived, router, Vertx.currentContext()));
    if (!holding) {
      letGo();
    }
  }

  /** The router replaces the response's end handler. */
  private static void entered(RoutingContext context) {
    Arrived arrived = Arrived.ofRequest();
    if (arrived != null) {
      context.addEndHandler(ended -> arrived.answered());
    }
    context.next();
  }

  private void failed(RoutingContext context) {
    int status = context.statusCode();
    shed.count(
        switch (status) {
          case 400 -> Shed.Reason.BAD_REQUEST;
          case 404 -> Shed.Reason.NO_SUCH_ENDPOINT;
          case 405 -> Shed.Reason.METHOD;
          default -> Shed.Reason.FAILED;
        });
    Answer answer =
        switch (status) {
          case 400 -> Answer.BAD_REQUEST;
          case 404 -> Answer.NOT_FOUND;
          case 405 -> Answer.METHOD_NOT_ALLOWED;
          default -> Answer.UNAVAILABLE;
        };
    answer.write(context.response());
  }
}

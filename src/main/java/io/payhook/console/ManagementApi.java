package io.payhook.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.journal.JournalReader;
import io.payhook.journal.Replay;
import io.payhook.journal.ReplayException;
import io.payhook.kit.Json;
import io.vertx.core.MultiMap;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JSON API under {@code /api/v1}: reads the journal and replays deliveries, as described in
 * {@code /api/v1/openapi.yaml}.
 *
 * <p>It has a few threads of its own, so that slow queries delay neither health nor metrics, and
 * refuses more queries than it can answer soon.
 */
public final class ManagementApi {
  private static final Logger LOG = LoggerFactory.getLogger(ManagementApi.class);
  static final String ROOT = "/api/v1";

  private static final int THREADS = 3;
  private static final int WAITING_MAX = 64;
  private static final int BODY_MAX = 16 * 1024;
  private static final int COUNT_MAX = 10_000;

  private final JournalReader reader;
  private final Catalogue catalogue;
  private final Clock clock;
  private final AtomicInteger waiting = new AtomicInteger();
  private final List<Operation> operations;

  /** One method of one path, and its parameters. */
  record Operation(HttpMethod method, String path, List<String> parameters, Answering answering) {}

  interface Answering {
    Object answer(Request request) throws SQLException, ReplayException;
  }

  /**
   * @param id the path's parameter {@code id}, or empty
   */
  record Request(Parameters parameters, String id) {}

  /**
   * @param announce called after a replay, so that pending deliveries are claimed at once
   * @param clock the reference for {@code since=1h}
   */
  public ManagementApi(
      JournalReader reader, Replay replay, Runnable announce, Catalogue catalogue, Clock clock) {
    this.reader = reader;
    ReplayOperation replays = new ReplayOperation(replay, announce);
    this.catalogue = catalogue;
    this.clock = clock;
    this.operations =
        List.of(
            get(
                "/events",
                List.of("endpoint", "type", "state", "since", "search", "limit", "before"),
                this::events),
            get("/events/:id", List.of(), this::event),
            get(
                "/deliveries",
                List.of("state", "route", "endpoint", "since", "orphaned", "limit", "after"),
                this::deliveries),
            new Operation(
                HttpMethod.POST,
                "/replay",
                List.of(
                    "event",
                    "state",
                    "route",
                    "endpoint",
                    "since",
                    "again",
                    "release",
                    "dryRun",
                    "limit",
                    "after"),
                request -> replays.answer(request.parameters())),
            get("/endpoints", List.of(), this::endpoints),
            get("/providers", List.of(), this::providers),
            get("/subscriptions", List.of(), this::subscriptions),
            get("/nodes", List.of(), request -> NodeOperations.list(reader)),
            new Operation(
                HttpMethod.POST,
                "/nodes/forget",
                List.of("name"),
                request -> NodeOperations.forget(replay, request.parameters())),
            get(
                "/rejections",
                List.of("endpoint", "category", "reason", "since", "limit", "before"),
                this::rejections),
            get("/summary", List.of(), this::summary));
  }

  private static Operation get(String path, List<String> parameters, Answering answering) {
    return new Operation(HttpMethod.GET, path, parameters, answering);
  }

  List<Operation> operations() {
    return operations;
  }

  /** Adds it to a management port. */
  public void mount(ManagementServer server) {
    Router router = server.router();
    WorkerExecutor threads =
        server.vertx().createSharedWorkerExecutor("payhook-api", THREADS, 30, TimeUnit.SECONDS);
    router
        .get(ROOT + "/openapi.yaml")
        .handler(
            context ->
                context
                    .response()
                    .putHeader("Content-Type", "application/yaml; charset=utf-8")
                    .end(ManagementServer.resource("openapi.yaml")));
    router.route(ROOT + "/*").handler(BodyHandler.create(false).setBodyLimit(BODY_MAX));
    for (Operation operation : operations) {
      router
          .route(operation.method(), ROOT + operation.path())
          .handler(context -> serve(context, threads, operation));
    }
  }

  private void serve(RoutingContext context, WorkerExecutor threads, Operation operation) {
    Request request;
    try {
      Map<String, String> values =
          operation.method().equals(HttpMethod.POST)
              ? fields(context, operation.parameters())
              : query(context.queryParams());
      String id = context.pathParam("id");
      request =
          new Request(new Parameters(values, operation.parameters(), clock), id == null ? "" : id);
    } catch (Problem problem) {
      Reply.problem(context, problem);
      return;
    }
    if (waiting.incrementAndGet() > WAITING_MAX) {
      waiting.decrementAndGet();
      Reply.problem(
          context,
          new Problem(503, "busy", null, "too many questions wait for an answer; ask again later"));
      return;
    }
    threads
        .executeBlocking(() -> operation.answering().answer(request), false)
        .onComplete(
            answer -> {
              waiting.decrementAndGet();
              if (answer.succeeded()) {
                Reply.json(context, 200, answer.result());
              } else {
                Reply.problem(context, problem(context, answer.cause()));
              }
            });
  }

  private static Map<String, String> query(MultiMap given) {
    Map<String, String> values = new LinkedHashMap<>();
    for (Map.Entry<String, String> one : given) {
      if (values.put(one.getKey(), one.getValue()) != null) {
        throw Problem.parameter(
            one.getKey(), one.getKey() + " is given more than once; it is taken once");
      }
    }
    return values;
  }

  /** The members of a JSON body, subject to the same rules as query parameters. */
  private static Map<String, String> fields(RoutingContext context, List<String> known) {
    if (!context.queryParams().isEmpty()) {
      String name = context.queryParams().names().iterator().next();
      throw Problem.parameter(
          name, name + " stands in the URL; here parameters stand in a JSON body");
    }
    Buffer body = context.body().buffer();
    JsonNode tree;
    try {
      tree = Json.MAPPER.readTree(body == null ? new byte[0] : body.getBytes());
    } catch (IOException e) {
      throw new Problem(400, "bad-request", null, "the body is not JSON");
    }
    if (!tree.isObject()) {
      throw new Problem(
          400, "bad-request", null, "the body is a JSON object with " + String.join(", ", known));
    }
    Map<String, String> values = new LinkedHashMap<>();
    tree.properties()
        .forEach(
            member -> {
              JsonNode value = member.getValue();
              if (value.isContainerNode()) {
                throw Problem.parameter(
                    member.getKey(), member.getKey() + " is text, a number, true or false");
              }
              if (!value.isNull()) {
                values.put(member.getKey(), value.asText());
              }
            });
    return values;
  }

  private static Problem problem(RoutingContext context, Throwable cause) {
    if (cause instanceof Problem problem) {
      return problem;
    }
    if (cause instanceof ReplayException e) {
      return switch (e.reason()) {
        case NO_EVENT -> Problem.notFound(String.valueOf(e.getMessage()));
        case NO_ROUTE -> Problem.parameter("route", String.valueOf(e.getMessage()));
        case NOT_DELIVERABLE ->
            new Problem(409, "not-deliverable", null, String.valueOf(e.getMessage()));
      };
    }
    if (cause instanceof SQLException e) {
      if ("57014".equals(e.getSQLState())) {
        return new Problem(
            503,
            "too-slow",
            null,
            "this takes too long at the size of the journal; narrow it, as by since, endpoint or route");
      }
      LOG.warn("The management API cannot read the journal: {}", e.getMessage());
      return new Problem(503, "database", null, "the database does not answer; ask again later");
    }
    LOG.error(
        "{} {} failed; this is a mistake in Payhook",
        context.request().method(),
        context.normalizedPath(),
        cause);
    return new Problem(500, "failed", null, "this failed; the log of the service says why");
  }

  private Object events(Request request) throws SQLException {
    Parameters given = request.parameters();
    JournalReader.Page<JournalReader.EventRow, UUID> page =
        reader.events(
            new JournalReader.EventQuery(
                given.text("endpoint"),
                given.text("type"),
                given.oneOf("state", JournalReader.EVENT_STATES),
                given.since(),
                given.text("search"),
                given.uuid("before"),
                given.limit(Parameters.LIMIT_DEFAULT, Parameters.LIMIT_MAX)));
    UUID next = page.next();
    return page(
        "events",
        page.items().stream().map(Trees::event).toList(),
        next == null ? null : next.toString());
  }

  private Object event(Request request) throws SQLException {
    UUID id = Parameters.uuid("id", request.id());
    JournalReader.EventDetail detail =
        reader
            .event(id)
            .orElseThrow(() -> Problem.notFound("there is no event " + id + " in the journal"));
    Map<String, @Nullable Object> tree = Trees.event(detail);
    UUID first = detail.event().conflictOf();
    if (first != null) {
      tree.put(
          "differences",
          reader
              .event(first)
              .map(other -> Differences.between(other.body(), detail.body()))
              .orElse(null));
    }
    return tree;
  }

  private Object deliveries(Request request) throws SQLException {
    Parameters given = request.parameters();
    String state = given.oneOf("state", JournalReader.DELIVERY_STATES);
    boolean orphaned = given.flag("orphaned");
    boolean open =
        orphaned || (state != null && List.of("pending", "running", "retrying").contains(state));
    if (orphaned && state != null && List.of("done", "dead", "skipped").contains(state)) {
      throw Problem.parameter(
          "orphaned",
          "a "
              + state
              + " delivery waits for no route; orphaned ones are pending, running or retrying");
    }
    JournalReader.Page<JournalReader.DeliveryRow, JournalReader.Position> page =
        reader.deliveries(
            new JournalReader.DeliveryQuery(
                state,
                given.text("route"),
                given.text("endpoint"),
                given.since(),
                orphaned,
                Cursors.delivery(given.text("after"), open),
                given.limit(Parameters.LIMIT_DEFAULT, Parameters.LIMIT_MAX)));
    return page(
        "deliveries", page.items().stream().map(Trees::delivery).toList(), Cursors.of(page.next()));
  }

  private static Map<String, @Nullable Object> page(
      String name, List<?> items, @Nullable Object next) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put(name, items);
    tree.put("next", next);
    return tree;
  }

  private Object endpoints(Request request) throws SQLException {
    JournalReader.SecretUse use = reader.secretUse(COUNT_MAX);
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    for (Catalogue.EndpointEntry entry : catalogue.endpoints()) {
      Map<String, @Nullable Object> tree = new LinkedHashMap<>();
      tree.put("name", entry.name());
      tree.put("provider", entry.provider());
      tree.put("url", entry.url());
      tree.put("secrets", entry.secrets());
      tree.put("matches", Trees.matches(entry, use.rows()));
      tree.put("warning", entry.warning());
      list.add(tree);
    }
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    answer.put("endpoints", list);
    answer.put("matchesSince", Trees.time(use.since()));
    return answer;
  }

  private Object providers(Request request) {
    List<Map<String, String>> list = new ArrayList<>();
    for (Catalogue.ProviderEntry entry : catalogue.providers()) {
      Map<String, String> tree = new LinkedHashMap<>();
      tree.put("name", entry.name());
      tree.put("title", entry.title());
      list.add(tree);
    }
    return Map.of("providers", list);
  }

  private Object subscriptions(Request request) throws SQLException {
    return Map.of(
        "subscriptions", reader.subscriptions().stream().map(Trees::subscription).toList());
  }

  private Object rejections(Request request) throws SQLException {
    Parameters given = request.parameters();
    JournalReader.Page<JournalReader.RejectionRow, Long> page =
        reader.rejections(
            given.text("endpoint"),
            given.oneOf("category", List.of("SIGNATURE", "MALFORMED", "SHED")),
            given.text("reason"),
            given.since(),
            given.number("before"),
            given.limit(Parameters.LIMIT_DEFAULT, Parameters.LIMIT_MAX));
    Long next = page.next();
    return page(
        "rejections",
        page.items().stream().map(Trees::rejection).toList(),
        next == null ? null : next.toString());
  }

  private Object summary(Request request) throws SQLException {
    return Trees.summary(reader.summary(COUNT_MAX));
  }
}

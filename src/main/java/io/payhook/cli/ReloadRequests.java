package io.payhook.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFiles;
import io.payhook.service.Service;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requested reloads: {@code POST /api/v1/reload}, as {@code payhook reload} sends it, and SIGHUP.
 * Nothing changes if any changed file cannot be used.
 */
final class ReloadRequests {
  private static final Logger LOG = LoggerFactory.getLogger(ReloadRequests.class);

  private final Service service;

  ReloadRequests(Service service) {
    this.service = service;
  }

  void mount(Router router) {
    router.post("/api/v1/reload").handler(this::reload);
    router
        .get("/api/v1/reload")
        .handler(
            context ->
                answer(
                    context,
                    200,
                    problems(Json.MAPPER.createObjectNode(), service.fileProblems())));
  }

  private void reload(RoutingContext context) {
    context
        .vertx()
        .executeBlocking(service::reload, false)
        .onSuccess(
            outcome -> {
              ObjectNode tree = Json.MAPPER.createObjectNode();
              ArrayNode changed = tree.putArray("changed");
              outcome.changed().forEach(file -> changed.add(file.toString()));
              ArrayNode settings = tree.putArray("settings");
              outcome.settings().forEach(settings::add);
              answer(
                  context,
                  outcome.problems().isEmpty() ? 200 : 409,
                  problems(tree, outcome.problems()));
            })
        .onFailure(context::fail);
  }

  private static ObjectNode problems(ObjectNode tree, Iterable<ReloadProblem> problems) {
    ArrayNode array = tree.putArray("problems");
    for (ReloadProblem problem : problems) {
      array
          .addObject()
          .put("file", problem.file().toString())
          .put("line", problem.line())
          .put("column", problem.column())
          .put("text", problem.text());
    }
    return tree;
  }

  private static void answer(RoutingContext context, int status, ObjectNode tree) {
    context
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .end(tree.toString());
  }

  /** Handles SIGHUP, on a thread of its own: the signal's thread must not be blocked. */
  void asked() {
    Thread thread =
        new Thread(
            () -> {
              try {
                RouteFiles.Outcome outcome = service.reload();
                LOG.info(
                    "Reload: {} taken over, {} can't be used.",
                    outcome.problems().isEmpty() ? outcome.changed().size() + " files" : "nothing",
                    outcome.problems().size());
              } catch (IllegalStateException e) {
                LOG.warn("No reload: {}", e.getMessage());
              }
            },
            "payhook-reload");
    thread.setDaemon(true);
    thread.start();
  }
}

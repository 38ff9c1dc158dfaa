package io.payhook.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.payhook.kit.Json;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;

/** Answers of the management port: JSON, for successes and errors alike. */
final class Reply {

  private Reply() {}

  static void json(RoutingContext context, int status, Object tree) {
    try {
      context
          .response()
          .setStatusCode(status)
          .putHeader("Content-Type", "application/json")
          .end(Buffer.buffer(Json.MAPPER.writeValueAsBytes(tree)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of maps, lists and text is always JSON", e);
    }
  }

  static void problem(RoutingContext context, Problem problem) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("error", problem.error());
    if (problem.parameter() != null) {
      tree.put("parameter", problem.parameter());
    }
    tree.put("message", problem.getMessage());
    if (problem.status() == 401) {
      context.response().putHeader("WWW-Authenticate", "Bearer realm=\"payhook\"");
    }
    json(context, problem.status(), tree);
  }
}

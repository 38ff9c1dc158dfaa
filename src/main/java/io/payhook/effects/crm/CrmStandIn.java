package io.payhook.effects.crm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.effects.SafeName;
import io.payhook.effects.StandInFolder;
import io.payhook.kit.Digests;
import io.payhook.kit.Json;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stand-in for a CRM, for development only: each call is written to a JSON file {@code
 * 20261123T201502.123Z-000001-PUT-contacts_ada_example.com-3f5a….json} with method, path, headers
 * and body. A call that repeats an Idempotency-Key gets the same answer as the first one and
 * creates no second file, even after a restart.
 *
 * <p>Mounted on a route that ends in {@code *}; the path that it records is what follows the mount
 * point.
 */
public final class CrmStandIn implements Handler<RoutingContext> {
  private static final Logger LOG = LoggerFactory.getLogger(CrmStandIn.class);
  private static final Pattern FILE =
      Pattern.compile("[0-9TZ.]+-([0-9]+)-.*-([0-9a-f]{32})\\.json");
  private static final List<String> KEPT_HEADERS =
      List.of("Accept", "Content-Type", "Idempotency-Key", "User-Agent");
  private static final int LONGEST_PATH = 60;
  private static final int LONGEST_BODY = 1 << 20;

  private final StandInFolder folder;
  private final Clock clock;
  private final Set<String> seen = ConcurrentHashMap.newKeySet();

  /**
   * @param folder for the files; created if it does not exist
   * @throws IOException if it cannot be created or read
   */
  public CrmStandIn(Path folder, Clock clock) throws IOException {
    this.folder = new StandInFolder(folder);
    this.clock = clock;
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(file -> remember(file.getFileName().toString()));
    }
  }

  private void remember(String file) {
    Matcher matcher = FILE.matcher(file);
    if (matcher.matches()) {
      folder.continueFrom(Long.parseLong(matcher.group(1)));
      seen.add(matcher.group(2));
    }
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    if (isOfAWebPage(request)) {
      // A browser sends such a request to any address, including this one, without asking.
      context.response().setStatusCode(403).end();
    } else if (context.body() != null && context.body().available()) {
      answer(context, context.body().buffer());
    } else if (request.isEnded()) {
      answer(context, null);
    } else {
      read(context, request);
    }
  }

  private static boolean isOfAWebPage(HttpServerRequest request) {
    return request.getHeader("Origin") != null
        || "cross-site".equals(request.getHeader("Sec-Fetch-Site"));
  }

  /** Reads the body up to the limit. */
  private void read(RoutingContext context, HttpServerRequest request) {
    Buffer body = Buffer.buffer();
    request.handler(
        part -> {
          body.appendBuffer(part);
          if (body.length() > LONGEST_BODY) {
            request.handler(null);
            request.endHandler(null);
            request.exceptionHandler(closed -> {});
            tooLarge(context);
          }
        });
    request.endHandler(end -> answer(context, body));
    request.exceptionHandler(context::fail);
    // The router may have paused the request until its body is read.
    request.resume();
  }

  private static void tooLarge(RoutingContext context) {
    context
        .response()
        .setStatusCode(413)
        .end()
        .onComplete(sent -> context.request().connection().close());
  }

  private void answer(RoutingContext context, @Nullable Buffer body) {
    if (body != null && body.length() > LONGEST_BODY) {
      tooLarge(context);
      return;
    }
    context
        .vertx()
        .executeBlocking(() -> record(context, body), false)
        .onSuccess(
            answer ->
                context
                    .response()
                    .setStatusCode(answer.status)
                    .putHeader("Content-Type", "application/json")
                    .end(answer.json))
        .onFailure(context::fail);
  }

  private record Answer(int status, String json) {}

  private Answer record(RoutingContext context, @Nullable Buffer body) throws IOException {
    HttpServerRequest request = context.request();
    String path = pathAfterMount(context);
    String key = request.getHeader("Idempotency-Key");
    String seed = key == null ? UUID.randomUUID().toString() : key;
    String id = Digests.sha256Hex(seed.getBytes(StandardCharsets.UTF_8), 16);
    boolean first = seen.add(id);
    if (first) {
      try {
        write(request, path, body, id);
      } catch (IOException | RuntimeException e) {
        seen.remove(id);
        throw e;
      }
    }
    ObjectNode answer = Json.STRICT.createObjectNode();
    answer.put("id", id);
    answer.put("standIn", true);
    answer.put("repeated", !first);
    boolean created = first && request.method().equals(HttpMethod.POST);
    return new Answer(created ? 201 : 200, answer.toString());
  }

  private static String pathAfterMount(RoutingContext context) {
    String whole = context.request().path();
    String mount = context.currentRoute() == null ? null : context.currentRoute().getPath();
    String prefix = mount == null || mount.equals("/") ? "" : mount;
    return !prefix.isEmpty() && whole.startsWith(prefix)
        ? "/" + whole.substring(prefix.length()).replaceFirst("^/+", "")
        : whole;
  }

  private void write(HttpServerRequest request, String path, @Nullable Buffer body, String id)
      throws IOException {
    Instant now = clock.instant();
    ObjectNode call = Json.STRICT.createObjectNode();
    call.put("standIn", "nothing was sent; payhook.crm.url is not set");
    call.put("at", now.toString());
    call.put("method", request.method().name());
    call.put("path", path);
    if (request.query() != null) {
      call.put("query", request.query());
    }
    ObjectNode headers = call.putObject("headers");
    for (String name : KEPT_HEADERS) {
      String value = request.getHeader(name);
      if (value != null) {
        headers.put(name, value);
      }
    }
    call.set("body", body == null || body.length() == 0 ? null : json(body));

    String name =
        folder.name(
            now,
            "%s-%s-%s.json"
                .formatted(
                    SafeName.of(request.method().name(), 10),
                    SafeName.of(path.substring(1), LONGEST_PATH),
                    id));
    byte[] json =
        (Json.STRICT.writerWithDefaultPrettyPrinter().writeValueAsString(call) + "\n")
            .getBytes(StandardCharsets.UTF_8);
    Path file = folder.write(name, out -> out.write(json));
    LOG.info("Stand-in, nothing was sent: the CRM call {} is in {}", request.method(), file);
  }

  private static JsonNode json(Buffer body) {
    try {
      return Json.STRICT.readTree(body.getBytes());
    } catch (IOException e) {
      return Json.STRICT.getNodeFactory().textNode(body.toString(StandardCharsets.UTF_8));
    }
  }
}

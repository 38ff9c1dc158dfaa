package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import io.payhook.tools.routetest.Stub.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Everything beyond the service during one test: keeps what would have left, answers as the test
 * says, and notes what no test has an answer for.
 */
public final class Outside {
  private record Live(Stub stub, AtomicInteger next) {
    Reply reply() {
      int last = stub.replies().size() - 1;
      return stub.replies().get(next.getAndUpdate(now -> Math.min(now + 1, last)));
    }
  }

  private final List<Live> stubs = new ArrayList<>();
  private final List<Outgoing> taken = new CopyOnWriteArrayList<>();
  private final Set<String> refused = new LinkedHashSet<>();
  private final Set<String> idle = new LinkedHashSet<>();

  Outside(List<Stub> stubs) {
    stubs.forEach(stub -> this.stubs.add(new Live(stub, new AtomicInteger())));
  }

  /** What has left so far. */
  List<Outgoing> taken() {
    return taken;
  }

  /**
   * Takes a message; empty where nobody says what is answered.
   *
   * @param step where it leaves, if that is known
   */
  Optional<Reply> take(Outgoing message, @Nullable String step) {
    Optional<Reply> reply =
        stubs.stream()
            .filter(one -> one.stub.covers(message, step))
            .findFirst()
            .map(Live::reply)
            .map(found -> message.asksForToken() ? expired(found) : found);
    if (reply.isPresent()) {
      taken.add(message);
    }
    return reply;
  }

  /** Takes a message over HTTP, which is answered in any case. */
  Reply takeHttp(Outgoing message, @Nullable String step) {
    return take(message, step)
        .orElseGet(
            () -> {
              taken.add(message);
              ObjectNode json = Json.MAPPER.createObjectNode();
              Reply reply = new Reply(200, Reply.NOTHING.headers(), null, json, null);
              return message.asksForToken() ? expired(reply) : reply;
            });
  }

  /** Camel keeps tokens for the whole process, where the next test would find them. */
  private static Reply expired(Reply reply) {
    JsonNode json = reply.json();
    if (json == null && reply.body() != null) {
      json = Outgoing.json(reply.body().getBytes(StandardCharsets.UTF_8));
    }
    if (reply.status() != 200 || (json != null && !json.isObject())) {
      return reply;
    }
    ObjectNode now = json == null ? Json.MAPPER.createObjectNode() : json.deepCopy();
    if (!now.has("access_token")) {
      now.put("access_token", "test-token").put("token_type", "Bearer");
    }
    now.put("expires_in", 0);
    return new Reply(200, reply.headers(), null, now, null);
  }

  /** Notes what a test must not reach. */
  void refuse(String what) {
    synchronized (refused) {
      refused.add(what);
    }
  }

  /** What a test must not reach and was to be reached. */
  List<String> refused() {
    synchronized (refused) {
      return List.copyOf(refused);
    }
  }

  /** Notes a route that nothing starts during a test. */
  void idle(String route) {
    synchronized (idle) {
      idle.add(route);
    }
  }

  /** The routes that nothing starts during a test. */
  List<String> idle() {
    synchronized (idle) {
      return List.copyOf(idle);
    }
  }
}

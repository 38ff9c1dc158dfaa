package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Globs;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a far end answers in place of the real one; what isn't said may be anything.
 *
 * @param at the id of a step, or an address in which {@code *} stands for any text
 * @param replies one after another; the last one again and again
 */
record Stub(
    int line,
    @Nullable String at,
    @Nullable String method,
    @Nullable String url,
    @Nullable String host,
    @Nullable String path,
    List<Reply> replies) {

  /**
   * One answer. Of body, JSON and rows there is one at most.
   *
   * @param status where it is one over HTTP
   * @param rows what a query of a database gives
   */
  record Reply(
      int status,
      Map<String, String> headers,
      @Nullable String body,
      @Nullable JsonNode json,
      @Nullable List<Map<String, @Nullable Object>> rows) {
    static final Reply NOTHING = new Reply(200, Map.of(), null, null, null);
  }

  /** Whether it is about a message that leaves at this step. */
  boolean covers(Outgoing message, @Nullable String step) {
    return (at == null || at.equals(step) || matches(at, message.url()))
        && (method == null || method.equals(message.method()))
        && (url == null || matches(url, message.url()))
        && (host == null || message.isOf(host))
        && (path == null || matches(path, message.path()));
  }

  /** With or without the query. */
  private static boolean matches(String expected, String actual) {
    return Globs.matches(expected, actual)
        || Globs.matches(expected, actual.replaceFirst("\\?.*$", ""));
  }
}

package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Globs;
import io.payhook.kit.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A message that would have left the service.
 *
 * @param method of HTTP; empty where it is another protocol
 * @param url the whole address over HTTP, with its query; elsewhere the step's, without parameters
 * @param authority host, and port where one is written; empty where it isn't HTTP
 * @param path with its query, as it would have gone out; empty where it isn't HTTP
 * @param headers by names in any case
 */
record Outgoing(
    String method,
    String url,
    String authority,
    String path,
    Map<String, String> headers,
    byte[] body) {

  private static final Pattern SECRET =
      Pattern.compile("(?i)authorization|token|secret|cookie|password|api-?key");

  private static String hidden(String value) {
    int space = value.indexOf(' ');
    return value.substring(0, space + 1) + "…";
  }

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** Null where the body is empty or no JSON. */
  @Nullable JsonNode json() {
    return json(body);
  }

  static @Nullable JsonNode json(byte[] text) {
    try {
      return text.length == 0 ? null : Json.MAPPER.readTree(text);
    } catch (IOException e) {
      return null;
    }
  }

  /** Whether it goes to a host; the port counts where it is named. */
  boolean isOf(String host) {
    String whole = authority.toLowerCase(Locale.ROOT);
    String wanted = host.toLowerCase(Locale.ROOT);
    return Globs.matches(wanted, whole) || Globs.matches(wanted, whole.replaceFirst(":\\d+$", ""));
  }

  /** Whether it asks for an OAuth2 token, which is no effect of a route. */
  boolean asksForToken() {
    return method.equals("POST")
        && headers.getOrDefault("Content-Type", "").startsWith("application/x-www-form-urlencoded")
        && ("&" + text()).contains("&grant_type=");
  }

  /**
   * For a person; the host only where it isn't the CRM's.
   *
   * @param named the headers that matter
   */
  String told(Set<String> named) {
    JsonNode json = json();
    Map<String, String> shown = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    shown.putAll(headers);
    shown.keySet().removeIf(name -> named.stream().noneMatch(name::equalsIgnoreCase));
    // They may come from the environment, and this ends in a build server's log.
    shown.replaceAll((name, value) -> SECRET.matcher(name).find() ? hidden(value) : value);
    return ((method.isEmpty() ? "" : method + " ")
            + (authority.equals(HttpStand.CRM_HOST) ? path : url)
            + " "
            + (json == null ? text() : json.toString())
            + (shown.isEmpty() ? "" : " " + shown))
        .strip();
  }
}

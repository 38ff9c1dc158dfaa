package io.payhook.effects;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.jspecify.annotations.Nullable;

/**
 * The first step of the kamelet {@code crm-sink}: builds the request that camel-http sends, with no
 * path, query or headers but its own. Afterwards the variable {@code crmStatus} has the status of
 * the answer and {@code crmResponse} its JSON as maps and lists, or its text if it is not JSON; it
 * is unset if the answer is empty.
 */
public final class CrmSink extends Sink {
  private @Nullable RouteText path;
  private @Nullable String body;
  private @Nullable RouteText key;

  /** The path relative to the CRM's URL, with a query if the route has one. */
  public void setPath(String path) {
    this.path = text(path);
  }

  /** The JSON template of the request's body, relative to the folder of the route's file. */
  public void setBody(String body) {
    this.body = body.isBlank() ? null : body;
  }

  /** Distinguishes this call from others of the same delivery. */
  public void setKey(String key) {
    this.key = key.isBlank() ? null : text(key);
  }

  @Override
  public void process(Exchange exchange) {
    String target = target(exchange);
    int query = target.indexOf('?');
    Map<String, Object> headers = new HashMap<>();
    headers.put(Exchange.HTTP_PATH, query < 0 ? target : target.substring(0, query));
    if (query >= 0) {
      headers.put(Exchange.HTTP_RAW_QUERY, target.substring(query + 1));
    }
    headers.put("Idempotency-Key", CallKey.of(exchange, "crm-sink", key));
    headers.put("Accept", "application/json");
    String file = body;
    byte[] request = null;
    if (file != null) {
      headers.put(Exchange.CONTENT_TYPE, "application/json");
      request = json(exchange, Callers.file(exchange, file));
    }
    Undertaking.begin(exchange, request, headers, null, CrmSink::result);
  }

  /**
   * The path with every value percent-encoded. A value cannot leave its segment, and one that is
   * empty or consists of dots would name another resource than the route means, so it is refused.
   */
  private String target(Exchange exchange) {
    RouteText template = Objects.requireNonNull(path);
    return template.in(
        exchange,
        (value, text) -> {
          if (text.isEmpty() || text.chars().allMatch(c -> c == '.')) {
            throw new EffectException(
                "the CRM's path "
                    + template.source()
                    + ": "
                    + value.source()
                    + " is "
                    + (text.isEmpty() ? "empty" : "'" + text + "'")
                    + " for this event, which would name another resource");
          }
          return URLEncoder.encode(Bounds.text(text), StandardCharsets.UTF_8)
              .replace("+", "%20")
              .replace("*", "%2A");
        });
  }

  private byte[] json(Exchange exchange, Path file) {
    String text = effects().templates().render(file, new HashMap<>(exchange.getVariables()));
    checkJson(file, text);
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Refuses a body that is not JSON.
   *
   * @throws EffectException if a rendered body is not JSON
   */
  public static void checkJson(Path file, String text) {
    try {
      JsonNode tree = Json.STRICT.readTree(text);
      if (tree.isMissingNode()) {
        throw new EffectException(file + ": is empty; a JSON document would be right");
      }
    } catch (JsonProcessingException e) {
      throw new EffectException(
          file
              + (e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr())
              + ": isn't JSON once its values are in: "
              + e.getOriginalMessage()
              + "; write \"{{ value }}\" in quotes or {{ value | json }} without",
          e);
    }
  }

  private static void result(Exchange exchange) {
    Message answer = exchange.getMessage();
    exchange.setVariable("crmStatus", answer.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class));
    byte[] bytes = answer.getBody(byte[].class);
    if (bytes == null || bytes.length == 0) {
      exchange.removeVariable("crmResponse");
      return;
    }
    Object response;
    try {
      response = Json.STRICT.readValue(bytes, Object.class);
    } catch (IOException e) {
      response = new String(bytes, StandardCharsets.UTF_8);
    }
    exchange.setVariable("crmResponse", response);
  }
}

package io.payhook.intake;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.payhook.journal.Rejections;
import io.payhook.signature.Handshake;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Undecided;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.vertx.HttpMessage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signature step of the intake route, as bean {@code signature}: lets an authentic event
 * through with its {@code endpoint}, {@code eventType} and {@code eventKey} as variables, and
 * answers everything else itself. It reads the wire request, never Camel's headers, into which
 * query parameters are merged.
 */
public final class SignatureProcessor implements Processor {
  private static final Logger LOG = LoggerFactory.getLogger(SignatureProcessor.class);
  private static final int EXCERPT = 512;
  private static final long LOG_EVERY_NANOS = 1_000_000_000L;

  private final Endpoints endpoints;
  private final Rejections rejections;
  private final IntakeMeters meters;
  private final @Nullable String publicUrl;
  private final AtomicLong logged = new AtomicLong(Long.MIN_VALUE);

  /**
   * @param publicUrl what the platforms know this server by, or null where it stands on no other
   *     address than the one it sees
   */
  SignatureProcessor(
      Endpoints endpoints, Rejections rejections, IntakeMeters meters, @Nullable URI publicUrl) {
    this.endpoints = endpoints;
    this.rejections = rejections;
    this.meters = meters;
    this.publicUrl = publicUrl == null ? null : publicUrl.toString().replaceAll("/+$", "");
  }

  @Override
  public void process(Exchange exchange) {
    if (!(exchange.getMessage() instanceof HttpMessage http)) {
      throw new IllegalStateException(
          "the step 'signature' needs the request itself; it belongs right after platform-http");
    }
    HttpServerRequest request = http.getRequest();
    String name = Edge.endpointOf(request.path());
    ActiveEndpoint endpoint = name == null ? null : endpoints.get(name);
    if (endpoint == null) {
      end(exchange, endpoints.missing(name));
      return;
    }
    RawRequest raw = raw(request, http.getBody(byte[].class));
    Verdict verdict = endpoint.verifier().verify(raw);
    if (verdict instanceof VerifiedEvent event
        && !event.provider().eventMethods().contains(raw.method())) {
      end(exchange, Answer.METHOD_NOT_ALLOWED);
    } else if (verdict instanceof VerifiedEvent event) {
      event.leftOut().forEach(left -> refuse(endpoint, left, raw, request));
      Reception.begin(exchange, endpoint, event, request.uri());
      exchange.setVariable("endpoint", endpoint.name());
      exchange.setVariable("eventType", event.type());
      exchange.setVariable("eventKey", event.key());
    } else if (verdict instanceof Refused refused) {
      refuse(endpoint, refused, raw, request);
      end(
          exchange,
          refused.category() == Refused.Category.MALFORMED
              ? Answer.BAD_REQUEST
              : Answer.UNAUTHORIZED);
    } else if (verdict instanceof Undecided undecided) {
      LOG.debug(
          "Endpoint {} asks a sender to try again (503): {}.", endpoint.name(), undecided.why());
      end(exchange, Answer.UNDECIDED);
    } else if (verdict instanceof Handshake handshake) {
      end(
          exchange,
          new Answer(handshake.status(), handshake.contentType(), handshake.body(), 0, null));
    }
  }

  private static void end(Exchange exchange, Answer answer) {
    answer.write(exchange);
    exchange.setRouteStop(true);
  }

  private void refuse(
      ActiveEndpoint endpoint, Refused refused, RawRequest raw, HttpServerRequest request) {
    String remote = request.remoteAddress() == null ? null : request.remoteAddress().hostAddress();
    meters.rejected(endpoint.name(), refused.category().name(), refused.reason());
    rejections.record(
        new Rejections.Rejection(
            endpoint.name(),
            refused.category().name(),
            refused.reason(),
            refused.detail(),
            remote,
            headersJson(raw.headers(), endpoint.credentialHeaders()),
            raw.body().length,
            new String(
                raw.body(), 0, Math.min(EXCERPT, raw.body().length), StandardCharsets.UTF_8)));
    long now = System.nanoTime();
    long last = logged.get();
    if ((last == Long.MIN_VALUE || now - last > LOG_EVERY_NANOS)
        && logged.compareAndSet(last, now)) {
      LOG.warn(
          "{}: endpoint {} refused a request from {}: {}. The sender sees no reason; see the table payhook.rejection.",
          refused.category(),
          endpoint.name(),
          remote,
          refused.detail());
    }
  }

  private RawRequest raw(HttpServerRequest request, byte @Nullable [] body) {
    List<RawRequest.Header> headers = new ArrayList<>();
    String contentType = null;
    for (Map.Entry<String, String> header : request.headers()) {
      if (header.getKey().equalsIgnoreCase(Edge.WIRE_CONTENT_TYPE)) {
        contentType = header.getValue();
      } else if (!header.getKey().equalsIgnoreCase("Content-Type")) {
        headers.add(new RawRequest.Header(header.getKey(), header.getValue()));
      }
    }
    if (contentType != null) {
      headers.add(new RawRequest.Header("Content-Type", contentType));
    }
    return new RawRequest(
        request.method().name(), url(request), headers, body == null ? new byte[0] : body);
  }

  /** The absolute URL: some platforms sign it, as they know it. */
  private String url(HttpServerRequest request) {
    if (publicUrl != null) {
      return publicUrl + request.uri();
    }
    String host = request.getHeader("Host");
    return request.scheme() + "://" + (host == null ? "localhost" : host) + request.uri();
  }

  /**
   * {@code [[name, value], …]}, readable by people and by {@code json_array_elements}.
   *
   * @param credentials names of headers whose value is the secret itself: what is kept says only
   *     that they were there
   */
  static String headersJson(List<RawRequest.Header> headers, List<String> credentials) {
    StringBuilder json = new StringBuilder(64 * headers.size() + 2).append('[');
    JsonStringEncoder encoder = JsonStringEncoder.getInstance();
    for (RawRequest.Header header : headers) {
      if (json.length() > 1) {
        json.append(", ");
      }
      json.append("[\"");
      encoder.quoteAsString(header.name(), json);
      json.append("\", \"");
      boolean secret = credentials.stream().anyMatch(header.name()::equalsIgnoreCase);
      encoder.quoteAsString(secret ? "(secret)" : header.value(), json);
      json.append("\"]");
    }
    return json.append(']').toString();
  }
}

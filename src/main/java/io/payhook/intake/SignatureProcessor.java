package io.payhook.intake;

import io.payhook.signature.Handshake;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Undecided;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.vertx.HttpMessage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signature step of the intake route, bean {@code signature}: lets an authentic event through
 * with its {@code endpoint}, {@code eventType} and {@code eventKey} as variables, and answers
 * everything else itself. It reads the wire request, never Camel's headers, into which query
 * parameters are merged.
 */
public final class SignatureProcessor implements Processor {
  private static final Logger LOG = LoggerFactory.getLogger(SignatureProcessor.class);

  private final Endpoints endpoints;
  private final Refusals refusals;
  private final @Nullable String publicUrl;

  /**
   * @param publicUrl the public base URL of this server, or null to use the request's own host
   */
  SignatureProcessor(Endpoints endpoints, Refusals refusals, @Nullable URI publicUrl) {
    this.endpoints = endpoints;
    this.refusals = refusals;
    this.publicUrl = publicUrl == null ? null : publicUrl.toString().replaceAll("/+$", "");
  }

  @Override
  public void process(Exchange exchange) {
    Arrived arrived = exchange.getProperty(IntakeConsumer.ARRIVED, Arrived.class);
    if (!(exchange.getMessage() instanceof HttpMessage http) || arrived == null) {
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
    RawRequest raw =
        new RawRequest(request.method().name(), url(request), arrived.headers, arrived.body);
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
      byte[] text = handshake.text().getBytes(StandardCharsets.UTF_8);
      end(exchange, new Answer(handshake.status(), handshake.contentType(), text, 0, null));
    }
  }

  private static void end(Exchange exchange, Answer answer) {
    answer.write(exchange);
    exchange.setRouteStop(true);
  }

  private void refuse(
      ActiveEndpoint endpoint, Refused refused, RawRequest raw, HttpServerRequest request) {
    refusals.add(endpoint, refused, request, raw.headers(), raw.body(), raw.body().length);
  }

  /** The absolute URL as the platform knows it; some platforms sign it. */
  private String url(HttpServerRequest request) {
    if (publicUrl != null) {
      return publicUrl + request.uri();
    }
    String host = request.getHeader("Host");
    return request.scheme() + "://" + (host == null ? "localhost" : host) + request.uri();
  }
}

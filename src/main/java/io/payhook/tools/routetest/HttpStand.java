package io.payhook.tools.routetest;

import io.payhook.kit.Json;
import io.payhook.tools.routetest.RouteTest.Fault;
import io.payhook.tools.routetest.Stub.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.camel.component.http.HttpEndpoint;
import org.apache.hc.client5.http.HttpRoute;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.io.ConnectionEndpoint;
import org.apache.hc.client5.http.io.HttpClientConnectionManager;
import org.apache.hc.client5.http.io.LeaseRequest;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Answers what routes ask over HTTP, in the process itself. Camel's own client makes the request,
 * whole and with all its headers; but what it takes for a connection is this, so no host is looked
 * up, no socket opened and no certificate needed.
 */
final class HttpStand {
  /** Where the CRM is during a test. */
  static final String CRM = "http://crm.test";

  static final String CRM_HOST = "crm.test";

  private final Outside outside;
  private final Faults faults;

  HttpStand(Outside outside, Faults faults) {
    this.outside = outside;
    this.faults = faults;
  }

  /** Has an endpoint ask here, whichever client or configuration it has. */
  void cover(HttpEndpoint endpoint) {
    HttpClientConfigurer own = endpoint.getHttpClientConfigurer();
    endpoint.setHttpClient(null);
    endpoint.setHttpClientConfigurer(
        builder -> {
          // First, since OAuth2 makes its own client of what the builder is by then.
          cover(builder);
          if (own != null) {
            own.configureHttpClient(builder);
            cover(builder);
          }
        });
  }

  private void cover(HttpClientBuilder builder) {
    builder.setConnectionManager(new Connections());
  }

  private ClassicHttpResponse answer(ClassicHttpRequest request, HttpRoute route)
      throws IOException {
    Outgoing message = outgoing(request, route.getTargetHost());
    Place place = Place.current();
    if (message.isOf(CRM_HOST)) {
      Optional<Fault> fault = faults.due("crm", message.headers().get("Idempotency-Key"));
      if (fault.isPresent()) {
        String with = fault.get().with();
        int status = with == null ? HttpStatus.SC_SERVICE_UNAVAILABLE : Integer.parseInt(with);
        return response(
            new Reply(status, Map.of(), null, Json.MAPPER.createObjectNode(), null), message);
      }
    }
    return response(outside.takeHttp(message, place == null ? null : place.step()), message);
  }

  private static Outgoing outgoing(ClassicHttpRequest request, HttpHost target) throws IOException {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Header header : request.getHeaders()) {
      headers.merge(header.getName(), header.getValue(), (one, other) -> one + ", " + other);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    HttpEntity entity = request.getEntity();
    if (entity != null) {
      entity.writeTo(body);
      if (entity.getContentType() != null) {
        headers.putIfAbsent("Content-Type", entity.getContentType());
      }
    }
    boolean usual =
        target.getPort() < 0
            || target.getPort() == (target.getSchemeName().equals("https") ? 443 : 80);
    String authority = target.getHostName() + (usual ? "" : ":" + target.getPort());
    return new Outgoing(
        request.getMethod(),
        target.getSchemeName() + "://" + authority + request.getRequestUri(),
        authority,
        request.getRequestUri(),
        headers,
        body.toByteArray());
  }

  private static ClassicHttpResponse response(Reply reply, Outgoing message) {
    ClassicHttpResponse response = new BasicClassicHttpResponse(reply.status());
    reply.headers().forEach(response::setHeader);
    byte[] body = body(reply);
    boolean none =
        message.method().equals("HEAD")
            || reply.status() == HttpStatus.SC_NO_CONTENT
            || reply.status() == HttpStatus.SC_NOT_MODIFIED;
    if (body != null && !none) {
      Header named = response.getFirstHeader("Content-Type");
      ContentType type =
          named != null
              ? ContentType.parse(named.getValue())
              : reply.json() != null ? ContentType.APPLICATION_JSON : ContentType.TEXT_PLAIN;
      if (named == null) {
        response.setHeader("Content-Type", type.toString());
      }
      response.setEntity(new ByteArrayEntity(body, type));
    }
    return response;
  }

  private static byte @Nullable [] body(Reply reply) {
    if (reply.json() != null) {
      return reply.json().toString().getBytes(StandardCharsets.UTF_8);
    }
    return reply.body() == null ? null : reply.body().getBytes(StandardCharsets.UTF_8);
  }

  /** Connections that are there at once and lead nowhere. */
  private final class Connections implements HttpClientConnectionManager {
    @Override
    public LeaseRequest lease(String id, HttpRoute route, Timeout timeout, Object state) {
      return new LeaseRequest() {
        @Override
        public ConnectionEndpoint get(Timeout ignored) {
          return new Connected(route);
        }

        @Override
        public boolean cancel() {
          return true;
        }
      };
    }

    @Override
    public void release(ConnectionEndpoint endpoint, Object state, TimeValue keepAlive) {}

    @Override
    public void connect(ConnectionEndpoint endpoint, TimeValue timeout, HttpContext context) {}

    @Override
    public void upgrade(ConnectionEndpoint endpoint, HttpContext context) {}

    @Override
    public void close(CloseMode mode) {}

    @Override
    public void close() {}
  }

  private final class Connected extends ConnectionEndpoint {
    private final HttpRoute route;

    Connected(HttpRoute route) {
      this.route = route;
    }

    @Override
    public ClassicHttpResponse execute(
        String id, ClassicHttpRequest request, RequestExecutor unused, HttpContext context)
        throws IOException {
      return answer(request, route);
    }

    @Override
    @Deprecated
    public ClassicHttpResponse execute(
        String id, ClassicHttpRequest request, HttpRequestExecutor unused, HttpContext context)
        throws IOException {
      return answer(request, route);
    }

    @Override
    public boolean isConnected() {
      return true;
    }

    @Override
    public void setSocketTimeout(Timeout timeout) {}

    @Override
    public void close(CloseMode mode) {}

    @Override
    public void close() {}
  }
}

package io.payhook.intake;

import io.payhook.journal.Receipt;
import io.payhook.signature.Provider;
import io.payhook.signature.VerifiedEvent;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a sender. A refusal looks the same for every reason: the reason is in the rejection
 * record, not in the answer.
 *
 * @param retryAfter seconds, or 0
 */
record Answer(
    int status, @Nullable String contentType, byte[] body, int retryAfter, @Nullable String allow) {
  static final Answer BAD_REQUEST = rejected(400, "the event can't be read");
  static final Answer UNAUTHORIZED = rejected(401, "the signature is missing or wrong");
  static final Answer NOT_FOUND = rejected(404, "there is no such endpoint");
  static final Answer METHOD_NOT_ALLOWED = methodNotAllowed(Set.of("POST"));
  static final Answer TOO_LARGE = rejected(413, "the body is too large");
  static final Answer TOO_SLOW = rejected(408, "the body did not come in time");
  static final Answer EXPECTATION_FAILED = rejected(417, "only 100-continue can be expected");
  static final Answer TOO_MANY_REQUESTS = tryAgain(429, "too many requests", 1);

  /**
   * The sender may try again once the certificate that the request names should have been fetched.
   */
  static final Answer UNDECIDED = tryAgain(503, "the event can't be checked now", 5);

  static final Answer REPLACED = tryAgain(503, "the endpoint is being replaced", 5);
  static final Answer UNAVAILABLE = tryAgain(503, "the event can't be kept now", 2);

  /**
   * The event is stored, now or earlier.
   *
   * @param event whose platform may require an answer of its own
   */
  private static Answer of(Receipt receipt, VerifiedEvent event) {
    Provider.Response own = event.provider().response(event).orElse(null);
    if (own != null && own.status() == 204) {
      return new Answer(204, null, new byte[0], 0, null);
    }
    int code = own == null ? 200 : own.status();
    if (own != null && own.body() != null) {
      String type = own.contentType() == null ? "text/plain" : own.contentType();
      return new Answer(code, type, own.body().getBytes(StandardCharsets.UTF_8), 0, null);
    }
    String status = receipt.status() == Receipt.Status.ACCEPTED ? "accepted" : "duplicate";
    return json(code, "{\"status\":\"" + status + "\",\"id\":\"" + receipt.id() + "\"}", 0);
  }

  /** A second method of an endpoint is only for handshakes. */
  static Answer methodNotAllowed(Set<String> methods) {
    return new Answer(
        405,
        "application/json",
        rejected(405, "an endpoint takes POST").body(),
        0,
        methods.stream().sorted(Comparator.reverseOrder()).collect(Collectors.joining(", ")));
  }

  private static Answer rejected(int status, String error) {
    return json(status, "{\"status\":\"rejected\",\"error\":\"" + error + "\"}", 0);
  }

  private static Answer tryAgain(int status, String error, int retryAfter) {
    return json(status, "{\"status\":\"unavailable\",\"error\":\"" + error + "\"}", retryAfter);
  }

  private static Answer json(int status, String json, int retryAfter) {
    return new Answer(
        status, "application/json", json.getBytes(StandardCharsets.UTF_8), retryAfter, null);
  }

  /** Makes this the answer of the exchange. */
  void write(Exchange exchange) {
    exchange.getMessage().removeHeaders("*");
    exchange.getMessage().setBody(this);
  }

  /** The answer of the exchange: 200 once its event is stored, whatever failed afterwards. */
  static Answer of(Exchange exchange) {
    if (exchange.getMessage().getBody() instanceof Answer answer) {
      return answer;
    }
    return of(Reception.of(exchange));
  }

  static Answer of(@Nullable Reception reception) {
    return reception == null || reception.receipt == null
        ? UNAVAILABLE
        : of(reception.receipt, reception.event);
  }

  void write(HttpServerResponse response) {
    write(response, () -> {});
  }

  /** Like {@link #write(HttpServerResponse)}, as the last answer on its connection. */
  void writeLast(HttpServerResponse response, Runnable close) {
    if (!response.headWritten()) {
      response.putHeader("Connection", "close");
    }
    write(response, close);
  }

  private void write(HttpServerResponse response, Runnable then) {
    if (response.ended() || response.closed()) {
      return;
    }
    response.setStatusCode(status);
    if (contentType != null) {
      response.putHeader("Content-Type", contentType);
    }
    if (retryAfter > 0) {
      response.putHeader("Retry-After", Integer.toString(retryAfter));
    }
    if (allow != null) {
      response.putHeader("Allow", allow);
    }
    response.end(Buffer.buffer(body)).onComplete(written -> then.run());
  }
}

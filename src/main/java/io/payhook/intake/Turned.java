package io.payhook.intake;

import io.payhook.signature.RawRequest;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a request is turned away before any route.
 *
 * @param detail why, for whoever investigates
 */
record Turned(Shed.Reason reason, Answer answer, String detail) {
  static final Turned NOT_FOUND =
      new Turned(Shed.Reason.NO_SUCH_ENDPOINT, Answer.NOT_FOUND, "there is no such endpoint");
  static final Turned REPLACED =
      new Turned(Shed.Reason.NOT_SERVING, Answer.REPLACED, "the endpoint is being replaced");
  static final Turned NOT_SERVING =
      new Turned(
          Shed.Reason.NOT_SERVING, Answer.UNAVAILABLE, "the service is starting or stopping");
  static final Turned JOURNAL =
      new Turned(Shed.Reason.JOURNAL, Answer.UNAVAILABLE, "the journal does not commit");
  static final Turned NO_ROOM =
      new Turned(
          Shed.Reason.NO_ROOM,
          Answer.UNAVAILABLE,
          "the bodies of other requests exhaust payhook.intake.bytes-in-flight");
  static final Turned BUSY =
      new Turned(
          Shed.Reason.BUSY,
          Answer.UNAVAILABLE,
          "payhook.intake.workers and payhook.intake.queue are full");
  static final Turned TOO_SLOW =
      new Turned(
          Shed.Reason.TOO_SLOW,
          Answer.TOO_SLOW,
          "the body did not arrive completely within payhook.intake.body-timeout");
  static final Turned BAD_CHUNKS = badRequest("the chunks of its body can't be read");

  private static final int LONGEST_METHOD = 20;

  /** Requests that are invalid whatever their endpoint. */
  static @Nullable Turned byTarget(HttpServerRequest request) {
    String uri = request.uri();
    if (uri == null || !uri.startsWith("/")) {
      // An absolute-form target would name the host of our own calls (RFC 9112, 3.2.2).
      return badRequest("the request's target is not a path");
    }
    int hosts = request.headers().getAll("Host").size();
    if (hosts > 1 || (hosts == 0 && HttpVersion.HTTP_1_1.equals(request.version()))) {
      // RFC 9112, 3.2.
      return badRequest(hosts == 0 ? "it has no Host header" : "it has more than one Host header");
    }
    return null;
  }

  /**
   * Requests that an endpoint does not accept. Some platforms perform a handshake by GET before
   * they post events.
   */
  static @Nullable Turned byHead(HttpServerRequest request, Set<String> methods) {
    String method = request.method().name();
    if (!methods.contains(method) && !method.equals("POST")) {
      return new Turned(
          Shed.Reason.METHOD,
          Answer.methodNotAllowed(methods),
          "the endpoint takes "
              + String.join(" and ", methods)
              + ", not "
              + method.substring(0, Math.min(LONGEST_METHOD, method.length())));
    }
    String expectation = request.getHeader("Expect");
    return expectation == null || expectation.equalsIgnoreCase("100-continue")
        ? null
        : new Turned(
            Shed.Reason.EXPECTATION,
            Answer.EXPECTATION_FAILED,
            "its header Expect asks for something other than 100-continue");
  }

  static Turned notFound(String path, String meant) {
    return new Turned(
        NOT_FOUND.reason,
        NOT_FOUND.answer,
        "there is no endpoint at " + path + "; did you mean " + meant + "?");
  }

  static Turned tooMany(int perSecond) {
    return new Turned(
        Shed.Reason.TOO_MANY,
        Answer.TOO_MANY_REQUESTS,
        "anybody can send it events, so it takes at most "
            + perSecond
            + " requests a second (payhook.intake.unsigned-rate)");
  }

  /**
   * @param size of the body; the maximum value if it is unknown
   */
  static Turned tooLarge(long size, long most) {
    return new Turned(
        Shed.Reason.TOO_LARGE,
        Answer.TOO_LARGE,
        "its body has "
            + (size == Long.MAX_VALUE ? "" : size + " bytes, ")
            + "more than the "
            + most
            + " bytes of payhook.intake.max-body");
  }

  private static Turned badRequest(String detail) {
    return new Turned(Shed.Reason.BAD_REQUEST, Answer.BAD_REQUEST, detail);
  }

  /** The Content-Length, or -1. */
  static long length(HttpServerRequest request) {
    String length = request.getHeader("Content-Length");
    try {
      return length == null ? -1 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  /** The Content-Length as recorded. */
  static int size(HttpServerRequest request) {
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, length(request)));
  }

  /** The headers, in the order received. */
  static List<RawRequest.Header> headers(HttpServerRequest request) {
    List<RawRequest.Header> headers = new ArrayList<>();
    for (Map.Entry<String, String> header : request.headers()) {
      headers.add(new RawRequest.Header(header.getKey(), header.getValue()));
    }
    return List.copyOf(headers);
  }
}

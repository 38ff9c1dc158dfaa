package io.payhook.intake;

import io.payhook.journal.Rejections;
import io.payhook.kit.PlainText;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts, records and logs requests that a verifier refused. */
final class Refusals {
  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
  private static final int EXCERPT = 512;
  private static final long LOG_EVERY_NANOS = 1_000_000_000L;

  private final Rejections rejections;
  private final IntakeMeters meters;
  private final AtomicLong logged = new AtomicLong(Long.MIN_VALUE);

  Refusals(Rejections rejections, IntakeMeters meters) {
    this.rejections = rejections;
    this.meters = meters;
  }

  /**
   * Adds a refusal.
   *
   * @param body what has arrived of it
   * @param size of the whole body, in bytes
   */
  void add(
      ActiveEndpoint endpoint,
      Refused refused,
      HttpServerRequest request,
      List<RawRequest.Header> headers,
      byte[] body,
      int size) {
    meters.rejected(endpoint.name(), refused.category().name(), refused.reason());
    // The sender of an authentic event will not send it in another form, so all of it is kept.
    boolean authentic = refused.category() == Refused.Category.MALFORMED;
    Supplier<Rejections.Rejection> rejection =
        () ->
            new Rejections.Rejection(
                endpoint.name(),
                refused.category().name(),
                refused.reason(),
                refused.detail(),
                remote(request),
                Credentials.masked(headers, endpoint.credentialHeaders()),
                size,
                excerpt(body),
                authentic ? body : null);
    if (authentic) {
      rejections.record(rejection.get());
    } else {
      rejections.record(endpoint.name(), refused.reason(), rejection);
    }
    long now = System.nanoTime();
    long last = logged.get();
    if ((last == Long.MIN_VALUE || now - last > LOG_EVERY_NANOS)
        && logged.compareAndSet(last, now)) {
      LOG.warn(
          "{}: endpoint {} refused a request from {}: {}. The sender sees no reason; see the table payhook.rejection.",
          refused.category(),
          endpoint.name(),
          remote(request),
          refused.detail());
    }
  }

  static @Nullable String remote(HttpServerRequest request) {
    return request.remoteAddress() == null ? null : request.remoteAddress().hostAddress();
  }

  private static String excerpt(byte[] body) {
    return PlainText.lines(
        new String(body, 0, Math.min(EXCERPT, body.length), StandardCharsets.UTF_8));
  }
}

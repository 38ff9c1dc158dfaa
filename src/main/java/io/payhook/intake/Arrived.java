package io.payhook.intake;

import io.payhook.signature.RawRequest;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A request that came whole: its body, and the place it takes until it is done with. */
final class Arrived {
  private static final String KEY = "payhook.arrived";

  final List<RawRequest.Header> headers;
  final byte[] body;
  private final Runnable leave;
  private final Runnable next;
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile boolean taken;

  /**
   * @param leave gives the place and the bytes back
   * @param next waits for the next request of the connection
   */
  Arrived(List<RawRequest.Header> headers, byte[] body, Runnable leave, Runnable next) {
    this.next = next;
    this.headers = headers;
    this.body = body;
    this.leave = leave;
  }

  /** Notes it for the request that the thread is at. */
  void note() {
    Vertx.currentContext().putLocal(KEY, this);
  }

  /** What came with the request that the thread is at; null for none. */
  static @Nullable Arrived ofRequest() {
    Context context = Vertx.currentContext();
    return context == null ? null : context.getLocal(KEY);
  }

  /** A route has it and calls {@link #leave} itself, however its client fares. */
  void take() {
    taken = true;
  }

  /** Its answer is written or its client gone. */
  void answered() {
    next.run();
    if (!taken) {
      leave();
    }
  }

  void leave() {
    if (left.compareAndSet(false, true)) {
      leave.run();
    }
  }
}

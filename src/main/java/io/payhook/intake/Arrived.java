package io.payhook.intake;

import io.payhook.signature.RawRequest;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A request that has arrived completely: its body, and the place it occupies until it is done. */
final class Arrived {
  private static final String KEY = "payhook.arrived";

  final List<RawRequest.Header> headers;
  final byte[] body;
  private final Runnable leave;
  private final Runnable next;
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile boolean taken;

  /**
   * @param leave releases the place and the bytes
   * @param next waits for the next request on the connection
   */
  Arrived(List<RawRequest.Header> headers, byte[] body, Runnable leave, Runnable next) {
    this.next = next;
    this.headers = headers;
    this.body = body;
    this.leave = leave;
  }

  /** Attaches it to the request that this thread is handling. */
  void note() {
    Vertx.currentContext().putLocal(KEY, this);
  }

  /** What belongs to the request that this thread is handling; null for none. */
  static @Nullable Arrived ofRequest() {
    Context context = Vertx.currentContext();
    return context == null ? null : context.getLocal(KEY);
  }

  /** Hands it to a route, which calls {@link #leave} itself, whatever happens to the client. */
  void take() {
    taken = true;
  }

  /** To be called when its answer is written or its client is gone. */
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

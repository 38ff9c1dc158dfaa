package io.payhook.intake;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Lets a few large bodies at a time be parsed and stored, in the order in which they arrived: a
 * parsed body can be many times its size.
 */
final class LargeBodies {
  private final long most;
  private final Queue<Waiting> waiting = new ArrayDeque<>();
  private long taken;

  private record Waiting(long bytes, Runnable begin) {}

  /**
   * @param most bytes of memory for all of them together
   */
  LargeBodies(long most) {
    this.most = most;
  }

  /** Begins now, or when those before it are done; must be followed by {@link #done}. */
  void begin(int body, Runnable begin) {
    synchronized (this) {
      waiting.add(new Waiting(Limits.reading(body), begin));
    }
    next();
  }

  /** Makes room for the next. */
  void done(int body) {
    synchronized (this) {
      taken -= Limits.reading(body);
    }
    next();
  }

  private void next() {
    while (true) {
      Waiting one;
      synchronized (this) {
        one = waiting.peek();
        if (one == null || (taken > 0 && taken + one.bytes > most)) {
          return;
        }
        waiting.remove();
        taken += one.bytes;
      }
      one.begin.run();
    }
  }
}

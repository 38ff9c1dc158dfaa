package io.payhook.intake;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Lets large bodies be read and kept a few at a time, in the order they came: what is made of a
 * body while it is read can be many times its size.
 */
final class LargeBodies {
  private final long most;
  private final Queue<Waiting> waiting = new ArrayDeque<>();
  private long taken;

  private record Waiting(long bytes, Runnable begin) {}

  /**
   * @param most bytes that all that is made of them may take
   */
  LargeBodies(long most) {
    this.most = most;
  }

  /** Begins now, or when those before it are done; {@link #done} must follow. */
  void begin(int body, Runnable begin) {
    synchronized (this) {
      waiting.add(new Waiting(Limits.reading(body), begin));
    }
    next();
  }

  /** Makes room for the next ones. */
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

package io.payhook.intake;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The budget for all bodies in memory. Large bodies leave a quarter of it to small ones, so that a
 * few senders of large bodies never block everyone else.
 */
final class Budget {
  private static final int SMALL = 64 * 1024;

  private final long most;
  private final AtomicLong held = new AtomicLong();

  Budget(long most) {
    this.most = most;
  }

  /**
   * Reserves bytes, all or none.
   *
   * @param bytes additional bytes that a body needs
   * @param size of the whole body including them
   */
  boolean reserve(long bytes, long size) {
    long limit = size <= SMALL ? most : most / 4 * 3;
    long before = held.get();
    while (before + bytes <= limit) {
      if (held.compareAndSet(before, before + bytes)) {
        return true;
      }
      before = held.get();
    }
    return false;
  }

  void release(long bytes) {
    held.addAndGet(-bytes);
  }

  long held() {
    return held.get();
  }
}

package io.payhook.delivery;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Who of the routes may take a connection of the pool that all share. A route that has none always
 * gets one before another gets one more: where a table is locked, the routes that use it wait, and
 * those of other tables go on.
 */
final class ConnectionShares {
  private final Map<String, Integer> used = new HashMap<>();
  private int size = Integer.MAX_VALUE;
  private int taken;
  private boolean closed;

  /**
   * @param connections for deliveries; those of the pool that others need are not among them
   */
  synchronized void limit(int connections) {
    size = Math.max(1, connections);
    notifyAll();
  }

  /** A route that uses the database from now on, and of which one connection is kept. */
  synchronized void add(String route) {
    used.putIfAbsent(route, 0);
  }

  synchronized void remove(String route) {
    used.remove(route, 0);
    notifyAll();
  }

  /**
   * Waits for a connection's worth.
   *
   * @return false when there was none in time
   */
  synchronized boolean take(String route, long patienceNanos) throws InterruptedException {
    add(route);
    long end = System.nanoTime() + patienceNanos;
    while (!closed && !mayTake(route)) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
    }
    if (closed) {
      return false;
    }
    used.merge(route, 1, Integer::sum);
    taken++;
    return true;
  }

  private boolean mayTake(String route) {
    int free = size - taken;
    if (used.getOrDefault(route, 0) == 0) {
      return free > 0;
    }
    long without = used.values().stream().filter(count -> count == 0).count();
    return free > without;
  }

  synchronized void giveBack(String route) {
    used.computeIfPresent(route, (key, count) -> Math.max(0, count - 1));
    taken--;
    notifyAll();
  }

  /** Nobody waits any more. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}

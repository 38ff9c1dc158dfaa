package io.payhook.delivery;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Divides the shared connection pool among the routes. A route that has no connection gets one
 * before another route gets an additional one: if a table is locked, the routes that use it wait,
 * and those that use other tables go on.
 */
final class ConnectionShares {
  private final Map<String, Integer> used = new HashMap<>();
  private int size = Integer.MAX_VALUE;
  private int taken;
  private boolean closed;

  /**
   * @param connections available to deliveries, without those reserved for others
   */
  synchronized void limit(int connections) {
    size = Math.max(1, connections);
    notifyAll();
  }

  /** Registers a route that uses the database; one connection is reserved for it. */
  synchronized void add(String route) {
    used.putIfAbsent(route, 0);
  }

  synchronized void remove(String route) {
    used.remove(route, 0);
    notifyAll();
  }

  /**
   * Waits for permission to take a connection.
   *
   * @return false if there was none in time
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

  /** Ends all waiting. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}

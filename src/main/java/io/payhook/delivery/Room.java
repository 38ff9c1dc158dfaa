package io.payhook.delivery;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Limits the attempts on this node by memory. They work on no more bytes at a time than memory
 * allows, however much waits. A delivery whose previous attempt ended without a result, perhaps
 * because it ended the process, runs alone, so that it cannot take others down and others cannot be
 * mistaken for it.
 *
 * <p>Alone means that nothing else runs on this node, and that while it lasts, nothing of its route
 * and no other such delivery runs. Whatever takes long to begin or to end is not waited for longer
 * than {@link #QUIET}, and after each such attempt the others get as much time as it had: one that
 * hangs must not stop the node.
 */
final class Room {
  /** Bytes of memory per byte of an event: read, parsed, rendered and encoded. */
  static final int SWELLING = 8;

  /** Events up to this size count as small: there is always room for them beside large ones. */
  static final int SMALL = 16 * 1024;

  private static final long QUIET = TimeUnit.SECONDS.toNanos(10);

  private final Map<String, Integer> inside = new HashMap<>();
  private final Map<String, Long> large = new HashMap<>();
  private final Deque<Object> alone = new ArrayDeque<>();
  private final Map<String, Integer> aloneWaiting = new HashMap<>();
  private long most;
  private long taken;
  private int all;
  private boolean closed;

  /** The attempt that runs alone, and until when it has the whole node to itself. */
  private @Nullable String solitary;

  private long solitaryUntil;

  /** Until when nothing begins, because one is waiting to run alone. */
  private long quietUntil;

  private boolean quiet;

  /** Until when no other may run alone. */
  private long sharedUntil = System.nanoTime();

  /** An attempt that is inside; closed when it ends. */
  final class Stay implements AutoCloseable {
    private final String route;
    private final long weight;
    private final boolean isLarge;
    private final boolean isAlone;
    private final long since = System.nanoTime();
    private final AtomicBoolean left = new AtomicBoolean();

    Stay(String route, long weight, boolean isLarge, boolean isAlone) {
      this.route = route;
      this.weight = weight;
      this.isLarge = isLarge;
      this.isAlone = isAlone;
    }

    @Override
    public void close() {
      if (left.compareAndSet(false, true)) {
        leave(this);
      }
    }
  }

  /**
   * @param most bytes of memory for all attempts together
   */
  Room(long most) {
    this.most = most;
  }

  synchronized void limit(long bytes) {
    most = bytes;
  }

  /** Enters for a small event; null if that would mean waiting. */
  synchronized @Nullable Stay tryEnter(String route) {
    long weight = (long) SMALL * SWELLING;
    return closed || held(route, System.nanoTime()) || !fits(route, weight, false)
        ? null
        : in(route, weight, false, false);
  }

  /**
   * Waits until there is room.
   *
   * @param size of the event's body
   * @return null if the room was closed meanwhile
   */
  synchronized @Nullable Stay enter(String route, int size, boolean beAlone)
      throws InterruptedException {
    long weight = (long) size * SWELLING;
    boolean isLarge = size > SMALL;
    // One that is too large to share would wait forever under load.
    return beAlone || weight > forLarge()
        ? enterAlone(route, weight)
        : enterShared(route, weight, isLarge);
  }

  private @Nullable Stay enterShared(String route, long weight, boolean isLarge)
      throws InterruptedException {
    while (!closed) {
      long now = System.nanoTime();
      if (!held(route, now) && fits(route, weight, isLarge)) {
        return in(route, weight, isLarge, false);
      }
      wait(untilNext(now));
    }
    return null;
  }

  private @Nullable Stay enterAlone(String route, long weight) throws InterruptedException {
    Object own = new Object();
    alone.add(own);
    aloneWaiting.merge(route, 1, Integer::sum);
    try {
      while (!closed) {
        long now = System.nanoTime();
        if (alone.peek() == own && solitary == null && now - sharedUntil >= 0) {
          if (!quiet) {
            quiet = true;
            quietUntil = now + QUIET;
          }
          if (all == 0 || (now - quietUntil >= 0 && !inside.containsKey(route))) {
            solitary = route;
            solitaryUntil = now + QUIET;
            return in(route, weight, false, true);
          }
        }
        wait(untilNext(now));
      }
      return null;
    } finally {
      if (alone.peek() == own) {
        quiet = false;
      }
      alone.remove(own);
      aloneWaiting.computeIfPresent(route, (key, count) -> count == 1 ? null : count - 1);
      notifyAll();
    }
  }

  /** Whether one that runs alone, or is about to, keeps the route's deliveries out. */
  private boolean held(String route, long now) {
    if (solitary != null) {
      return solitary.equals(route) || now - solitaryUntil < 0;
    }
    // A route's deliveries stop beginning while one of them waits for the others to end.
    return quiet && (now - quietUntil < 0 || aloneWaiting.containsKey(route));
  }

  /** Large events leave room for small ones, and each route leaves room for the others. */
  private boolean fits(String route, long weight, boolean isLarge) {
    if (all == 0) {
      return true;
    }
    if (!isLarge) {
      return taken + weight <= most;
    }
    Long own = large.get(route);
    return taken + weight <= forLarge() && (own == null || own + weight <= most / 4);
  }

  private long forLarge() {
    return most / 8 * 7;
  }

  private Stay in(String route, long weight, boolean isLarge, boolean isAlone) {
    if (isLarge) {
      large.merge(route, weight, Long::sum);
    }
    taken += weight;
    all++;
    inside.merge(route, 1, Integer::sum);
    return new Stay(route, weight, isLarge, isAlone);
  }

  private synchronized void leave(Stay stay) {
    taken -= stay.weight;
    all--;
    inside.computeIfPresent(stay.route, (key, count) -> count == 1 ? null : count - 1);
    if (stay.isAlone) {
      solitary = null;
      long now = System.nanoTime();
      sharedUntil = now + Math.min(now - stay.since, 2 * QUIET);
    }
    if (stay.isLarge) {
      large.computeIfPresent(
          stay.route, (key, bytes) -> bytes <= stay.weight ? null : bytes - stay.weight);
    }
    notifyAll();
  }

  /** Milliseconds until the earliest of these times. */
  private long untilNext(long now) {
    long next = QUIET;
    for (long time : new long[] {solitaryUntil, quietUntil, sharedUntil}) {
      long left = time - now;
      if (left > 0) {
        next = Math.min(next, left);
      }
    }
    return TimeUnit.NANOSECONDS.toMillis(next) + 1;
  }

  /** Lets nothing in from now on. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}

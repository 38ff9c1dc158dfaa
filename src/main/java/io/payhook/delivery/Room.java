package io.payhook.delivery;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Room for attempts on this node. They work on no more bytes at a time than memory allows, whatever
 * waits; and one whose attempt before ended without a result, perhaps because it ended the process,
 * runs alone, so that it can take nobody along and nobody can be taken for it.
 *
 * <p>Alone means: nothing else runs on this node, and as long as it lasts nothing of its route and
 * no other such delivery. What takes long to begin or to end is not waited for more than {@link
 * #QUIET}, and after each one the others get as much time as it had: one that hangs must not stop
 * the node.
 */
final class Room {
  /** What a byte of an event may come to in memory: read, parsed, rendered and encoded. */
  static final int SWELLING = 16;

  /** An event of this size is a small one: there is always room for it beside large ones. */
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

  /** The one that runs alone, and until when the whole node is its own. */
  private @Nullable String solitary;

  private long solitaryUntil;

  /** Until when nothing begins, for the sake of one that waits to be alone. */
  private long quietUntil;

  private boolean quiet;

  /** Until when no other may be alone. */
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
   * @param most bytes of memory for all attempts
   */
  Room(long most) {
    this.most = most;
  }

  synchronized void limit(long bytes) {
    most = bytes;
  }

  /** Goes in for a small event, unless one would have to wait; null then. */
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
   * @return null when the room was closed meanwhile
   */
  synchronized @Nullable Stay enter(String route, int size, boolean beAlone)
      throws InterruptedException {
    long weight = (long) size * SWELLING;
    boolean isLarge = size > SMALL;
    // What is too large for company would wait for ever under load.
    return beAlone || weight > most / 4 * 3
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

  /** Whether something that is alone, or is to be, keeps the route's deliveries out now. */
  private boolean held(String route, long now) {
    if (solitary != null) {
      return solitary.equals(route) || now - solitaryUntil < 0;
    }
    // A route's own do not go on beginning while one of it waits for them to end.
    return quiet && (now - quietUntil < 0 || aloneWaiting.containsKey(route));
  }

  /** Large ones leave room for small ones, and each route room for the others. */
  private boolean fits(String route, long weight, boolean isLarge) {
    if (all == 0) {
      return true;
    }
    if (!isLarge) {
      return taken + weight <= most;
    }
    Long own = large.get(route);
    return taken + weight <= most / 4 * 3 && (own == null || own + weight <= most / 4);
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

  /** Milliseconds until one of the times may be over. */
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

  /** Nothing goes in any more. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}

package io.payhook.delivery;

import io.payhook.journal.Claim;
import io.payhook.journal.SubscriptionTable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One subscribed route on this node: the claims it holds, how many of them run, and whether it
 * waits for its target. All methods are safe from any thread; what takes time runs on the executor.
 */
final class Lane {
  /** What is known of a claim that is held here. Times are {@link System#nanoTime()}. */
  static final class Held {
    final Claim claim;
    long leasedAt;
    long startedAt;
    @Nullable Thread thread;
    boolean interrupted;
    boolean lost;

    Held(Claim claim, long leasedAt) {
      this.claim = claim;
      this.leasedAt = leasedAt;
    }
  }

  final SubscriptionTable.Row subscription;
  final String route;
  final boolean ordered;
  final boolean transacted;
  final DeliveryOptions options;
  final Work consumer;
  private final int capacity;
  private final Executor executor;
  private final BiConsumer<Lane, Held> work;

  private final Deque<Held> waiting = new ArrayDeque<>();
  private final IdentityHashMap<Claim, Held> held = new IdentityHashMap<>();
  private int reserved;
  private int running;
  private boolean more = true;
  private boolean closed;
  private boolean probing;
  private long pausedUntil;
  private boolean paused;

  /**
   * @param options how its deliveries run, with what the route says of it
   * @param work runs a claim to its end, on a thread of the executor
   */
  Lane(
      SubscriptionTable.Row subscription,
      boolean transacted,
      DeliveryOptions options,
      Work consumer,
      Executor executor,
      BiConsumer<Lane, Held> work) {
    this.subscription = subscription;
    this.route = subscription.route();
    this.ordered = subscription.ordered();
    this.transacted = transacted;
    this.options = options;
    this.capacity = Math.max(64, 16 * options.concurrency());
    this.consumer = consumer;
    this.executor = executor;
    this.work = work;
  }

  /**
   * Keeps a place for a delivery that is about to be written as claimed; false while older ones
   * wait in the journal.
   */
  synchronized boolean reserve() {
    if (closed || ordered || more || paused || held.size() + reserved >= capacity) {
      return false;
    }
    reserved++;
    return true;
  }

  synchronized void unreserve() {
    reserved--;
    notifyAll();
  }

  /** Takes a claim that was made for a reserved place; false when the lane is closed. */
  boolean takeReserved(Claim claim) {
    boolean taken = take(claim);
    unreserve();
    return taken;
  }

  /** Takes a claim and runs it as soon as there is room; false when the lane is closed. */
  boolean take(Claim claim) {
    boolean start;
    synchronized (this) {
      if (closed) {
        return false;
      }
      Held item = new Held(claim, System.nanoTime());
      held.put(claim, item);
      waiting.add(item);
      start = running < limit();
      if (start) {
        running++;
      }
    }
    if (start) {
      executor.execute(this::drain);
    }
    return true;
  }

  private int limit() {
    return probing ? 1 : options.concurrency();
  }

  private void drain() {
    while (true) {
      Held next;
      synchronized (this) {
        next = running > limit() ? null : waiting.poll();
        if (next == null) {
          running--;
          notifyAll();
          return;
        }
        if (next.lost) {
          held.remove(next.claim);
          continue;
        }
        next.startedAt = System.nanoTime();
        next.thread = Thread.currentThread();
      }
      try {
        work.accept(this, next);
      } finally {
        synchronized (this) {
          next.thread = null;
          held.remove(next.claim);
          notifyAll();
        }
        // An interrupt that came too late must not hit the next delivery.
        Thread.interrupted();
      }
    }
  }

  /** How many more claims are welcome now. */
  synchronized int vacancy(long now) {
    if (closed || (paused && now - pausedUntil < 0)) {
      return 0;
    }
    if (paused) {
      // The wait is over: one delivery goes to see.
      return held.isEmpty() && reserved == 0 ? 1 : 0;
    }
    int most = ordered ? Math.min(capacity, 4 * options.concurrency()) : capacity;
    int free = most - held.size() - reserved;
    // Half a lane at a time: asking costs the same for one and for many.
    return free * 2 >= most ? free : 0;
  }

  /** The journal was asked for {@code asked} claims and gave {@code got}. */
  synchronized void claimed(int asked, int got) {
    more = got >= asked && asked > 0;
    if (paused && got > 0) {
      probing = true;
    }
  }

  /** Something for this lane waits in the journal. */
  synchronized void announce() {
    more = true;
  }

  synchronized boolean expectsMore() {
    return more && !closed;
  }

  /** The target is down: nothing runs until then. Returns the claims that were waiting here. */
  synchronized List<Held> pause(Duration wait) {
    paused = true;
    probing = true;
    more = true;
    pausedUntil = System.nanoTime() + wait.toNanos();
    List<Held> returned = new ArrayList<>(waiting);
    waiting.clear();
    returned.forEach(item -> held.remove(item.claim));
    return returned;
  }

  /** A delivery went through: the target is there, and all that waits here may run. */
  void resume() {
    int starts;
    synchronized (this) {
      paused = false;
      probing = false;
      starts = Math.max(0, Math.min(options.concurrency() - running, waiting.size()));
      running += starts;
    }
    for (int i = 0; i < starts; i++) {
      executor.execute(this::drain);
    }
  }

  synchronized boolean pausing() {
    return paused;
  }

  synchronized List<Held> held() {
    return new ArrayList<>(held.values());
  }

  synchronized int runningNow() {
    return running;
  }

  /** Takes nothing any more and returns the claims that have not begun. */
  synchronized List<Held> close() {
    closed = true;
    List<Held> returned = new ArrayList<>(waiting);
    waiting.clear();
    returned.forEach(item -> held.remove(item.claim));
    return returned;
  }

  /** Waits until nothing runs; false when time is up. */
  synchronized boolean awaitIdle(Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    while (running > 0 || reserved > 0) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }
}

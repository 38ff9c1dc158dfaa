package io.payhook.delivery;

import io.payhook.journal.Claim;
import io.payhook.journal.SubscriptionTable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One subscribed route on this node: the claims it holds, how many of them run, and whether it is
 * paused because its target is down. All methods are thread-safe; whatever takes time runs on the
 * executor.
 */
final class Lane {
  /**
   * Maximum total size of the events that wait here; further ones are read when their attempts
   * begin.
   */
  private static final long BYTES = 1 << 20;

  /** Attempts that keep running after being told to end, per attempt that may run. */
  private static final int LEFT_BEHIND = 4;

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
  private final Set<Held> held = Collections.newSetFromMap(new IdentityHashMap<>());
  private long bytes;
  private int reserved;
  private int running;
  private int leftBehind;
  private boolean more = true;
  private boolean closed;
  private boolean probing;
  private long pausedUntil;
  private boolean paused;

  /**
   * @param options how its deliveries run, including the route's own options
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
   * Reserves a place for a delivery that is about to be inserted as claimed; false while older ones
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

  /** Also reserves a run for a delivery that has a place; false if it would have to wait. */
  synchronized boolean reserveRun() {
    if (!waiting.isEmpty() || running >= limit()) {
      return false;
    }
    running++;
    return true;
  }

  synchronized void unreserveRun() {
    passOn();
  }

  /** Takes a claim for a reserved place; false if the lane is closed. */
  boolean takeReserved(Claim claim) {
    boolean taken = take(claim);
    unreserve();
    return taken;
  }

  /** Takes a claim for a reserved run and starts it; false if the lane is closed. */
  boolean begin(Claim claim, Room.Stay stay) {
    Held item = new Held(claim, System.nanoTime(), stay);
    boolean taken;
    synchronized (this) {
      taken = !closed;
      if (taken) {
        held.add(item);
      } else {
        running--;
      }
      unreserve();
    }
    if (taken) {
      executor.execute(() -> drain(item));
    }
    return taken;
  }

  /** Takes a claim and runs it as soon as there is room; false if the lane is closed. */
  boolean take(Claim claim) {
    boolean start;
    synchronized (this) {
      if (closed) {
        return false;
      }
      boolean keeps = claim.event().isRead() && bytes + claim.size() <= BYTES;
      Held item =
          new Held(keeps ? claim : claim.with(claim.event().unread()), System.nanoTime(), null);
      held.add(item);
      waiting.add(item);
      bytes += kept(item);
      start = running < limit();
      if (start) {
        running++;
      }
    }
    if (start) {
      executor.execute(() -> drain(null));
    }
    return true;
  }

  private static long kept(Held item) {
    return item.claim.event().isRead() ? item.claim.size() : 0;
  }

  private int limit() {
    return probing ? 1 : options.concurrency();
  }

  private void drain(@Nullable Held first) {
    @Nullable Held next = first;
    while (true) {
      synchronized (this) {
        if (next == null && running <= limit()) {
          next = waiting.poll();
          bytes -= next == null ? 0 : kept(next);
        }
        if (next == null) {
          running--;
          notifyAll();
          return;
        }
      }
      try {
        work.accept(this, next);
      } finally {
        // A late interrupt must not hit the next delivery.
        Thread.interrupted();
      }
      synchronized (this) {
        if (next.abandoned) {
          leftBehind--;
          return;
        }
        held.remove(next);
        notifyAll();
      }
      next = null;
    }
  }

  /** Hands a finished run to a waiting delivery. */
  private void passOn() {
    if (waiting.isEmpty() || running > limit()) {
      running--;
    } else {
      executor.execute(() -> drain(null));
    }
    notifyAll();
  }

  /**
   * Whether the place of an attempt that does not end may be given to another.
   *
   * @return false if too many have been left behind; then it keeps its place
   */
  synchronized boolean mayLeaveBehind() {
    return leftBehind < LEFT_BEHIND * options.concurrency();
  }

  synchronized void leaveBehind(Held item) {
    if (held.remove(item)) {
      item.abandoned = true;
      leftBehind++;
      passOn();
    }
  }

  /** How many more claims this lane can take. */
  synchronized int vacancy(long now) {
    if (closed || (paused && now - pausedUntil < 0)) {
      return 0;
    }
    if (paused) {
      // The wait is over: one delivery is the probe.
      return held.isEmpty() && reserved == 0 ? 1 : 0;
    }
    int most = ordered ? Math.min(capacity, 4 * options.concurrency()) : capacity;
    int free = most - held.size() - reserved;
    // Half a lane at a time: a query costs the same for one and for many.
    return free * 2 >= most ? free : 0;
  }

  /** The journal was asked for {@code asked} claims and returned {@code got}. */
  synchronized void claimed(int asked, int got) {
    more = got >= asked && asked > 0;
    if (paused && got > 0) {
      probing = true;
    }
  }

  /** A delivery for this lane waits in the journal. */
  synchronized void announce() {
    more = true;
  }

  synchronized boolean expectsMore() {
    return more && !closed;
  }

  /** Pauses the lane because its target is down. Returns the claims that were waiting here. */
  synchronized List<Held> pause(Duration wait) {
    paused = true;
    probing = true;
    more = true;
    pausedUntil = System.nanoTime() + wait.toNanos();
    return returned();
  }

  /** Ends the pause: the target answers, and whatever waits here may run. */
  void resume() {
    int starts;
    synchronized (this) {
      paused = false;
      probing = false;
      starts = Math.max(0, Math.min(options.concurrency() - running, waiting.size()));
      running += starts;
    }
    for (int i = 0; i < starts; i++) {
      executor.execute(() -> drain(null));
    }
  }

  synchronized boolean pausing() {
    return paused;
  }

  synchronized List<Held> held() {
    return new ArrayList<>(held);
  }

  synchronized int runningNow() {
    return running;
  }

  /** Stops taking claims, and returns those that have not begun. */
  synchronized List<Held> close() {
    closed = true;
    return returned();
  }

  private List<Held> returned() {
    List<Held> returned = new ArrayList<>(waiting);
    waiting.clear();
    bytes = 0;
    returned.forEach(held::remove);
    return returned;
  }

  /** Waits until nothing is running; false on timeout. */
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

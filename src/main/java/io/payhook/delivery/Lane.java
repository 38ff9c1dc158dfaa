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
 * One subscribed route on this node: the claims it holds, how many of them run, and whether it
 * waits for its target. All methods are safe from any thread; what takes time runs on the executor.
 */
final class Lane {
  /** Bytes of events that wait here; those of more are read again when their attempts begin. */
  private static final long BYTES = 1 << 20;

  /** Attempts that go on although they were told to end, for each that may run. */
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

  /** Keeps a run, too, for one that has a place; false when it would have to wait for one. */
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

  /** Takes a claim that was made for a reserved place; false when the lane is closed. */
  boolean takeReserved(Claim claim) {
    boolean taken = take(claim);
    unreserve();
    return taken;
  }

  /** Takes a claim that was made for a reserved run, and begins; false when the lane is closed. */
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

  /** Takes a claim and runs it as soon as there is room; false when the lane is closed. */
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
        // An interrupt that came too late must not hit the next delivery.
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

  /** A run that has ended here is there for what waits. */
  private void passOn() {
    if (waiting.isEmpty() || running > limit()) {
      running--;
    } else {
      executor.execute(() -> drain(null));
    }
    notifyAll();
  }

  /**
   * Gives the place of an attempt that does not end to another.
   *
   * @return false when too many were left behind already: then it keeps its place
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
    return returned();
  }

  /** The target is there, and all that waits here may run. */
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

  /** Takes nothing any more and returns the claims that have not begun. */
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

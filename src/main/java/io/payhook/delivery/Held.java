package io.payhook.delivery;

import io.payhook.journal.Claim;
import org.jspecify.annotations.Nullable;

/** What is known of a claim that is held here. Times are {@link System#nanoTime()}. */
final class Held {
  final Claim claim;

  /** Set where the attempt counts as begun already, in the event's own commit. */
  final boolean begun;

  volatile long leasedAt;

  /** Somebody else holds the claim, or may. */
  volatile boolean lost;

  /** Its place in the lane was given to another; under the lane's lock. */
  boolean abandoned;

  private Room.@Nullable Stay stay;
  private @Nullable Thread thread;
  private @Nullable Aborts aborts;
  private long startedAt;
  private long overdueSince;
  private boolean overdue;
  private boolean over;

  /**
   * @param stay in the room, for one that has begun; else null
   */
  Held(Claim claim, long leasedAt, Room.@Nullable Stay stay) {
    this.claim = claim;
    this.leasedAt = leasedAt;
    this.begun = stay != null;
    this.stay = stay;
  }

  synchronized void enters(Room.Stay its) {
    stay = its;
  }

  void leaves() {
    Room.Stay its;
    synchronized (this) {
      its = stay;
    }
    if (its != null) {
      its.close();
    }
  }

  /** The attempt begins, on this thread. */
  synchronized void starts(Aborts its) {
    aborts = its;
    startedAt = System.nanoTime();
    thread = Thread.currentThread();
  }

  /**
   * The attempt has ended, on this thread.
   *
   * @return false when it was given up before: then what became of it is decided
   */
  synchronized boolean ends() {
    thread = null;
    boolean counts = !over;
    over = true;
    return counts;
  }

  /** Whether it takes longer than it may, so that it was told to end. */
  synchronized boolean overdue() {
    return overdue;
  }

  /** Whether it was told to end, this long ago, and still runs. */
  synchronized boolean stuck(long now, long nanos) {
    return overdue && thread != null && !over && now - overdueSince > nanos;
  }

  synchronized boolean runs() {
    return thread != null && !over;
  }

  /** How long the attempt has run; 0 while it does not. */
  synchronized long ranFor(long now) {
    return thread == null ? 0 : now - startedAt;
  }

  /** Tells the attempt to end: what it has open is closed, its thread interrupted. */
  synchronized void end(long now) {
    if (thread != null && !overdue) {
      overdue = true;
      overdueSince = now;
      if (aborts != null) {
        aborts.run();
      }
      thread.interrupt();
    }
  }

  /** From now on it counts as ended, whatever its thread does; false when it had ended. */
  synchronized boolean giveUp() {
    if (over || thread == null) {
      return false;
    }
    over = true;
    return true;
  }
}

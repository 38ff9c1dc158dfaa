package io.payhook.delivery;

import io.payhook.journal.Claim;
import org.jspecify.annotations.Nullable;

/** A claim held by this node, and its state. Times are in terms of {@link System#nanoTime()}. */
final class Held {
  final Claim claim;

  /** Whether the attempt was recorded as begun in the event's own commit. */
  final boolean begun;

  volatile long leasedAt;

  /** Whether another node holds the claim, or may hold it. */
  volatile boolean lost;

  /** Whether its place in the lane was given to another; guarded by the lane's lock. */
  boolean abandoned;

  private Room.@Nullable Stay stay;
  private @Nullable Thread thread;
  private @Nullable Aborts aborts;
  private long startedAt;
  private long overdueSince;
  private boolean overdue;
  private boolean over;

  /**
   * @param stay in the room, if it has begun; otherwise null
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
   * @return false if it was given up before; then the delivery has been dealt with
   */
  synchronized boolean ends() {
    thread = null;
    boolean counts = !over;
    over = true;
    return counts;
  }

  /** Whether it exceeded its timeout and was told to end. */
  synchronized boolean overdue() {
    return overdue;
  }

  /** Whether it was told to end this long ago and is still running. */
  synchronized boolean stuck(long now, long nanos) {
    return overdue && thread != null && !over && now - overdueSince > nanos;
  }

  synchronized boolean runs() {
    return thread != null && !over;
  }

  /** How long the attempt has been running; 0 if it is not. */
  synchronized long ranFor(long now) {
    return thread == null ? 0 : now - startedAt;
  }

  /** Tells the attempt to end: closes what it has open and interrupts its thread. */
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

  /** Counts it as ended from now on, whatever its thread does; false if it had ended already. */
  synchronized boolean giveUp() {
    if (over || thread == null) {
      return false;
    }
    over = true;
    return true;
  }
}

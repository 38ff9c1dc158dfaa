package io.payhook.journal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether commits succeed, and if not, why. A commit that does not end counts as a failure, so
 * nobody has to wait for the network to give up.
 *
 * <p>Each change is logged, and each reason once per outage; when the state flaps, at most {@link
 * #CHANGES} changes a minute.
 */
final class CommitState {
  private static final Logger LOG = LoggerFactory.getLogger(CommitState.class);
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();
  private static final int CHANGES = 4;
  private static final int REASONS = 5;

  private final String name;
  private final String consequence;
  private final long patience;
  private final Map<Thread, Long> underWay = new ConcurrentHashMap<>();
  private volatile long lastCommit = System.nanoTime();
  private volatile @Nullable String problem;
  private volatile boolean told;
  private final Set<String> toldReasons = new HashSet<>();
  private final Deque<Long> toldAt = new ArrayDeque<>();

  /**
   * @param name of what commits, for the log
   * @param consequence a sentence for the log: what happens while nothing commits
   * @param patience how long a commit may take before it counts as failed
   */
  CommitState(String name, String consequence, Duration patience) {
    this.name = name;
    this.consequence = consequence;
    this.patience = patience.toNanos();
  }

  String name() {
    return name;
  }

  /** This thread begins a commit. */
  void begins() {
    underWay.put(Thread.currentThread(), System.nanoTime());
  }

  /** The commit of this thread succeeded. */
  void committed() {
    underWay.remove(Thread.currentThread());
    lastCommit = System.nanoTime();
    problem = null;
    if (told) {
      tell(null);
    }
  }

  /** The commit of this thread failed, or could not begin. */
  void failed(Exception cause) {
    underWay.remove(Thread.currentThread());
    String reason = GroupCommit.oneLine(cause);
    problem = reason;
    tell(reason);
  }

  /** The commit of this thread ended without revealing anything. */
  void ends() {
    underWay.remove(Thread.currentThread());
  }

  /** Whether nothing can be committed, or nothing has been for long enough to check. */
  boolean isDoubtful() {
    return problem != null || System.nanoTime() - lastCommit > patience;
  }

  /** Why nothing can be committed; null if something can. */
  @Nullable String problem() {
    String known = problem;
    if (known != null || !hangs()) {
      return known;
    }
    String reason =
        "a commit has not ended within "
            + Duration.ofNanos(patience).toMillis()
            + " ms; the database, or the way to it, does not answer";
    tell(reason);
    return reason;
  }

  /** If several commit at once, one that hangs does not stop the others. */
  private boolean hangs() {
    long now = System.nanoTime();
    if (now - lastCommit <= patience) {
      return false;
    }
    for (long since : underWay.values()) {
      if (now - since > patience) {
        return true;
      }
    }
    return false;
  }

  private synchronized void tell(@Nullable String reason) {
    long now = System.nanoTime();
    boolean down = reason != null;
    if (!down && !told) {
      return;
    }
    if (down != told) {
      toldAt.removeIf(at -> now - at > MINUTE);
      if (toldAt.size() == CHANGES) {
        return;
      }
      toldAt.add(now);
      told = down;
      toldReasons.clear();
    }
    if (reason == null) {
      LOG.info("The {} commits again.", name);
    } else if (toldReasons.size() < REASONS && toldReasons.add(reason.replaceAll("\\d+", "#"))) {
      LOG.warn("The {} can't commit: {}. {}", name, reason, consequence);
    }
  }
}

package io.payhook.routes;

import io.payhook.files.Tree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether files change, and says so once they have come to rest: an editor that writes a file
 * in pieces is waited for, and longer still a deploy that removes a folder and copies it back. It
 * asks the file system at an interval, which works on every platform, on network folders and across
 * links too.
 */
public final class Watch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Duration REST = Duration.ofMillis(120);

  /** Who saves without end must not keep everybody waiting. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** How long files that are gone may take to come back: a deploy copies its folders within it. */
  private static final Duration RETURN = Duration.ofSeconds(5);

  private final List<Path> places;
  private final Runnable changed;
  private final Duration returning;
  private final Thread thread;
  private boolean closing;
  private List<Tree> seen = List.of();

  private Watch(List<Path> places, Runnable changed, Duration returning) {
    this.places = places;
    this.changed = changed;
    this.returning = returning;
    this.thread = new Thread(this::run, "payhook-watch");
    thread.setDaemon(true);
  }

  /**
   * Begins to look.
   *
   * @param places folders with all below them, and files
   * @param changed runs on the watch's own thread
   */
  public static Watch over(List<Path> places, Runnable changed) {
    return over(places, changed, RETURN);
  }

  /**
   * As {@link #over(List, Runnable)}.
   *
   * @param returning how long files that are gone may take to come back
   */
  public static Watch over(List<Path> places, Runnable changed, Duration returning) {
    Watch watch = new Watch(List.copyOf(places), changed, returning);
    watch.seen = watch.look();
    watch.thread.start();
    return watch;
  }

  private void run() {
    while (pause(INTERVAL)) {
      List<Tree> now = look();
      if (!now.equals(seen)) {
        seen = rested(now);
        if (isClosing()) {
          return;
        }
        try {
          changed.run();
        } catch (RuntimeException e) {
          LOG.error(
              "What changed in {} could not be taken over; this is a mistake in Payhook",
              places,
              e);
        }
      }
    }
  }

  private synchronized boolean isClosing() {
    return closing;
  }

  /** False when it is time to end. */
  private synchronized boolean pause(Duration length) {
    long end = System.nanoTime() + length.toNanos();
    while (!closing) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return true;
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        return false;
      }
    }
    return false;
  }

  private List<Tree> rested(List<Tree> first) {
    long begin = System.nanoTime();
    List<Tree> before = first;
    boolean told = false;
    while (pause(REST)) {
      List<Tree> now = look();
      Set<Path> gone = files(seen);
      gone.removeAll(files(now));
      long waited = System.nanoTime() - begin;
      boolean back = gone.isEmpty() || waited > returning.toNanos();
      if (back && (now.equals(before) || waited > PATIENCE.toNanos())) {
        return now;
      }
      if (!back && !told) {
        told = true;
        LOG.info(
            "{} is gone{}; what runs goes on for {} s, in case it comes back.",
            ReloadProblem.shown(gone.iterator().next()),
            gone.size() == 1 ? "" : ", with " + (gone.size() - 1) + " other files",
            returning.toSeconds());
      }
      before = now;
    }
    return before;
  }

  private static Set<Path> files(List<Tree> trees) {
    Set<Path> files = new TreeSet<>();
    trees.forEach(tree -> files.addAll(tree.files()));
    return files;
  }

  private List<Tree> look() {
    List<Tree> trees = new ArrayList<>();
    places.forEach(place -> trees.add(Tree.of(place)));
    return trees;
  }

  /** Ends it; a change that is being taken over is finished first. */
  @Override
  public void close() {
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    try {
      thread.join(Duration.ofSeconds(60).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package io.payhook.routes;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether files change, and says so once they have come to rest: an editor that writes a file
 * in pieces is waited for. It asks the file system at an interval, which works on every platform
 * and on network folders too.
 */
public final class Watch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Duration REST = Duration.ofMillis(120);

  /** Who saves without end must not keep everybody waiting. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final List<Path> places;
  private final Runnable changed;
  private final Thread thread;
  private boolean closing;
  private long seen;

  private Watch(List<Path> places, Runnable changed) {
    this.places = places;
    this.changed = changed;
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
    Watch watch = new Watch(List.copyOf(places), changed);
    watch.seen = watch.fingerprint();
    watch.thread.start();
    return watch;
  }

  private void run() {
    while (pause(INTERVAL)) {
      long now = fingerprint();
      if (now != seen) {
        seen = rested(now);
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

  private long rested(long first) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    long before = first;
    while (System.nanoTime() < end && pause(REST)) {
      long now = fingerprint();
      if (now == before) {
        return now;
      }
      before = now;
    }
    return before;
  }

  /** Of the names, times and sizes of all files. */
  private long fingerprint() {
    Fingerprint print = new Fingerprint();
    for (Path place : places) {
      try {
        if (Files.exists(place)) {
          Files.walkFileTree(place, print);
        }
      } catch (IOException e) {
        print.add(e.toString().hashCode());
      }
    }
    return print.value;
  }

  private static final class Fingerprint extends SimpleFileVisitor<Path> {
    private long value;

    /** The order of a folder's files means nothing. */
    void add(int... parts) {
      long one = 1;
      for (int part : parts) {
        one = one * 1_000_003 + part;
      }
      value += one * one;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      Object key = attributes.fileKey();
      add(
          file.hashCode(),
          Long.hashCode(attributes.size()),
          attributes.lastModifiedTime().hashCode(),
          key == null ? 0 : key.hashCode());
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      add(file.hashCode());
      return FileVisitResult.CONTINUE;
    }
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

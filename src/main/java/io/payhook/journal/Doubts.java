package io.payhook.journal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Events whose commit failed without a word from the server. It may have come about all the same,
 * or still come about when a lock is free, and then with deliveries that were begun in it: in the
 * journal this process runs them, and it knows nothing of them.
 */
final class Doubts {
  private static final int MOST = 1_000;
  private static final long NANOS = TimeUnit.HOURS.toNanos(1);

  private final Map<UUID, Long> since =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Long> eldest) {
          return size() > MOST;
        }
      };

  synchronized void add(UUID event) {
    since.put(event, System.nanoTime());
  }

  synchronized List<UUID> events() {
    long now = System.nanoTime();
    since.values().removeIf(at -> now - at > NANOS);
    return List.copyOf(since.keySet());
  }
}

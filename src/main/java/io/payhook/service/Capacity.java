package io.payhook.service;

import com.sun.management.UnixOperatingSystemMXBean;
import io.payhook.intake.Limits;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/**
 * What this process can hold. Deliveries may use a share of the heap, and the intake has two more
 * of the same size, see {@link Limits#within}; the rest is for the program itself.
 */
final class Capacity {
  /** One part in this many of the heap is for events that routes are working on. */
  private static final double DELIVERY = 0.25;

  private static final long MB = 1 << 20;

  private Capacity() {}

  /** Bytes for attempts of deliveries. */
  static long delivery() {
    return (long) (DELIVERY * (double) Runtime.getRuntime().maxMemory());
  }

  /**
   * A message about events that are so large for this heap that they run one at a time.
   *
   * @param largest maximum size of a body
   * @param swelling bytes of memory that an attempt uses per byte
   */
  static Optional<String> tight(long largest, int swelling) {
    long needs = largest * swelling;
    if (needs <= delivery() / 2) {
      return Optional.empty();
    }
    return Optional.of(
        ("An event of payhook.intake.max-body (%d MB) may take %d MB while a route works on it, and"
                + " this heap has %d MB for that: such events run one at a time. With"
                + " JAVA_OPTS=-Xmx%dm they need not.")
            .formatted(
                largest / MB, needs / MB, delivery() / MB, (long) (needs * 2 / DELIVERY) / MB));
  }

  /**
   * The limits of the intake.
   *
   * @throws StartException if they do not fit the heap
   */
  static Limits intake(Settings settings) {
    int connections = settings.get(Key.INTAKE_CONNECTIONS);
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      // The database, the routes' calls and files need some, too.
      connections = (int) Math.min(connections, system.getMaxFileDescriptorCount() / 4 * 3);
    }
    try {
      return Limits.within(
          Runtime.getRuntime().maxMemory(),
          settings.get(Key.INTAKE_MAX_BODY),
          settings.get(Key.INTAKE_WORKERS) + settings.get(Key.INTAKE_QUEUE),
          settings.get(Key.INTAKE_BYTES).orElse(0L),
          connections,
          settings.get(Key.INTAKE_BODY_TIMEOUT),
          settings.get(Key.INTAKE_UNSIGNED_RATE));
    } catch (IllegalArgumentException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }
}

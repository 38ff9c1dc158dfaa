package io.payhook.delivery;

import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the leases of claims that are held for long, and ends attempts that exceed their timeout.
 */
final class Leases implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leases.class);

  private final Deliveries deliveries;
  private final DeliveryOptions options;
  private final Attempts attempts;
  private final Supplier<Collection<Lane>> lanes;
  private final Thread thread = new Thread(this::keep, "payhook-leases");
  private volatile boolean closing;
  private boolean failing;

  Leases(
      Deliveries deliveries,
      DeliveryOptions options,
      Attempts attempts,
      Supplier<Collection<Lane>> lanes) {
    this.deliveries = deliveries;
    this.options = options;
    this.attempts = attempts;
    this.lanes = lanes;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void keep() {
    while (!closing) {
      LockSupport.parkNanos(
          this, Math.min(TimeUnit.MILLISECONDS.toNanos(500), options.lease().toNanos() / 6));
      long now = System.nanoTime();
      List<Held> renew = new ArrayList<>();
      for (Lane lane : lanes.get()) {
        long timeout = lane.options.timeout().toNanos();
        for (Held held : lane.held()) {
          if (held.ranFor(now) > timeout) {
            held.end(now);
          }
          if (held.stuck(now, Attempts.GRACE.toNanos())) {
            attempts.giveUp(lane, held);
          } else if (now - held.leasedAt > options.lease().toNanos() / 3) {
            renew.add(held);
          }
        }
      }
      if (!renew.isEmpty()) {
        renew(renew);
      }
    }
  }

  private void renew(List<Held> held) {
    try {
      long now = System.nanoTime();
      Set<Claim> renewed = deliveries.renew(held.stream().map(item -> item.claim).toList());
      for (Held item : held) {
        if (renewed.contains(item.claim)) {
          item.leasedAt = now;
        } else {
          item.lost = true;
        }
      }
      failing = false;
    } catch (SQLException | RuntimeException e) {
      if (!failing && !closing) {
        LOG.warn("Leases cannot be renewed: {}", e.getMessage());
      }
      failing = true;
    }
  }

  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
  }
}

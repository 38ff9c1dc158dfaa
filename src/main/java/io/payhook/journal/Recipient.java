package io.payhook.journal;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A subscribed route that gets an event: one delivery is inserted for it in the event's own commit.
 */
public interface Recipient {
  /** The route's id. */
  String route();

  /** Whether the route gets the events of an entity one at a time. */
  boolean ordered();

  /**
   * True to insert the delivery as claimed by this node, which then gets it through {@link
   * #committed} without a query.
   */
  boolean claimed();

  /**
   * The process that begins a claimed delivery as soon as it is inserted; null if the delivery only
   * waits there. Called when the event is about to be written.
   *
   * @param size of the event's body
   */
  default @Nullable UUID begins(int size) {
    return null;
  }

  /**
   * Whether this recipient has to confirm the event before any other recipient gets it; until then
   * it is the only one.
   */
  default boolean confirms() {
    return false;
  }

  /** Whether an open question about the same entity covers this event too. */
  default boolean joins() {
    return false;
  }

  /**
   * The event is committed. A claimed recipient now holds the claim; any other is notified that
   * there is work.
   */
  void committed(Claim claim);

  /** This process does not hold such a delivery: the event was a duplicate or the commit failed. */
  void dropped();
}

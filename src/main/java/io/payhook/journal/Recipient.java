package io.payhook.journal;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A subscribed route that is to get an event: one delivery is written for it in the event's own
 * commit.
 */
public interface Recipient {
  /** The route's id. */
  String route();

  /** Whether events of one entity reach the route one at a time. */
  boolean ordered();

  /**
   * True to write the delivery as already claimed by this node, which then gets it through {@link
   * #committed} without a query.
   */
  boolean claimed();

  /**
   * The process that begins a claimed delivery as soon as it is written; null where it only waits
   * then. Asked when the event is about to be written.
   *
   * @param size of the event's body
   */
  default @Nullable UUID begins(int size) {
    return null;
  }

  /**
   * Whether the event is not to be believed before this recipient has had it confirmed; it then has
   * no other recipient yet.
   */
  default boolean confirms() {
    return false;
  }

  /**
   * The event is in the journal. A claimed recipient now holds the claim; another one is told that
   * there is work.
   */
  void committed(Claim claim);

  /** This process does not hold such a delivery: the event was a duplicate or the commit failed. */
  void dropped();
}

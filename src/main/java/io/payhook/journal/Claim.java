package io.payhook.journal;

/**
 * The right to run one delivery once, until its lease ends. Whoever completes it must still hold
 * it: the pair of node and attempt is the fence.
 *
 * @param route the subscribed route's id
 * @param run 1, and one more for each replay of a done delivery
 * @param attempt from 1
 * @param node who holds it
 */
public record Claim(StoredEvent event, String route, int run, int attempt, String node) {
  /**
   * Stable over all attempts, other for each delivery: what a receiver can recognise a repeat by.
   */
  public String idempotencyKey() {
    return event.id() + "." + route + (run > 1 ? ".r" + run : "");
  }
}

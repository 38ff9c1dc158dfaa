package io.payhook.journal;

/**
 * The right to run one delivery once, until its lease ends. Whoever completes it must still hold
 * it: the pair of node and attempt is the fence.
 *
 * @param route the subscribed route's id
 * @param run 1, and one more for each replay of a done delivery
 * @param attempt from 1; goes on after a replay, so that no number comes twice
 * @param forgiven attempts before the last replay, which count no more
 * @param node who holds it
 */
public record Claim(
    StoredEvent event, String route, int run, int attempt, int forgiven, String node) {

  /** The claim of a delivery that was never replayed. */
  public Claim(StoredEvent event, String route, int run, int attempt, String node) {
    this(event, route, run, attempt, 0, node);
  }

  /** Attempts since the last replay, this one included: what {@code maxAttempts} limits. */
  public int tries() {
    return attempt - forgiven;
  }

  /**
   * Stable over all attempts, other for each delivery: what a receiver can recognise a repeat by.
   */
  public String idempotencyKey() {
    return event.id() + "." + route + (run > 1 ? ".r" + run : "");
  }
}

package io.payhook.journal;

/**
 * The right to run one delivery once, until its lease ends. Whoever completes it must still hold
 * it: the pair of node and attempt is the fence.
 *
 * @param route the subscribed route's id
 * @param run 1, and one more for each replay of a done delivery
 * @param attempt from 1; goes on after a replay, so that no number comes twice
 * @param forgiven attempts that count no more: those before the last replay, and claims that ended
 *     before their attempt began
 * @param lost how many attempts before this one, in a row, ended without a result
 * @param size of the event's body, in bytes; known also while it is not read
 * @param node who holds it
 */
public record Claim(
    StoredEvent event,
    String route,
    int run,
    int attempt,
    int forgiven,
    int lost,
    int size,
    String node) {

  /** The claim of a delivery that was never replayed. */
  public Claim(StoredEvent event, String route, int run, int attempt, String node) {
    this(event, route, run, attempt, 0, 0, event.body().length, node);
  }

  /** The same claim, of the event as it was read for the attempt. */
  public Claim with(StoredEvent read) {
    return new Claim(read, route, run, attempt, forgiven, lost, size, node);
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

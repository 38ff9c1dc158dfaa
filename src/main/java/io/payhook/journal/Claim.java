package io.payhook.journal;

/**
 * The right to run one delivery once, until its lease expires. Whoever completes it must still hold
 * it: the pair of node and attempt is the fencing token.
 *
 * @param route the subscribed route's id
 * @param run 1, and one more for each replay of a done delivery
 * @param attempt from 1; continues after a replay, so that no number is used twice
 * @param forgiven attempts that no longer count: those before the last replay, and claims that
 *     ended before their attempt began
 * @param lost number of consecutive attempts before this one that ended without a result
 * @param size of the event's body, in bytes; known even if the body has not been read
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

  /** The same claim with the event as read for the attempt. */
  public Claim with(StoredEvent read) {
    return new Claim(read, route, run, attempt, forgiven, lost, size, node);
  }

  /**
   * Number of attempts since the last replay, including this one: what {@code maxAttempts} limits.
   */
  public int tries() {
    return attempt - forgiven;
  }

  /**
   * The same for all attempts, different for each delivery: a receiver recognises a repeat by it.
   */
  public String idempotencyKey() {
    return event.id() + "." + route + (run > 1 ? ".r" + run : "");
  }
}

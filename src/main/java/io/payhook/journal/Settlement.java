package io.payhook.journal;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt ended, and what becomes of its delivery.
 *
 * @param outcome what happened
 * @param startedAt when the attempt began, by this node's clock
 * @param took how long it ran
 * @param again after what time it may be claimed again, for {@link Outcome#RETRY} and {@link
 *     Outcome#RELEASE}
 * @param category of the failure, or null
 * @param error one line for people, or null
 */
public record Settlement(
    Claim claim,
    Outcome outcome,
    Instant startedAt,
    Duration took,
    Duration again,
    @Nullable String category,
    @Nullable String error) {

  /** What becomes of a delivery after an attempt. */
  public enum Outcome {
    DONE("done", "done"),
    SKIPPED("skipped", "skipped"),
    RETRY("retrying", "failed"),
    DEAD("dead", "failed"),
    /** Never ran: it is released as it was, without an attempt. */
    RELEASE("pending", "released"),
    /** Never ran, and never will: the previous attempts ended without a result. */
    BURY("dead", "buried");

    final String state;
    final String attempt;

    Outcome(String state, String attempt) {
      this.state = state;
      this.attempt = attempt;
    }
  }

  public static Settlement done(Claim claim, Instant startedAt, Duration took) {
    return new Settlement(claim, Outcome.DONE, startedAt, took, Duration.ZERO, null, null);
  }

  /** For a delivery that must not run again because its attempts so far ended without a result. */
  public static Settlement bury(Claim claim, Instant at, String error) {
    return new Settlement(claim, Outcome.BURY, at, Duration.ZERO, Duration.ZERO, "DEAD", error);
  }

  public static Settlement release(Claim claim, Instant at, Duration again) {
    return new Settlement(claim, Outcome.RELEASE, at, Duration.ZERO, again, null, null);
  }
}

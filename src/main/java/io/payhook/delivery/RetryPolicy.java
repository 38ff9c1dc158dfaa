package io.payhook.delivery;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether and when a failed delivery is tried again; nothing else does. What an error means
 * for it is said by {@link Failure}.
 *
 * @param maxAttempts attempts before a delivery is a dead letter
 * @param backoff the wait before the second attempt, doubled for each further one
 * @param backoffMax the longest wait
 */
record RetryPolicy(int maxAttempts, Duration backoff, Duration backoffMax) {
  /**
   * The wait before the next attempt: exponential backoff with jitter, between half and the whole
   * of backoff × 2^(tries − 1), and never less than the target asked for.
   *
   * @param tries attempts so far
   * @return null where there is no other attempt and the delivery is a dead letter
   */
  @Nullable Duration next(Failure failure, int tries) {
    if (!failure.retryable() || tries >= maxAttempts) {
      return null;
    }
    double ceiling =
        Math.min(
            (double) backoffMax.toMillis(),
            (double) backoff.toMillis() * Math.pow(2, Math.min(tries - 1, 40)));
    long wait = (long) (ceiling * (0.5 + ThreadLocalRandom.current().nextDouble() / 2));
    return Duration.ofMillis(Math.max(wait, failure.least().toMillis()));
  }

  /** Whether no attempt is left after so many that ended without a result. */
  boolean exhausted(int tries) {
    return tries > maxAttempts;
  }
}

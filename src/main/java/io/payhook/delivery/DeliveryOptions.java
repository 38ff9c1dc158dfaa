package io.payhook.delivery;

import java.time.Duration;

/**
 * How deliveries run unless a route overrides it.
 *
 * @param maxAttempts maximum number of attempts
 * @param backoff wait before the second attempt, doubled for each further one
 * @param backoffMax maximum wait
 * @param timeout of one attempt
 * @param concurrency number of deliveries that a route runs at once on a node
 * @param lease how long a claim is valid unless renewed
 * @param poll how often the journal is polled, in addition to announcements
 */
public record DeliveryOptions(
    int maxAttempts,
    Duration backoff,
    Duration backoffMax,
    Duration timeout,
    int concurrency,
    Duration lease,
    Duration poll) {

  /** When a failed delivery is tried again. */
  RetryPolicy retry() {
    return new RetryPolicy(maxAttempts, backoff, backoffMax);
  }
}

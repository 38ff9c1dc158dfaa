package io.payhook.delivery;

import java.time.Duration;

/**
 * How deliveries run where a route says nothing else.
 *
 * @param maxAttempts attempts before a delivery is dead
 * @param backoff wait before the second attempt, doubled for each further one
 * @param backoffMax longest wait
 * @param timeout time an attempt may take
 * @param concurrency deliveries of one route at a time on one node
 * @param lease how long a claim holds unless renewed
 * @param poll how often the journal is asked for what no one announced
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

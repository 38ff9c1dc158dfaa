package io.payhook.delivery;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Circuit breaker for one target: opens after five failures in a row, or when half of the last
 * twenty calls failed; once its wait is over it is half-open and lets one probe through. Each
 * {@link #enter} is followed by one of {@link #succeeded}, {@link #failed} and {@link #left}.
 */
public final class Breaker {
  private static final Logger LOG = LoggerFactory.getLogger(Breaker.class);
  private static final int IN_A_ROW = 5;
  private static final int WINDOW = 20;
  private static final String SILENT = "does not answer";
  private static final Duration PROBE_PATIENCE = Duration.ofSeconds(60);
  private static final Duration WHILE_ONE_LOOKS = Duration.ofSeconds(1);

  private final String target;
  private final Clock clock;
  private final CircuitBreaker circuit;
  private final AtomicInteger inARow = new AtomicInteger();
  private final Duration whileOneLooks;
  private volatile Instant openUntil = Instant.EPOCH;
  private volatile String why = SILENT;

  Breaker(String target, Clock clock, Duration first, Duration longest) {
    this.target = target;
    this.clock = clock;
    this.whileOneLooks = first.compareTo(WHILE_ONE_LOOKS) < 0 ? first : WHILE_ONE_LOOKS;
    this.circuit =
        CircuitBreaker.of(
            target,
            CircuitBreakerConfig.custom()
                .clock(clock)
                .slidingWindow(
                    WINDOW,
                    IN_A_ROW,
                    SlidingWindowType.COUNT_BASED,
                    CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.SYNCHRONIZED)
                .failureRateThreshold(50)
                .permittedNumberOfCallsInHalfOpenState(1)
                .maxWaitDurationInHalfOpenState(PROBE_PATIENCE)
                .waitIntervalFunctionInOpenState(attempt -> opens(attempt, first, longest))
                .build());
    circuit
        .getEventPublisher()
        .onStateTransition(
            event -> {
              switch (event.getStateTransition()) {
                case CLOSED_TO_OPEN ->
                    LOG.warn(
                        "{} {}. The circuit breaker is open; the next probe is in {} ms.",
                        target,
                        why,
                        Duration.between(clock.instant(), openUntil).toMillis());
                case HALF_OPEN_TO_CLOSED -> LOG.info("{} answers again.", target);
                default -> {}
              }
            });
  }

  private long opens(int attempt, Duration first, Duration longest) {
    double doubled = (double) first.toMillis() * Math.pow(2, Math.min(attempt - 1, 20));
    long wait = (long) Math.min(doubled, (double) longest.toMillis());
    openUntil = clock.instant().plusMillis(wait);
    return wait;
  }

  /** Whether the breaker is closed. */
  boolean available() {
    return circuit.getState() == CircuitBreaker.State.CLOSED;
  }

  /**
   * Asks for permission to call.
   *
   * @throws TargetUnavailableException if the breaker is open, or half-open with a probe under way
   */
  public void enter() throws TargetUnavailableException {
    if (!circuit.tryAcquirePermission()) {
      Duration left = Duration.between(clock.instant(), openUntil);
      throw new TargetUnavailableException(
          target + ' ' + why,
          circuit.getState() == CircuitBreaker.State.OPEN && left.compareTo(Duration.ZERO) > 0
              ? left.plusMillis(1)
              : whileOneLooks);
    }
  }

  /**
   * The target refuses this account or this address: the breaker opens until a probe finds that
   * this has been fixed.
   *
   * @param reason continues a sentence after the target's name, with the remedy
   * @return for the caller to throw
   */
  public synchronized TargetUnavailableException refused(String reason) {
    why = reason;
    circuit.onError(0, TimeUnit.NANOSECONDS, new IOException(reason));
    if (circuit.getState() == CircuitBreaker.State.CLOSED) {
      circuit.transitionToOpenState();
    }
    Duration left = Duration.between(clock.instant(), openUntil);
    return new TargetUnavailableException(
        target + ' ' + reason,
        left.compareTo(whileOneLooks) > 0 ? left.plusMillis(1) : whileOneLooks);
  }

  /** The target answered, whatever the answer was. */
  public void succeeded() {
    inARow.set(0);
    circuit.onSuccess(0, TimeUnit.NANOSECONDS);
  }

  /**
   * The target answered an HTTP request.
   *
   * @param status 408, 429 and 5xx count as failures
   */
  public void answered(int status) {
    if (status >= 500 || status == 408 || status == 429) {
      failed(new IOException("HTTP " + status));
    } else {
      succeeded();
    }
  }

  /** The target did not answer, or said that it is temporarily unable to. */
  public synchronized void failed(Throwable cause) {
    int failures = inARow.incrementAndGet();
    why = SILENT;
    circuit.onError(0, TimeUnit.NANOSECONDS, cause);
    if (failures >= IN_A_ROW && circuit.getState() == CircuitBreaker.State.CLOSED) {
      circuit.transitionToOpenState();
    }
  }

  /** The call ended without revealing anything about the target. */
  public void left() {
    circuit.releasePermission();
  }
}

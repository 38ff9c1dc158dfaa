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
 * Leaves a system alone that does not answer: after five failures in a row, or when half of the
 * last twenty calls failed, nothing is sent for a while; then one call goes to see. Every {@link
 * #enter} is followed by one of {@link #succeeded}, {@link #failed} and {@link #left}.
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
                        "{} {}. Nothing is sent to it for {} ms, then one delivery goes to see, and so on.",
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

  /** Whether the target is called freely. */
  boolean available() {
    return circuit.getState() == CircuitBreaker.State.CLOSED;
  }

  /**
   * Asks for leave to call.
   *
   * @throws TargetUnavailableException while the target is left alone, or another call is there to
   *     see
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
   * The target answered that it serves nobody with this account or at this address: nothing is sent
   * to it until one delivery finds that this was mended.
   *
   * @param reason goes on after the target's name, with what would mend it
   * @return for whoever called
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

  /** The target answered, whatever it said. */
  public void succeeded() {
    inARow.set(0);
    circuit.onSuccess(0, TimeUnit.NANOSECONDS);
  }

  /**
   * The target answered an HTTP request.
   *
   * @param status 408, 429 and 5xx say that it can't now
   */
  public void answered(int status) {
    if (status >= 500 || status == 408 || status == 429) {
      failed(new IOException("HTTP " + status));
    } else {
      succeeded();
    }
  }

  /** The target did not answer, or said that it can't now. */
  public synchronized void failed(Throwable cause) {
    int failures = inARow.incrementAndGet();
    why = SILENT;
    circuit.onError(0, TimeUnit.NANOSECONDS, cause);
    if (failures >= IN_A_ROW && circuit.getState() == CircuitBreaker.State.CLOSED) {
      circuit.transitionToOpenState();
    }
  }

  /** The call ended without having told anything of the target. */
  public void left() {
    circuit.releasePermission();
  }
}

package io.payhook.delivery;

import java.io.IOException;
import java.time.Duration;

/**
 * The system an effect talks to is known to be down, so the effect was not tried. The delivery goes
 * back without an attempt, and its route waits as a whole before it sends one delivery to see.
 */
public final class TargetUnavailableException extends IOException {
  private static final long serialVersionUID = 1;
  private final Duration retryAfter;

  public TargetUnavailableException(String message, Duration retryAfter) {
    super(message);
    this.retryAfter = retryAfter;
  }

  public Duration retryAfter() {
    return retryAfter;
  }
}

package io.payhook.delivery;

import java.io.IOException;
import java.time.Duration;

/**
 * The target of an effect is known to be down, so the effect was not tried. The delivery is
 * released without an attempt, and its route pauses before it sends a probe.
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

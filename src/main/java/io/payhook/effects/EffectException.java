package io.payhook.effects;

import org.jspecify.annotations.Nullable;

/**
 * An effect that is impossible for this event, however often it is tried: a value of the event is
 * unusable (a recipient that is not an address, an amount that is not a number), a file of the
 * integration is wrong, or the other side refused the content permanently. The delivery becomes a
 * dead letter at once; once the file or the route is corrected, a replay runs it again.
 */
public final class EffectException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message names the thing, what is wrong and what would be right
   */
  public EffectException(String message) {
    super(message);
  }

  /**
   * @param message names the thing, what is wrong and what would be right
   * @param cause the exception that revealed it
   */
  public EffectException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

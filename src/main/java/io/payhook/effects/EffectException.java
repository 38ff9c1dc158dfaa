package io.payhook.effects;

import org.jspecify.annotations.Nullable;

/**
 * An effect that this event can't have, however often it is tried: a value of the event is unusable
 * (a recipient that is no address, an amount that is no number), a file of the integration is
 * wrong, or the other side refused the content for good. A delivery that ends with it goes to dead
 * letter at once; once the file or the route is mended, a replay runs it again.
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
   * @param cause what found it out
   */
  public EffectException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

package io.payhook.settings;

/**
 * The service, or a part of it, cannot start: the message is one line that names the thing, the
 * problem and the remedy, fit to be shown to the user as it is.
 */
public final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StartException(String message) {
    super(message);
  }

  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}

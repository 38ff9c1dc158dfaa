package io.payhook.service;

/**
 * The service cannot start (or a part of it cannot): the message is one line that names the thing,
 * what is wrong and what to do, fit to be shown to a person as it is.
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

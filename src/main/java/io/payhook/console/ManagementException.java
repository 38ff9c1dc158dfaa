package io.payhook.console;

/** The management port cannot be opened; the message says why and what to do, in one line. */
public final class ManagementException extends Exception {
  private static final long serialVersionUID = 1;

  public ManagementException(String message) {
    super(message);
  }

  public ManagementException(String message, Throwable cause) {
    super(message, cause);
  }
}

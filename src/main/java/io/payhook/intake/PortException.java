package io.payhook.intake;

/** A port could not be opened; the message says which and what to do. */
public final class PortException extends Exception {
  private static final long serialVersionUID = 1;

  public PortException(String message, Throwable cause) {
    super(message, cause);
  }
}

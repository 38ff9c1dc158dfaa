package io.payhook.journal;

/**
 * The journal cannot commit; the sender is asked to try again (503). Nothing was acknowledged and
 * nothing is lost.
 */
public final class JournalUnavailableException extends Exception {
  private static final long serialVersionUID = 1;

  public JournalUnavailableException(String message) {
    super(message);
  }

  public JournalUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}

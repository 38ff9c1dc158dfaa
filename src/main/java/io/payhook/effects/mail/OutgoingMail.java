package io.payhook.effects.mail;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * An e-mail ready to be sent. Its Message-ID is fixed, so that every attempt of a delivery sends
 * the same one.
 */
final class OutgoingMail extends MimeMessage {
  private static final Session NONE = Session.getInstance(new Properties());

  private final String messageId;
  private final String route;
  private final List<String> notes = new ArrayList<>();
  private boolean begun;

  /**
   * @param route the route that sends it, for messages
   * @param messageId with its angle brackets
   */
  OutgoingMail(String route, String messageId) {
    super(NONE);
    this.route = route;
    this.messageId = messageId;
  }

  /** Whether its content has begun to be sent; before that, the server cannot have accepted it. */
  boolean begun() {
    return begun;
  }

  @Override
  public void writeTo(OutputStream out, String[] ignored) throws IOException, MessagingException {
    begun = true;
    super.writeTo(out, ignored);
  }

  /** What whoever inspects the delivery should know: whom the server refused. */
  void note(String text) {
    notes.add(text);
  }

  /** All {@link #note notes}. */
  List<String> notes() {
    return notes;
  }

  String route() {
    return route;
  }

  @Override
  protected void updateMessageID() throws MessagingException {
    setHeader("Message-ID", messageId);
  }
}

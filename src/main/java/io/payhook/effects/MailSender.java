package io.payhook.effects;

import io.payhook.delivery.Breakers;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import org.apache.camel.component.mail.DefaultJavaMailSender;

/** Where e-mails go: a mail server, or in development a folder. */
public abstract sealed class MailSender extends DefaultJavaMailSender implements AutoCloseable
    permits SmtpSender, MailStandIn {

  MailSender() {}

  /** Leaves a server alone that does not answer. */
  void guardedBy(Breakers breakers) {}

  /**
   * Sends one e-mail; returns once the other side has taken it.
   *
   * @throws MessagingException where it may work later
   * @throws EffectException where the server refused this e-mail for good
   */
  @Override
  public abstract void send(MimeMessage mail) throws MessagingException;

  @Override
  public abstract void close();
}

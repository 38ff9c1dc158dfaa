package io.payhook.effects.mail;

import io.payhook.delivery.Breakers;
import io.payhook.effects.EffectException;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import org.apache.camel.component.mail.DefaultJavaMailSender;

/** The destination of e-mails: a mail server, or a folder during development. */
public abstract sealed class MailSender extends DefaultJavaMailSender implements AutoCloseable
    permits SmtpSender, MailStandIn {

  MailSender() {}

  /** The circuit breaker for the server. */
  public void guardedBy(Breakers breakers) {}

  /**
   * Sends one e-mail; returns once the other side has accepted it.
   *
   * @throws MessagingException if it may work later
   * @throws EffectException if the server refused this e-mail permanently
   */
  @Override
  public abstract void send(MimeMessage mail) throws MessagingException;

  @Override
  public abstract void close();
}

package io.payhook.effects;

import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.payhook.delivery.Breaker;
import io.payhook.delivery.Breakers;
import io.payhook.delivery.TargetUnavailableException;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.SendFailedException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends over SMTP and keeps its connections open, a few at most. A kept connection that turns out
 * to be dead when the next e-mail starts is replaced, once, and only while the server can't have
 * taken anything of that e-mail; whatever fails later is the delivery's to retry.
 */
public final class SmtpSender extends MailSender {
  private static final Logger LOG = LoggerFactory.getLogger(SmtpSender.class);

  /**
   * Answers about this e-mail: its sender, recipient or content. Others of the 5xx speak of the
   * connection or the account (530, 535), which the operator can mend, so they are tried again.
   */
  private static final Set<Integer> FOR_GOOD = Set.of(501, 550, 551, 552, 553, 554, 555, 556);

  /** How the connection is protected; {@code STARTTLS} and {@code TLS} never go on without. */
  public enum Security {
    NONE,
    STARTTLS,
    TLS
  }

  /**
   * Where and how to send.
   *
   * @param host the server
   * @param port its port
   * @param username empty: no authentication
   * @param password of that user; never printed
   * @param security how the connection is protected
   * @param connectTimeout for the connection, and for a free one of the kept connections
   * @param responseTimeout for each answer of the server
   * @param connections how many at most, thus how many e-mails at once
   * @param keepOpen how long an unused connection is kept
   * @param trust who the server's certificate must be from; null: whom the JVM trusts
   */
  public record Server(
      String host,
      int port,
      String username,
      String password,
      Security security,
      Duration connectTimeout,
      Duration responseTimeout,
      int connections,
      Duration keepOpen,
      @Nullable SSLSocketFactory trust) {

    /** A server with the usual limits: 5 s to connect, 30 s to answer, 8 connections, kept 20 s. */
    public static Server of(
        String host, int port, String username, String password, Security security) {
      return new Server(
          host,
          port,
          username,
          password,
          security,
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          8,
          Duration.ofSeconds(20),
          null);
    }

    @Override
    public String toString() {
      return host
          + ":"
          + port
          + " ("
          + security
          + (username.isEmpty() ? ")" : ", as " + username + ")");
    }
  }

  static {
    // Named, it is not looked for in every jar, six times an e-mail.
    if (System.getProperty("jakarta.mail.util.StreamProvider") == null) {
      System.setProperty(
          "jakarta.mail.util.StreamProvider", "org.eclipse.angus.mail.util.MailStreamProvider");
    }
  }

  private record Kept(Transport transport, Instant since) {}

  private final Server server;
  private final Clock clock;
  private final Session session;
  private final Semaphore free;
  private final ConcurrentLinkedDeque<Kept> kept = new ConcurrentLinkedDeque<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile Breaker breaker;

  public SmtpSender(Server server, Clock clock) {
    this.server = server;
    this.clock = clock;
    this.session = Session.getInstance(properties(server));
    this.free = new Semaphore(server.connections, true);
    this.breaker = new Breakers(clock, new CompositeMeterRegistry()).of(target(server));
  }

  private static String target(Server server) {
    return server.host + ":" + server.port;
  }

  @Override
  void guardedBy(Breakers breakers) {
    breaker = breakers.of(target(server));
  }

  private static Properties properties(Server server) {
    String connect = String.valueOf(server.connectTimeout.toMillis());
    String response = String.valueOf(server.responseTimeout.toMillis());
    Properties properties = new Properties();
    properties.put("mail.transport.protocol", "smtp");
    properties.put("mail.smtp.connectiontimeout", connect);
    properties.put("mail.smtp.timeout", response);
    properties.put("mail.smtp.writetimeout", response);
    properties.put("mail.smtp.quitwait", "false");
    properties.put("mail.smtp.auth", String.valueOf(!server.username.isEmpty()));
    properties.put("mail.smtp.ssl.checkserveridentity", "true");
    properties.put("mail.smtp.ssl.protocols", "TLSv1.3 TLSv1.2");
    if (server.trust != null) {
      properties.put("mail.smtp.ssl.socketFactory", server.trust);
    }
    if (server.security == Security.TLS) {
      properties.put("mail.smtp.ssl.enable", "true");
    } else if (server.security == Security.STARTTLS) {
      properties.put("mail.smtp.starttls.enable", "true");
      properties.put("mail.smtp.starttls.required", "true");
    }
    return properties;
  }

  @Override
  public Session getSession() {
    return session;
  }

  @Override
  public void send(MimeMessage mail) throws MessagingException {
    if (!acquire()) {
      throw new MessagingException(
          "all "
              + server.connections
              + " connections to "
              + server
              + " are busy; tried again later");
    }
    try {
      guarded(breaker, mail);
    } catch (SendFailedException e) {
      if (refusedForGood(e)) {
        throw refused(e);
      }
      throw e;
    } finally {
      free.release();
    }
  }

  private void guarded(Breaker guard, MimeMessage mail) throws MessagingException {
    try {
      guard.enter();
    } catch (TargetUnavailableException e) {
      throw new MessagingException(e.getMessage(), e);
    }
    try {
      Transport old = takeKept();
      if (old == null || !sentOver(old, mail)) {
        sendOver(connect(), mail);
      }
      guard.succeeded();
    } catch (MessagingException e) {
      if (aboutThisMail(e)) {
        guard.succeeded();
      } else {
        guard.failed(e);
      }
      throw e;
    } catch (RuntimeException | Error e) {
      guard.left();
      throw e;
    }
  }

  /** The server answered with a 5xx, or the e-mail could not even be given to it. */
  private static boolean aboutThisMail(MessagingException e) {
    if (!(e instanceof SendFailedException) || lost(e)) {
      return false;
    }
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      int answer = answer(next);
      if (answer >= 400 && answer < 500) {
        return false;
      }
    }
    return true;
  }

  private boolean acquire() throws MessagingException {
    try {
      return free.tryAcquire(server.connectTimeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MessagingException("interrupted while waiting for " + server, e);
    }
  }

  private @Nullable Transport takeKept() {
    Instant oldest = clock.instant().minus(server.keepOpen);
    for (Kept next = kept.pollFirst(); next != null; next = kept.pollFirst()) {
      if (next.since.isAfter(oldest)) {
        return next.transport;
      }
      closeQuietly(next.transport);
    }
    return null;
  }

  /** False where the kept connection was dead before the server took anything. */
  private boolean sentOver(Transport old, MimeMessage mail) throws MessagingException {
    try {
      sendOver(old, mail);
      return true;
    } catch (MessagingException e) {
      if (!lost(e) || !(mail instanceof OutgoingMail outgoing) || outgoing.begun()) {
        throw e;
      }
      LOG.debug("{} closed a kept connection; the e-mail goes over a new one", server, e);
      return false;
    }
  }

  private void sendOver(Transport transport, MimeMessage mail) throws MessagingException {
    boolean usable = false;
    try {
      transport.sendMessage(mail, mail.getAllRecipients());
      usable = true;
    } catch (SendFailedException e) {
      // Refused, in good order: the connection can take the next e-mail.
      usable = !lost(e);
      throw e;
    } finally {
      if (usable && !closed.get()) {
        kept.addFirst(new Kept(transport, clock.instant()));
      } else {
        closeQuietly(transport);
      }
    }
  }

  private Transport connect() throws MessagingException {
    Transport transport = session.getTransport("smtp");
    try {
      if (server.username.isEmpty()) {
        transport.connect(server.host, server.port, null, null);
      } else {
        transport.connect(server.host, server.port, server.username, server.password);
      }
      return transport;
    } catch (AuthenticationFailedException e) {
      throw new MessagingException(
          server + " refused the user name or password (payhook.mail.username, .password)", e);
    }
  }

  /** The connection is gone, or the server said that it is about to be (421). */
  private static boolean lost(MessagingException e) {
    return e.getNextException() instanceof IOException
        || (e instanceof SMTPSendFailedException failed
            && (failed.getReturnCode() == -1 || failed.getReturnCode() == 421));
  }

  private static boolean refusedForGood(MessagingException e) {
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      if (FOR_GOOD.contains(answer(next))) {
        return true;
      }
    }
    return false;
  }

  private static int answer(Exception e) {
    if (e instanceof SMTPAddressFailedException recipient) {
      return recipient.getReturnCode();
    }
    if (e instanceof SMTPSenderFailedException sender) {
      return sender.getReturnCode();
    }
    return e instanceof SMTPSendFailedException other ? other.getReturnCode() : 0;
  }

  private EffectException refused(SendFailedException e) {
    Exception reason = e;
    while (reason instanceof MessagingException m && m.getNextException() != null) {
      reason = m.getNextException();
    }
    return new EffectException(
        server
            + " refused the e-mail for good: "
            + OneLine.of(String.valueOf(reason.getMessage()), 300),
        e);
  }

  private static void closeQuietly(Transport transport) {
    try {
      transport.close();
    } catch (MessagingException e) {
      LOG.debug("A connection to the mail server didn't close well", e);
    }
  }

  @Override
  public void close() {
    closed.set(true);
    for (Kept next = kept.pollFirst(); next != null; next = kept.pollFirst()) {
      closeQuietly(next.transport);
    }
  }
}

package io.payhook.effects.mail;

import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.payhook.delivery.Breaker;
import io.payhook.delivery.Breakers;
import io.payhook.delivery.TargetUnavailableException;
import io.payhook.effects.Deadline;
import io.payhook.effects.EffectException;
import io.payhook.effects.OneLine;
import jakarta.mail.Address;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.SendFailedException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.smtp.SMTPTransport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends over SMTP and keeps a few connections open. If a kept connection turns out to be dead when
 * the next e-mail starts, it is replaced, once, and only while the server cannot have accepted any
 * part of that e-mail; whatever fails later is retried by the delivery.
 */
public final class SmtpSender extends MailSender {
  private static final Logger LOG = LoggerFactory.getLogger(SmtpSender.class);

  /** Transport security; {@code STARTTLS} and {@code TLS} never fall back to plain text. */
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
   * @param password never shown
   * @param security transport security
   * @param connectTimeout for connecting, and for waiting for a free connection
   * @param responseTimeout for each reply of the server
   * @param connections maximum number, and hence of e-mails at once
   * @param keepOpen how long an unused connection is kept
   * @param trust issuer of the server's certificate; null: the JVM's trust store
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

    /** Timeout for an entire e-mail: the connection, the greetings, and the e-mail itself. */
    Duration whole() {
      return responseTimeout.multipliedBy(2);
    }

    /**
     * A server with the default limits: 5 s to connect, 30 s to reply, 8 connections, kept for 20
     * s.
     */
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
      String as = username.isEmpty() ? "" : ", as " + username;
      return "%s:%s (%s%s)".formatted(host, port, security, as);
    }
  }

  static {
    // Set explicitly, so that it is not looked up in every jar, six times per e-mail.
    if (System.getProperty("jakarta.mail.util.StreamProvider") == null) {
      System.setProperty(
          "jakarta.mail.util.StreamProvider", "org.eclipse.angus.mail.util.MailStreamProvider");
    }
  }

  private record Kept(Transport transport, @Nullable Socket socket, Instant since) {}

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
  public void guardedBy(Breakers breakers) {
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
    SSLSocketFactory trust =
        server.trust == null ? (SSLSocketFactory) SSLSocketFactory.getDefault() : server.trust;
    properties.put("mail.smtp.ssl.socketFactory", new SmtpSockets.Layered(trust));
    properties.put("mail.smtp.socketFactory", new SmtpSockets.Plain());
    properties.put("mail.smtp.socketFactory.fallback", "false");
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
          "all %s connections to %s are busy; tried again later"
              .formatted(server.connections, server));
    }
    try {
      guarded(breaker, mail);
    } catch (SendFailedException e) {
      boolean forGood = SmtpAnswers.says(e, SmtpAnswers::isForGood);
      if (forGood && SmtpAnswers.says(e, answer -> answer >= 400 && answer < 500)) {
        throw new MessagingException(
            server + " refuses one recipient for now and another for good: " + e.getMessage(), e);
      }
      if (forGood) {
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
    try (SmtpSockets.Call call = new SmtpSockets.Call();
        Deadline deadline = Deadline.of(server.whole(), call::abort)) {
      try {
        sendToAll(mail, call);
        guard.succeeded();
      } catch (MessagingException e) {
        String reason = SmtpAnswers.aboutTheAccount(e);
        if (reason != null) {
          TargetUnavailableException refused = guard.refused(reason);
          throw new MessagingException(refused.getMessage(), refused);
        }
        if (SmtpAnswers.aboutThisMail(e)) {
          guard.succeeded();
        } else {
          guard.failed(e);
        }
        if (deadline.over()) {
          throw new MessagingException(
              server + " did not take the e-mail in time; the connection was closed", e);
        }
        throw e;
      } catch (RuntimeException | Error e) {
        guard.left();
        throw e;
      }
    }
  }

  /**
   * Sends to all recipients or, if the server refuses some permanently, to the others: a customer's
   * typing mistake must not keep the e-mail from the rest. While one is refused temporarily, nobody
   * gets it yet.
   */
  private void sendToAll(MimeMessage mail, SmtpSockets.Call call) throws MessagingException {
    Address[] to = mail.getAllRecipients();
    while (true) {
      try {
        Kept old = takeKept();
        if (old == null || !sentOver(old, mail, to, call)) {
          sendOver(connect(call), mail, to, call);
        }
        return;
      } catch (SendFailedException e) {
        Map<Address, String> refused = SmtpAnswers.refusedRecipients(e);
        Address[] others =
            Stream.of(to).filter(one -> !refused.containsKey(one)).toArray(Address[]::new);
        if (SmtpAnswers.lost(e) || refused.isEmpty() || others.length == 0 || begun(mail)) {
          throw e;
        }
        if (mail instanceof OutgoingMail outgoing) {
          refused.forEach((address, said) -> outgoing.note(server + " refused " + said));
        }
        to = others;
      }
    }
  }

  private static boolean begun(MimeMessage mail) {
    return !(mail instanceof OutgoingMail outgoing) || outgoing.begun();
  }

  private boolean acquire() throws MessagingException {
    try {
      return free.tryAcquire(server.connectTimeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MessagingException("interrupted while waiting for " + server, e);
    }
  }

  private @Nullable Kept takeKept() {
    Instant oldest = clock.instant().minus(server.keepOpen);
    for (Kept next = kept.pollFirst(); next != null; next = kept.pollFirst()) {
      if (next.since.isAfter(oldest)) {
        return next;
      }
      closeQuietly(next.transport);
    }
    return null;
  }

  /** False if the kept connection was dead before the server accepted anything. */
  private boolean sentOver(Kept old, MimeMessage mail, Address[] to, SmtpSockets.Call call)
      throws MessagingException {
    try {
      use(call, old.socket);
      sendOver(old.transport, mail, to, call);
      return true;
    } catch (MessagingException e) {
      if (!SmtpAnswers.lost(e) || !(mail instanceof OutgoingMail outgoing) || outgoing.begun()) {
        throw e;
      }
      LOG.debug("{} closed a kept connection; the e-mail is sent over a new one", server, e);
      return false;
    }
  }

  private static void use(SmtpSockets.Call call, @Nullable Socket socket)
      throws MessagingException {
    try {
      call.over(socket);
    } catch (IOException e) {
      throw new MessagingException("a connection can't be closed", e);
    }
  }

  private void sendOver(Transport transport, MimeMessage mail, Address[] to, SmtpSockets.Call call)
      throws MessagingException {
    boolean usable = false;
    try {
      transport.sendMessage(mail, to);
      usable = true;
    } catch (SendFailedException e) {
      // Refused in an orderly way: the connection can be used for the next e-mail.
      usable = !SmtpAnswers.lost(e);
      throw e;
    } finally {
      if (usable && !closed.get()) {
        kept.addFirst(new Kept(transport, call.socket(), clock.instant()));
      } else {
        closeQuietly(transport);
      }
    }
  }

  private Transport connect(SmtpSockets.Call call) throws MessagingException {
    Transport transport = session.getTransport("smtp");
    use(call, null);
    try {
      if (server.username.isEmpty()) {
        transport.connect(server.host, server.port, null, null);
      } else {
        transport.connect(server.host, server.port, server.username, server.password);
        if (transport instanceof SMTPTransport smtp
            && !smtp.supportsExtension("AUTH")
            && !smtp.supportsExtension("AUTH=LOGIN")) {
          closeQuietly(transport);
          throw new SmtpAnswers.LoginMissingException(
              "offers no login, but payhook.mail.username is set; unset it, or set"
                  + " payhook.mail.security to what the server wants before a login");
        }
      }
      return transport;
    } catch (AuthenticationFailedException e) {
      throw new MessagingException(
          server + " refused the user name or password (payhook.mail.username, .password)", e);
    }
  }

  private EffectException refused(SendFailedException e) {
    Exception reason = e;
    while (reason instanceof MessagingException m && m.getNextException() != null) {
      reason = m.getNextException();
    }
    String recipients =
        SmtpAnswers.refusedRecipients(e).keySet().stream()
            .map(Address::toString)
            .collect(Collectors.joining(", "));
    return new EffectException(
        server
            + " refused the e-mail for good: "
            + OneLine.of(String.valueOf(reason.getMessage()), 300)
            + (recipients.isEmpty() ? "" : " (" + OneLine.of(recipients, 300) + ")"),
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

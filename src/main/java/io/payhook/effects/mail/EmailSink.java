package io.payhook.effects.mail;

import io.payhook.delivery.Remarks;
import io.payhook.effects.CallKey;
import io.payhook.effects.Callers;
import io.payhook.effects.EffectException;
import io.payhook.effects.OneLine;
import io.payhook.effects.RouteText;
import io.payhook.effects.Sink;
import io.payhook.effects.Undertaking;
import io.payhook.effects.template.Templates;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMultipart;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;
import org.unbescape.html.HtmlEscape;

/**
 * The first step of the kamelet {@code email-sink}: builds the complete e-mail from templates and
 * values, so that camel-mail only sends it and no message header affects it.
 */
public final class EmailSink extends Sink {
  private static final int LONGEST_SUBJECT = 200;
  private static final Pattern TITLE =
      Pattern.compile("<title[^>]*>(.*?)</title>", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private @Nullable String template;
  private List<Mailbox> to = List.of();
  private List<Mailbox> cc = List.of();
  private List<Mailbox> replyTo = List.of();
  private @Nullable Mailbox from;
  private @Nullable RouteText subject;
  private @Nullable RouteText key;

  /**
   * The HTML template, relative to the folder of the route's file; a {@code .txt} beside it is the
   * text part.
   */
  public void setTemplate(String template) {
    this.template = template;
  }

  /** One or several recipients, separated by commas in the route's own text. */
  public void setTo(String to) {
    this.to = Mailbox.list(text(to));
  }

  /** As {@link #setTo}. */
  public void setCc(String cc) {
    this.cc = Mailbox.list(text(cc));
  }

  /** As {@link #setTo}. */
  public void setReplyTo(String replyTo) {
    this.replyTo = Mailbox.list(text(replyTo));
  }

  /** The sender. */
  public void setFrom(String from) {
    this.from = Mailbox.of(text(from));
  }

  /** The subject; the default is the title of the rendered HTML. */
  public void setSubject(String subject) {
    this.subject = subject.isBlank() ? null : text(subject);
  }

  /** Distinguishes this e-mail from others of the same delivery. */
  public void setKey(String key) {
    this.key = key.isBlank() ? null : text(key);
  }

  /** Builds the e-mail; if there is nobody to write to, the effect does not begin. */
  @Override
  public void process(Exchange exchange) throws MessagingException {
    List<String> left = new ArrayList<>();
    List<InternetAddress> recipients = addresses(to, exchange, "to", left);
    if (to.isEmpty()) {
      throw new EffectException("email-sink: 'to' is empty; an e-mail needs a recipient");
    }
    if (recipients.isEmpty()) {
      Remarks.skip(exchange, "nobody to write to: " + String.join("; ", left));
      return;
    }
    OutgoingMail mail = mail(exchange, recipients, left);
    left.forEach(text -> mail.note("left out: " + text));
    Undertaking.begin(
        exchange,
        mail,
        new HashMap<>(),
        null,
        sent -> mail.notes().forEach(note -> Remarks.note(sent, note)));
  }

  private OutgoingMail mail(Exchange exchange, List<InternetAddress> recipients, List<String> left)
      throws MessagingException {
    Templates templates = bound(Templates.class);
    Path htmlFile = Callers.file(exchange, Objects.requireNonNull(template));
    Path textFile = textBeside(htmlFile);
    Map<String, Object> variables = new HashMap<>(exchange.getVariables());

    InternetAddress sender = sender(exchange);
    String html = templates.render(htmlFile, variables);

    String id = CallKey.of(exchange, "email-sink", key);
    String domain = sender.getAddress().substring(sender.getAddress().lastIndexOf('@') + 1);
    OutgoingMail mail = new OutgoingMail(Callers.route(exchange), "<" + id + "@" + domain + ">");
    mail.setFrom(sender);
    mail.setRecipients(RecipientType.TO, array(recipients));
    mail.setRecipients(RecipientType.CC, array(addresses(cc, exchange, "cc", left)));
    List<InternetAddress> answers = addresses(replyTo, exchange, "reply-to", left);
    if (!answers.isEmpty()) {
      mail.setReplyTo(array(answers));
    }
    mail.setSubject(subject(exchange, html, htmlFile), StandardCharsets.UTF_8.name());
    mail.setSentDate(Date.from(bound(Clock.class).instant()));
    mail.setHeader("Auto-Submitted", "auto-generated");

    MimeMultipart alternatives = new MimeMultipart("alternative");
    if (textFile != null) {
      alternatives.addBodyPart(part(templates.render(textFile, variables), "plain"));
    }
    alternatives.addBodyPart(part(html, "html"));
    mail.setContent(alternatives);
    mail.saveChanges();
    return mail;
  }

  private InternetAddress sender(Exchange exchange) {
    try {
      return Objects.requireNonNull(from).in(exchange, "from");
    } catch (Mailbox.UnusableException e) {
      throw new EffectException(e.getMessage(), e);
    }
  }

  private String subject(Exchange exchange, String html, Path htmlFile) {
    String text;
    if (subject != null) {
      text = subject.in(exchange);
    } else {
      Matcher title = TITLE.matcher(html);
      text = title.find() ? HtmlEscape.unescapeHtml(title.group(1)) : "";
    }
    String line = OneLine.of(text, LONGEST_SUBJECT);
    if (line.isEmpty()) {
      throw new EffectException(
          htmlFile
              + ": the e-mail has no subject; give the template a <title> or the route a"
              + " parameter 'subject'");
    }
    return line;
  }

  private static @Nullable Path textBeside(Path htmlFile) {
    String name = htmlFile.toString();
    if (!name.endsWith(".html")) {
      throw new EffectException(
          htmlFile + ": an e-mail's template is a .html file, with a .txt beside it");
    }
    Path file = Path.of(name.substring(0, name.length() - ".html".length()) + ".txt");
    return Files.exists(file) ? file : null;
  }

  private static MimeBodyPart part(String text, String subtype) throws MessagingException {
    MimeBodyPart part = new MimeBodyPart();
    part.setText(text, StandardCharsets.UTF_8.name(), subtype);
    return part;
  }

  /**
   * The usable addresses.
   *
   * @param left notified of the others
   */
  private static List<InternetAddress> addresses(
      List<Mailbox> mailboxes, Exchange exchange, String parameter, List<String> left) {
    List<InternetAddress> addresses = new ArrayList<>();
    for (Mailbox mailbox : mailboxes) {
      try {
        addresses.add(mailbox.in(exchange, parameter));
      } catch (Mailbox.UnusableException e) {
        if (!mailbox.isOfTheEvent()) {
          throw new EffectException(e.getMessage(), e);
        }
        left.add(e.getMessage());
      }
    }
    return addresses;
  }

  private static InternetAddress[] array(List<InternetAddress> addresses) {
    return addresses.toArray(InternetAddress[]::new);
  }
}

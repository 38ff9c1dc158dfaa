package io.payhook.effects.mail;

import io.payhook.effects.SafeName;
import io.payhook.effects.StandInFolder;
import jakarta.mail.Address;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stand-in for a mail server, for development only: each e-mail is written to a file {@code
 * 20261123T201502.123Z-000001-receipt-email-ada_example.com.eml}, which any mail program opens.
 * Files sort by time; a file is complete from the moment it is visible.
 */
public final class MailStandIn extends MailSender {
  private static final Logger LOG = LoggerFactory.getLogger(MailStandIn.class);
  private static final int LONGEST_RECIPIENT = 60;

  private final StandInFolder folder;
  private final Clock clock;

  /**
   * @param folder for the files; created if it does not exist
   * @throws IOException if it cannot be created
   */
  public MailStandIn(Path folder, Clock clock) throws IOException {
    this.folder = new StandInFolder(folder);
    this.clock = clock;
  }

  @Override
  public void send(MimeMessage mail) throws MessagingException {
    String route = mail instanceof OutgoingMail outgoing ? outgoing.route() : "mail";
    String name =
        folder.name(
            clock.instant(),
            SafeName.of(route, LONGEST_RECIPIENT)
                + '-'
                + SafeName.of(recipient(mail), LONGEST_RECIPIENT)
                + ".eml");
    Path file;
    try {
      file = folder.write(name, out -> write(mail, out));
    } catch (IOException e) {
      throw new MessagingException(
          "the stand-in for mail can't write " + folder.path().resolve(name), e);
    }
    LOG.info("Stand-in, nothing was sent: the e-mail of {} is in {}", route, file);
  }

  private static void write(MimeMessage mail, OutputStream out) throws IOException {
    try {
      mail.writeTo(out);
    } catch (MessagingException e) {
      throw new IOException("an e-mail that can't be written", e);
    }
  }

  private static String recipient(MimeMessage mail) throws MessagingException {
    Address[] all = mail.getAllRecipients();
    return all != null && all.length > 0 && all[0] instanceof InternetAddress first
        ? first.getAddress()
        : "nobody";
  }

  @Override
  public void close() {
    // Keeps nothing open.
  }
}

package io.payhook.effects.mail;

import io.payhook.effects.OneLine;
import jakarta.mail.Address;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.SendFailedException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;

/**
 * Classifies a mail server's replies: whether they concern the account, one e-mail, or one of its
 * recipients.
 */
final class SmtpAnswers {
  /**
   * Replies about the account, which the operator can fix, to any command. All other 5xx concern
   * one e-mail: its sender, recipient or content.
   */
  private static final Set<Integer> ACCOUNT = Set.of(530, 534, 535, 538);

  /** Replies to MAIL that concern the account: RFC 3463, X.7. */
  private static final Pattern NOT_ALLOWED = Pattern.compile("5[0-9][0-9][ -]5\\.7\\.[0-9]+.*");

  private static final int BLOCKED = 571;
  private static final int CLOSING = 421;

  private SmtpAnswers() {}

  /** The recipients that the server refuses permanently; empty if it refuses one temporarily. */
  static Map<Address, String> refusedRecipients(MessagingException e) {
    Map<Address, String> refused = new LinkedHashMap<>();
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      if (next instanceof SMTPAddressFailedException one) {
        int answer = one.getReturnCode();
        if (answer < 500 || ACCOUNT.contains(answer)) {
          return Map.of();
        }
        String said = OneLine.of(String.valueOf(one.getMessage()), 200);
        refused.put(one.getAddress(), one.getAddress().getAddress() + ": " + said);
      }
    }
    return refused;
  }

  /** What the server says about the account or the login, or null. */
  static @Nullable String aboutTheAccount(MessagingException e) {
    if (e.getNextException() instanceof AuthenticationFailedException) {
      return "refused the user name or password"
          + " (payhook.mail.username, .password): "
          + OneLine.of(String.valueOf(e.getNextException().getMessage()), 200);
    }
    if (e instanceof LoginMissingException) {
      return String.valueOf(e.getMessage());
    }
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      String said = OneLine.of(String.valueOf(next.getMessage()), 200);
      boolean recipients = next instanceof SMTPAddressFailedException;
      boolean mail =
          next instanceof SMTPSendFailedException send
              && String.valueOf(send.getCommand()).startsWith("MAIL");
      if ((recipients || mail) && ACCOUNT.contains(answer(next))) {
        return "wants a login (payhook.mail.username, .password): " + said;
      }
      if (mail && (answer(next) == BLOCKED || NOT_ALLOWED.matcher(said).matches())) {
        return "does not let this account send (payhook.mail.username, .from): " + said;
      }
    }
    return null;
  }

  /** The server offers no login, and one is set. */
  static final class LoginMissingException extends MessagingException {
    private static final long serialVersionUID = 1L;

    LoginMissingException(String message) {
      super(message);
    }
  }

  /**
   * Whether the server rejected this e-mail or one of its recipients, permanently or temporarily,
   * or the e-mail could not even be passed to it.
   */
  static boolean aboutThisMail(MessagingException e) {
    if (!(e instanceof SendFailedException) || lost(e)) {
      return false;
    }
    boolean later = false;
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      if (next instanceof SMTPAddressFailedException) {
        return true;
      }
      int answer = answer(next);
      later |= answer >= 400 && answer < 500;
    }
    return !later;
  }

  /** Whether the connection is gone, or about to be (421). */
  static boolean lost(MessagingException e) {
    return e.getNextException() instanceof IOException
        || says(e, answer -> answer == -1 || answer == CLOSING);
  }

  /** Whether a reply permanently rejects this e-mail, its sender or its content. */
  static boolean isForGood(int answer) {
    return answer >= 500 && !ACCOUNT.contains(answer);
  }

  static boolean says(MessagingException e, IntPredicate what) {
    for (Exception next = e; next instanceof MessagingException m; next = m.getNextException()) {
      if (what.test(answer(next))) {
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
}

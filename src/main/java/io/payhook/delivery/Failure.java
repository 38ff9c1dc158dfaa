package io.payhook.delivery;

import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.SendFailedException;
import jakarta.mail.internet.AddressException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.ExpressionEvaluationException;
import org.apache.camel.TypeConversionException;
import org.apache.camel.ValidationException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;

/**
 * What a failed attempt means: whether a retry may help, after how long at the earliest, and a line
 * for people.
 *
 * <p>I/O errors, 408, 425, 429 (honouring Retry-After) and 5xx may pass; other 4xx and data errors
 * will not. Unknown failures are retried: a needless attempt is cheaper than a lost effect.
 *
 * @param retryable whether another attempt may help
 * @param least minimum wait before it, zero if none was requested
 * @param answered whether it proves that the target is up and working
 * @param text one line
 */
record Failure(boolean retryable, Duration least, boolean answered, String text) {
  private static final int TEXT_MAX = 500;

  /** Maximum length of what a remote system said about a failure. */
  private static final int SAID_MAX = 300;

  /** Maximum depth of a chain of causes, which may be circular. */
  private static final int DEEPEST = 20;

  /** Line ends, other control characters, and bidirectional formatting. */
  private static final Pattern UNSEEN =
      Pattern.compile("[\\s\\p{Cc}\\p{Z}\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}]+");

  private static final Duration WAIT_MAX = Duration.ofHours(24);

  Failure(boolean retryable, Duration least, String text) {
    this(retryable, least, false, text);
  }

  /** The attempt exceeded its timeout. */
  static Failure overdue(Duration timeout) {
    return new Failure(
        true, Duration.ZERO, "took longer than its timeout of " + Attempts.text(timeout));
  }

  static Failure of(Throwable thrown, Instant now) {
    for (Throwable cause = thrown; cause != null; cause = next(cause)) {
      Optional<Failure> failure = known(cause, now);
      if (failure.isPresent()) {
        return failure.get();
      }
    }
    return new Failure(true, Duration.ZERO, line(thrown));
  }

  private static Optional<Failure> known(Throwable cause, Instant now) {
    if (cause instanceof HttpOperationFailedException http) {
      return Optional.of(ofHttp(http, now));
    }
    if (cause instanceof SQLException sql && sql.getSQLState() != null) {
      return Optional.of(ofSql(sql, sql.getSQLState()));
    }
    if (cause instanceof MessagingException mail) {
      return ofMail(mail);
    }
    if (cause instanceof com.fasterxml.jackson.core.JsonProcessingException) {
      return Optional.of(never(cause));
    }
    if (cause instanceof IOException || cause instanceof InterruptedException) {
      return Optional.of(new Failure(true, Duration.ZERO, line(cause)));
    }
    if (cause instanceof IllegalArgumentException
        || cause instanceof TypeConversionException
        || cause instanceof ValidationException
        || cause instanceof DateTimeException
        || cause instanceof ArithmeticException
        || (cause instanceof ExpressionEvaluationException && cause.getCause() == null)) {
      return Optional.of(never(cause));
    }
    return Optional.empty();
  }

  private static Failure ofHttp(HttpOperationFailedException http, Instant now) {
    int status = http.getStatusCode();
    boolean retryable = status == 408 || status == 425 || status == 429 || status >= 500;
    String said = clean(String.valueOf(Objects.requireNonNullElse(http.getResponseBody(), "")));
    String text =
        "HTTP "
            + status
            + " from "
            + withoutQuery(http.getUri())
            + (said.isEmpty() ? "" : ": " + cut(said, SAID_MAX));
    Duration wait = retryable ? retryAfter(http.getResponseHeaders(), now) : Duration.ZERO;
    // 408, 429 and 5xx mean temporarily unable, as they do for the circuit breaker.
    return new Failure(retryable, wait, !retryable || status == 425, text);
  }

  /** Retry-After as seconds or as an HTTP date (RFC 9110, 10.2.3). */
  private static Duration retryAfter(Map<String, String> headers, Instant now) {
    if (headers == null) {
      return Duration.ZERO;
    }
    for (Map.Entry<String, String> header : headers.entrySet()) {
      if (header.getKey().equalsIgnoreCase("Retry-After") && header.getValue() != null) {
        String value = header.getValue().strip();
        try {
          Duration wait =
              value.chars().allMatch(Character::isDigit) && !value.isEmpty()
                  ? Duration.ofSeconds(Long.parseLong(value))
                  : Duration.between(
                      now,
                      ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
          return wait.isNegative() ? Duration.ZERO : wait.compareTo(WAIT_MAX) > 0 ? WAIT_MAX : wait;
        } catch (DateTimeException | NumberFormatException e) {
          return Duration.ZERO;
        }
      }
    }
    return Duration.ZERO;
  }

  /**
   * Classes of SQLSTATE (PostgreSQL, appendix A) that concern the data or the statement: data,
   * integrity, names and privileges, errors raised by functions, program limits, unsupported
   * features. They will not pass.
   */
  private static final Set<String> SQL_DEAD = Set.of("22", "23", "42", "P0", "54", "0A");

  /**
   * States of these classes that concern the connection: a pooler that assigned one session's
   * prepared statement to another.
   */
  private static final Set<String> SQL_PASSING = Set.of("42P05");

  private static Failure ofSql(SQLException sql, String state) {
    boolean dead =
        SQL_DEAD.contains(state.substring(0, Math.min(2, state.length())))
            && !SQL_PASSING.contains(state);
    return new Failure(!dead, Duration.ZERO, dead, "SQL " + state + ": " + line(sql));
  }

  /** Answers about the account, which the operator can fix. */
  private static final Set<Integer> SMTP_ACCOUNT = Set.of(530, 534, 535, 538);

  private static Optional<Failure> ofMail(MessagingException mail) {
    int code =
        mail instanceof SMTPSendFailedException send
            ? send.getReturnCode()
            : mail instanceof SMTPAddressFailedException address
                ? address.getReturnCode()
                : mail instanceof SMTPSenderFailedException sender ? sender.getReturnCode() : 0;
    if (code > 0) {
      boolean retryable = code < 500 || SMTP_ACCOUNT.contains(code);
      return Optional.of(
          new Failure(retryable, Duration.ZERO, code != 421, "SMTP " + code + ": " + line(mail)));
    }
    if (mail instanceof AddressException) {
      return Optional.of(never(mail));
    }
    if (mail instanceof AuthenticationFailedException) {
      return Optional.of(
          new Failure(true, Duration.ZERO, "the mail server refused the login: " + line(mail)));
    }
    if (mail instanceof SendFailedException && next(mail) != null) {
      return Optional.empty();
    }
    return Optional.of(new Failure(true, Duration.ZERO, line(mail)));
  }

  private static @Nullable Throwable next(Throwable cause) {
    if (cause instanceof MessagingException mail && mail.getNextException() != null) {
      return mail.getNextException();
    }
    return cause.getCause();
  }

  private static Failure never(Throwable cause) {
    return new Failure(false, Duration.ZERO, line(cause));
  }

  static String line(Throwable thrown) {
    Throwable told = thrown;
    while (told.getMessage() == null && told.getCause() != null) {
      told = told.getCause();
    }
    String message = told.getMessage() == null ? "" : clean(told.getMessage());
    String text = message.isEmpty() ? told.getClass().getSimpleName() : message;
    if (thrown instanceof IOException) {
      text = thrown.getClass().getSimpleName() + ": " + text;
    }
    String innermost = innermost(told);
    return cut(text.contains(innermost) ? text : text + ": " + innermost, TEXT_MAX);
  }

  /** Message of the innermost cause: the others usually only say that there was one. */
  private static String innermost(Throwable thrown) {
    String said = "";
    Throwable cause = thrown;
    for (int i = 0; cause != null && i < DEEPEST; i++) {
      String message = cause.getMessage() == null ? "" : clean(cause.getMessage());
      said = message.isEmpty() ? said : message;
      cause = next(cause);
    }
    return said;
  }

  private static String clean(String text) {
    return UNSEEN.matcher(text.replace('\0', '\uFFFD')).replaceAll(" ").strip();
  }

  private static String cut(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest) + "…";
  }

  private static String withoutQuery(String uri) {
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }
}

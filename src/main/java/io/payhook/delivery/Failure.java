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
import java.util.Optional;
import java.util.Set;
import org.apache.camel.ExpressionEvaluationException;
import org.apache.camel.TypeConversionException;
import org.apache.camel.ValidationException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;

/**
 * What a failed attempt means: whether another one may help, how long to wait at least, and one
 * line for a person.
 *
 * <p>Input and output, 408, 425, 429 (honouring Retry-After) and 5xx may pass; other 4xx and errors
 * in the data will not. What is not known is tried again: a needless attempt is cheaper than a lost
 * effect.
 *
 * @param retryable whether another attempt may help
 * @param least the least time before it, zero if nobody said
 * @param answered whether it proves that the target is there and does its work
 * @param text one line
 */
record Failure(boolean retryable, Duration least, boolean answered, String text) {
  private static final int TEXT_MAX = 500;
  private static final Duration WAIT_MAX = Duration.ofHours(24);

  Failure(boolean retryable, Duration least, String text) {
    this(retryable, least, false, text);
  }

  /** It was told to end. */
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
    String text = "HTTP " + status + " from " + withoutQuery(http.getUri());
    Duration wait = retryable ? retryAfter(http.getResponseHeaders(), now) : Duration.ZERO;
    // 408, 429 and 5xx say that it can't now, as for its breaker.
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
   * Classes of SQLSTATE (PostgreSQL, appendix A) that tell of the data or the statement: data,
   * integrity, names and privileges, what a function raises, limits of the program, what is not
   * supported. They will not pass by themselves.
   */
  private static final Set<String> SQL_DEAD = Set.of("22", "23", "42", "P0", "54", "0A");

  /**
   * States of such a class that tell of the connection: a pooler that gave the prepared statement
   * of one session to another.
   */
  private static final Set<String> SQL_PASSING = Set.of("42P05");

  private static Failure ofSql(SQLException sql, String state) {
    boolean dead =
        SQL_DEAD.contains(state.substring(0, Math.min(2, state.length())))
            && !SQL_PASSING.contains(state);
    return new Failure(!dead, Duration.ZERO, dead, "SQL " + state + ": " + line(sql));
  }

  private static Optional<Failure> ofMail(MessagingException mail) {
    int code =
        mail instanceof SMTPSendFailedException send
            ? send.getReturnCode()
            : mail instanceof SMTPAddressFailedException address
                ? address.getReturnCode()
                : mail instanceof SMTPSenderFailedException sender ? sender.getReturnCode() : 0;
    if (code > 0) {
      return Optional.of(
          new Failure(code < 500, Duration.ZERO, code != 421, "SMTP " + code + ": " + line(mail)));
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
    String message =
        told.getMessage() == null ? "" : told.getMessage().replaceAll("\\s+", " ").strip();
    String text = message.isEmpty() ? told.getClass().getSimpleName() : message;
    if (thrown instanceof IOException) {
      text = thrown.getClass().getSimpleName() + ": " + text;
    }
    text = text.replace('\0', '\uFFFD');
    return text.length() <= TEXT_MAX ? text : text.substring(0, TEXT_MAX) + "…";
  }

  private static String withoutQuery(String uri) {
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }
}

package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.MessagingException;
import java.io.IOException;
import java.net.ConnectException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FailureTest {
  private static final Instant NOW = Instant.parse("2026-11-23T20:00:00Z");

  private static Failure http(int status, Map<String, String> headers) {
    return Failure.of(
        new HttpOperationFailedException("http://crm.example.com/", status, "", null, headers, ""),
        NOW);
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 425, 429, 500, 502, 503, 504})
  void statuses_that_may_pass_are_tried_again(int status) {
    assertThat(http(status, Map.of()).retryable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 400, 401, 403, 404, 409, 422})
  void other_statuses_are_dead_at_once(int status) {
    assertThat(http(status, Map.of()).retryable()).isFalse();
  }

  @Test
  void retry_after_is_honoured_in_seconds_and_as_a_date() {
    assertThat(http(429, Map.of("Retry-After", "120")).least()).isEqualTo(Duration.ofMinutes(2));
    assertThat(http(503, Map.of("retry-after", "Mon, 23 Nov 2026 20:05:00 GMT")).least())
        .isEqualTo(Duration.ofMinutes(5));
    assertThat(http(503, Map.of("Retry-After", "soon")).least()).isZero();
    assertThat(http(503, Map.of("Retry-After", "Mon, 23 Nov 2026 19:05:00 GMT")).least()).isZero();
    assertThat(http(503, Map.of("Retry-After", "99999999")).least()).isEqualTo(Duration.ofDays(1));
  }

  @Test
  void what_lies_in_the_data_or_the_statement_is_dead_at_once() {
    assertThat(Failure.of(new SQLException("invalid input syntax", "22P02"), NOW).retryable())
        .isFalse();
    assertThat(
            Failure.of(new SQLException("violates not-null constraint", "23502"), NOW).retryable())
        .isFalse();
    assertThat(Failure.of(new SQLException("relation does not exist", "42P01"), NOW).retryable())
        .isFalse();
    assertThat(Failure.of(new IllegalArgumentException("no number"), NOW).retryable()).isFalse();
  }

  @Test
  void what_lies_in_the_database_s_state_is_tried_again() {
    assertThat(Failure.of(new SQLException("deadlock detected", "40P01"), NOW).retryable())
        .isTrue();
    assertThat(Failure.of(new SQLException("connection failure", "08006"), NOW).retryable())
        .isTrue();
    assertThat(Failure.of(new SQLException("too many connections", "53300"), NOW).retryable())
        .isTrue();
    assertThat(Failure.of(new SQLException("shutting down", "57P01"), NOW).retryable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "26000", "42P05", "25P02", "40001", "40P01", "55P03", "57014", "57P01", "53300", "08000",
        "08001", "08003", "08006", "58030", "XX000"
      })
  void what_another_connection_or_another_time_may_change_is_tried_again(String state) {
    assertThat(Failure.of(new SQLException("x", state), NOW).retryable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "22021", "22P02", "23505", "42P01", "42501", "42601", "P0001", "54000", "54001", "0A000"
      })
  void what_lies_in_the_data_or_the_statement_stays_so(String state) {
    assertThat(Failure.of(new SQLException("x", state), NOW).retryable()).isFalse();
  }

  @Test
  void the_cause_decides_however_it_is_wrapped() {
    assertThat(
            Failure.of(new RuntimeCamelException(new ConnectException("Connection refused")), NOW)
                .retryable())
        .isTrue();
    assertThat(
            Failure.of(new RuntimeCamelException(new SQLException("bad", "22P02")), NOW)
                .retryable())
        .isFalse();
    assertThat(
            Failure.of(
                    new MessagingException("couldn't connect", new ConnectException("refused")),
                    NOW)
                .retryable())
        .isTrue();
  }

  @Test
  void what_nobody_knows_is_tried_again() {
    assertThat(Failure.of(new IllegalStateException("odd"), NOW).retryable()).isTrue();
  }

  @Test
  void the_text_is_one_short_line_without_query_or_nul() {
    Failure failure =
        Failure.of(new IllegalStateException("first\nsecond\0" + "x".repeat(2_000)), NOW);
    assertThat(failure.text())
        .doesNotContain("\n", "\0")
        .startsWith("first second")
        .hasSizeLessThan(600);
  }

  @Test
  void what_the_far_end_said_is_told_in_one_short_line() {
    Failure failure =
        Failure.of(
            new HttpOperationFailedException(
                "http://crm.example.com/contacts/a?key=secret",
                422,
                "",
                null,
                Map.of(),
                "{\"message\":\r\n \"no \u202Eemail\u0007\"}" + "x".repeat(1_000)),
            NOW);
    assertThat(failure.text())
        .startsWith(
            "HTTP 422 from http://crm.example.com/contacts/a: {\"message\": \"no email \"}xxx")
        .hasSizeLessThan(360);
  }

  @Test
  void the_innermost_cause_is_told_too() {
    MessagingException mail =
        new MessagingException(
            "Could not connect to SMTP host: mail.example.com, port: 465",
            new SSLHandshakeException("PKIX path building failed"));
    assertThat(Failure.of(mail, NOW).text())
        .isEqualTo(
            "Could not connect to SMTP host: mail.example.com, port: 465: PKIX path building"
                + " failed");
    assertThat(Failure.of(new IOException("closed", new IOException("closed")), NOW).text())
        .isEqualTo("IOException: closed");
  }
}

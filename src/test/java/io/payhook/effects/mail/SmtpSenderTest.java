package io.payhook.effects.mail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.payhook.delivery.TargetUnavailableException;
import io.payhook.effects.EffectException;
import io.payhook.effects.mail.SmtpSender.Security;
import io.payhook.effects.mail.SmtpSender.Server;
import io.payhook.testing.SettableClock;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.InternetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmtpSenderTest {
  private static TestCertificate certificate;
  private final SettableClock clock = new SettableClock();

  @BeforeAll
  static void certificate(@TempDir Path folder) throws Exception {
    certificate = new TestCertificate(folder, "ip:127.0.0.1");
    System.setProperty("greenmail.tls.keystore.file", certificate.file.toString());
    System.setProperty("greenmail.tls.keystore.password", TestCertificate.PASSWORD);
  }

  @Test
  void sends_to_a_server_that_wants_a_login() throws Exception {
    GreenMail server = greenMail(ServerSetup.PROTOCOL_SMTP);
    try (SmtpSender sender =
        sender(server.getSmtp().getPort(), "ada", "right password", Security.NONE, null)) {
      sender.send(mail("1"));
      sender.send(mail("2"));

      assertThat(server.getReceivedMessages()).hasSize(2);
      assertThat(server.getReceivedMessages()[0].getMessageID()).isEqualTo("<1@example.com>");
    } finally {
      server.stop();
    }
  }

  @Test
  void a_refused_login_may_be_mended_and_never_tells_the_password() throws Exception {
    GreenMail server = greenMail(ServerSetup.PROTOCOL_SMTP);
    try (SmtpSender sender =
        sender(server.getSmtp().getPort(), "ada", "wrong password", Security.NONE, null)) {
      assertThatThrownBy(() -> sender.send(mail("1")))
          .isInstanceOf(MessagingException.class)
          .hasMessageContaining("refused the user name or password")
          .hasMessageNotContaining("wrong password");
    } finally {
      server.stop();
    }
  }

  @Test
  void sends_over_tls_to_a_server_whose_certificate_is_trusted() throws Exception {
    GreenMail server = greenMail(ServerSetup.PROTOCOL_SMTPS);
    try (SmtpSender sender =
        sender(
            server.getSmtps().getPort(),
            "ada",
            "right password",
            Security.TLS,
            certificate.context().getSocketFactory())) {
      sender.send(mail("1"));

      assertThat(server.getReceivedMessages()).hasSize(1);
    } finally {
      server.stop();
    }
  }

  @Test
  void a_certificate_that_nobody_vouches_for_is_refused() throws Exception {
    GreenMail server = greenMail(ServerSetup.PROTOCOL_SMTPS);
    try (SmtpSender sender =
        sender(server.getSmtps().getPort(), "ada", "right password", Security.TLS, null)) {
      assertThatThrownBy(() -> sender.send(mail("1")))
          .isInstanceOf(MessagingException.class)
          .hasStackTraceContaining("PKIX path building failed");
      assertThat(server.getReceivedMessages()).isEmpty();
    } finally {
      server.stop();
    }
  }

  @Test
  void a_certificate_of_another_host_is_refused(@TempDir Path folder) throws Exception {
    TestCertificate other = new TestCertificate(folder, "dns:mail.example.com");
    try (SmallSmtpServer server = new SmallSmtpServer(other.context());
        SmtpSender sender =
            sender(server.port(), "", "", Security.STARTTLS, other.context().getSocketFactory())) {
      assertThatThrownBy(() -> sender.send(mail("1"))).isInstanceOf(MessagingException.class);
      assertThat(server.commands).noneMatch(c -> c.contains("MAIL FROM"));
    }
  }

  @Test
  void starttls_protects_everything_after_the_greeting() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(certificate.context());
        SmtpSender sender =
            sender(
                server.port(),
                "",
                "",
                Security.STARTTLS,
                certificate.context().getSocketFactory())) {
      sender.send(mail("1"));

      assertThat(server.commands.stream().filter(c -> !c.startsWith("tls ")))
          .hasSize(2)
          .last()
          .isEqualTo("STARTTLS");
      assertThat(server.mails).hasSize(1);
    }
  }

  @Test
  void a_server_without_starttls_gets_nothing_where_it_is_asked_for() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server.port(), "", "", Security.STARTTLS, null)) {
      assertThatThrownBy(() -> sender.send(mail("1")))
          .isInstanceOf(MessagingException.class)
          .hasMessageContaining("STARTTLS is required");
      assertThat(server.commands).noneMatch(c -> c.contains("MAIL FROM"));
    }
  }

  @Test
  void one_connection_carries_many_emails() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      for (int i = 0; i < 20; i++) {
        sender.send(mail("" + i));
      }

      assertThat(server.mails).hasSize(20);
      assertThat(server.connections).hasValue(1);
    }
  }

  @Test
  void a_kept_connection_that_the_server_closed_is_replaced() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      sender.send(mail("1"));
      server.closeConnections();
      sender.send(mail("2"));

      assertThat(server.mails).hasSize(2);
      assertThat(server.connections).hasValue(2);
    }
  }

  @Test
  void a_kept_connection_that_says_421_is_replaced() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      sender.send(mail("1"));
      server.answer =
          (connection, command) ->
              connection == 1 && command.startsWith("MAIL") ? "421 closing" : SmallSmtpServer.USUAL;
      sender.send(mail("2"));

      assertThat(server.mails).hasSize(2);
      assertThat(server.connections).hasValue(2);
    }
  }

  @Test
  void a_new_connection_that_fails_is_not_tried_again_here() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith("MAIL") ? SmallSmtpServer.HANG_UP : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("1"))).isInstanceOf(MessagingException.class);
      assertThat(server.connections).hasValue(1);
    }
  }

  @Test
  void an_email_that_the_server_may_have_taken_is_not_sent_again_here() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      sender.send(mail("1"));
      server.answer =
          (connection, command) ->
              command.equals(".") ? SmallSmtpServer.HANG_UP : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("2"))).isInstanceOf(MessagingException.class);
      assertThat(server.commands.stream().filter(c -> c.startsWith("DATA"))).hasSize(2);
      assertThat(server.connections).hasValue(1);
    }
  }

  @Test
  void an_idle_connection_is_not_kept_for_ever() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      sender.send(mail("1"));
      clock.set(clock.instant().plusSeconds(60));
      sender.send(mail("2"));

      assertThat(server.connections).hasValue(2);
    }
  }

  @Test
  void a_recipient_that_is_refused_for_good_is_an_error_of_the_data() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith("RCPT") ? "550 no such user here" : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("1")))
          .isInstanceOf(EffectException.class)
          .hasMessageContaining("refused the e-mail for good: 550 no such user here");
      server.answer = (connection, command) -> SmallSmtpServer.USUAL;
      sender.send(mail("2"));
      assertThat(server.connections).hasValue(1);
    }
  }

  @Test
  void a_refusal_for_now_is_for_the_delivery_to_try_again() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith("RCPT") ? "451 try later" : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("1"))).isInstanceOf(MessagingException.class);
    }
  }

  @Test
  void emails_go_out_side_by_side_over_a_few_connections() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        String id = "m" + i;
        all.add(
            threads.submit(
                () -> {
                  sender.send(mail(id));
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }

      assertThat(server.mails).hasSize(400);
      assertThat(server.connections.get()).isBetween(1, 4);
    } finally {
      threads.shutdown();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"EHLO", "MAIL", "RCPT", "DATA", "."})
  void a_server_that_only_says_that_it_is_at_work_is_left_when_the_time_is_over(String at)
      throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = hasty(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith(at) ? SmallSmtpServer.DRIP : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("1")))
          .isInstanceOf(MessagingException.class)
          .hasMessageContaining("did not take the e-mail in time; the connection was closed");
      server.answer = (connection, command) -> SmallSmtpServer.USUAL;
      sender.send(mail("2"));
    }
  }

  @Test
  void a_kept_connection_that_drips_is_left_too() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = hasty(server)) {
      sender.send(mail("1"));
      server.answer =
          (connection, command) ->
              command.equals(".") ? SmallSmtpServer.DRIP : SmallSmtpServer.USUAL;

      assertThatThrownBy(() -> sender.send(mail("2"))).hasMessageContaining("in time");
    }
  }

  @ParameterizedTest
  @CsvSource({"EHLO", "MAIL", "."})
  void an_answer_without_end_is_left_at_its_limit(String at) throws Exception {
    for (String much : List.of("x".repeat(1 << 20), "250-x\r\n".repeat(1 << 17))) {
      try (SmallSmtpServer server = new SmallSmtpServer(null);
          SmtpSender sender = sender(server)) {
        server.answer =
            (connection, command) -> command.startsWith(at) ? much : SmallSmtpServer.USUAL;

        assertThatThrownBy(() -> sender.send(mail("1")))
            .isInstanceOf(MessagingException.class)
            .hasStackTraceContaining("the answer is longer than 64 kB");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "MAIL | 530 5.7.0 Authentication required | wants a login (payhook.mail.username",
        "RCPT | 530 5.7.0 Authentication required | wants a login (payhook.mail.username",
        "MAIL | 535 5.7.8 expired | wants a login (payhook.mail.username",
        "MAIL | 571 blocked | does not let this account send (payhook.mail.username",
        "MAIL | 550 5.7.60 not allowed to send as this sender | does not let this account send",
        "MAIL | 554 5.7.1 account suspended | does not let this account send",
      })
  void an_answer_about_the_account_has_all_emails_wait(String at, String said, String told)
      throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) -> command.startsWith(at) ? said : SmallSmtpServer.USUAL;
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> sender.send(mail("1")))
            .isInstanceOf(MessagingException.class)
            .hasCauseInstanceOf(TargetUnavailableException.class)
            .hasMessageContaining("127.0.0.1:" + server.port() + " " + told);
      }
      assertThat(server.commands.stream().filter(c -> c.startsWith(at))).hasSize(1);

      clock.set(clock.instant().plusSeconds(6));
      server.answer = (connection, command) -> SmallSmtpServer.USUAL;
      sender.send(mail("2"));
    }
  }

  @Test
  void a_login_that_is_refused_or_not_offered_has_all_emails_wait() throws Exception {
    GreenMail greenMail = greenMail(ServerSetup.PROTOCOL_SMTP);
    try (SmtpSender sender =
        sender(greenMail.getSmtp().getPort(), "ada", "wrong password", Security.NONE, null)) {
      assertThatThrownBy(() -> sender.send(mail("1")))
          .hasCauseInstanceOf(TargetUnavailableException.class)
          .hasMessageContaining("refused the user name or password");
    } finally {
      greenMail.stop();
    }
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server.port(), "ada", "password", Security.NONE, null)) {
      assertThatThrownBy(() -> sender.send(mail("1")))
          .hasCauseInstanceOf(TargetUnavailableException.class)
          .hasMessageContaining("offers no login, but payhook.mail.username is set");
      assertThat(server.commands).noneMatch(c -> c.startsWith("MAIL"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "550 5.1.1 no such user",
        "571 5.7.1 blocked",
        "550 5.7.1 unable to relay",
        "521 no mail here",
        "553 odd address"
      })
  void a_refused_recipient_is_named_and_the_others_get_the_email(String said) throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith("RCPT") && command.contains("typo") ? said : SmallSmtpServer.USUAL;
      OutgoingMail both = mail("1");
      both.setRecipients(RecipientType.TO, "typo@example.com, ok@example.com");
      sender.send(both);

      assertThat(server.mails).hasSize(1);
      assertThat(both.notes())
          .singleElement()
          .asString()
          .contains("refused typo@example.com: " + said);

      OutgoingMail one = mail("2");
      one.setRecipients(RecipientType.TO, "typo@example.com");
      assertThatThrownBy(() -> sender.send(one))
          .isInstanceOf(EffectException.class)
          .hasMessageContaining("refused the e-mail for good: " + said + " (typo@example.com)");
    }
  }

  @Test
  void while_one_recipient_is_refused_for_now_nobody_gets_it() throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              !command.startsWith("RCPT")
                  ? SmallSmtpServer.USUAL
                  : command.contains("grey")
                      ? "451 4.7.1 greylisted"
                      : command.contains("typo") ? "550 no such user" : SmallSmtpServer.USUAL;
      OutgoingMail mail = mail("1");
      mail.setRecipients(RecipientType.TO, "grey@example.com, typo@example.com, ok@example.com");

      assertThatThrownBy(() -> sender.send(mail)).isInstanceOf(MessagingException.class);
      assertThat(server.mails).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"450 4.2.1 mailbox busy", "451 greylisted", "452 4.2.2 mailbox full"})
  void mailboxes_that_are_busy_are_no_outage(String said) throws Exception {
    try (SmallSmtpServer server = new SmallSmtpServer(null);
        SmtpSender sender = sender(server)) {
      server.answer =
          (connection, command) ->
              command.startsWith("RCPT") && command.contains("busy") ? said : SmallSmtpServer.USUAL;
      for (int i = 0; i < 12; i++) {
        OutgoingMail mail = mail("b" + i);
        mail.setRecipients(RecipientType.TO, "busy" + i + "@example.com");
        assertThatThrownBy(() -> sender.send(mail)).isInstanceOf(MessagingException.class);
      }
      sender.send(mail("1"));
      assertThat(server.mails).hasSize(1);
    }
  }

  private SmtpSender hasty(SmallSmtpServer server) {
    return new SmtpSender(
        new Server(
            "127.0.0.1",
            server.port(),
            "",
            "",
            Security.NONE,
            Duration.ofSeconds(5),
            Duration.ofMillis(200),
            4,
            Duration.ofSeconds(20),
            null),
        clock);
  }

  private static GreenMail greenMail(String protocol) {
    GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", protocol));
    server.start();
    server.setUser("ada@example.com", "ada", "right password");
    server.getUserManager().setAuthRequired(true);
    return server;
  }

  private SmtpSender sender(SmallSmtpServer server) {
    return sender(server.port(), "", "", Security.NONE, null);
  }

  private SmtpSender sender(
      int port, String username, String password, Security security, SSLSocketFactory trust) {
    return new SmtpSender(
        new Server(
            "127.0.0.1",
            port,
            username,
            password,
            security,
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            4,
            Duration.ofSeconds(20),
            trust),
        clock);
  }

  private static OutgoingMail mail(String id) throws MessagingException {
    OutgoingMail mail = new OutgoingMail("test", "<" + id + "@example.com>");
    mail.setFrom(new InternetAddress("shop@example.com"));
    mail.setRecipient(RecipientType.TO, new InternetAddress("ada@example.com"));
    mail.setSubject("s");
    mail.setText("Hello");
    mail.saveChanges();
    return mail;
  }
}

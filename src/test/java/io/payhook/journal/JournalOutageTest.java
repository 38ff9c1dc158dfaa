package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.payhook.postgres.Database;
import io.payhook.settings.Settings;
import io.payhook.testing.DatabaseCable;
import io.payhook.testing.Eventually;
import io.payhook.testing.TestDatabase;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What the journal says of itself while its database is away, refuses, or does not answer. */
@Timeout(60)
@Tag("service")
class JournalOutageTest {
  @TempDir Path folder;

  private final TestDatabase own = TestDatabase.create("journal", Migrations::journal);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private DatabaseCable cable;
  private Database database;
  private Journal journal;

  @BeforeEach
  void open() throws Exception {
    int port = URI.create(own.url().substring("jdbc:".length())).getPort();
    cable = new DatabaseCable(port);
    database =
        Database.open(
            Settings.of(
                Map.of(
                    "payhook.data",
                    folder.toString(),
                    "payhook.database.url",
                    own.url().replace(":" + port + "/", ":" + cable.port() + "/")
                        + "&socketTimeout=1")));
    journal =
        new Journal(
            database.journal(4),
            "node-a",
            Duration.ofSeconds(30),
            1,
            100,
            Duration.ofMillis(200),
            Clock.systemUTC(),
            new Journal.Listener() {},
            event -> {});
    log.start();
    Eventually.holds(() -> append("before", 10));
    logger().setLevel(Level.INFO);
    logger().addAppender(log);
  }

  @AfterEach
  void close() throws Exception {
    logger().setLevel(null);
    logger().detachAppender(log);
    journal.close();
    database.close();
    cable.close();
    own.close();
  }

  @Test
  void a_connection_that_goes_silent_is_given_up_and_a_new_one_made() throws Exception {
    cable.silence();
    assertThatThrownBy(() -> append("lost", 10)).hasMessageContaining("no commit within 200 ms");
    problem("a commit has not ended within 400 ms");
    assertThatThrownBy(() -> append("refused", 10)).hasMessageContaining("has not ended");
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
    append("after", 10);
    Eventually.holds(() -> assertThat(lines()).hasSize(3));
    assertThat(lines())
        .satisfiesExactly(
            first -> assertThat(first).contains("can't commit: a commit has not ended"),
            second -> assertThat(second).contains("I/O error").contains("Read timed out"),
            third -> assertThat(third).contains("commits again"));
  }

  @Test
  void what_a_silent_connection_has_locked_is_free_after_some_seconds() throws Exception {
    var holding = database.journal(1).getConnection();
    holding.setAutoCommit(false);
    holding.createStatement().execute("lock table payhook.event");
    cable.silence();
    problem("a commit has not ended within 400 ms");
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
    append("after", 10);
    holding.abort(Runnable::run);
  }

  @Test
  void an_idle_journal_finds_out_by_itself() throws Exception {
    try (var holding = own.connect()) {
      holding.setAutoCommit(false);
      holding.createStatement().execute("lock table payhook.event");
      problem("a commit has not ended within 400 ms");
    }
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
    assertThat(own.query("select key from payhook.event")).containsExactly("before");
  }

  @Test
  void a_database_that_only_reads_is_told_with_its_own_words() throws Exception {
    String name = own.query("select current_database()").get(0);
    own.update("alter database " + name + " set default_transaction_read_only = on");
    cable.cut();
    cable.mend();
    problem("read-only transaction");
    try (var connection = own.connect()) {
      connection.createStatement().execute("set transaction_read_only = off");
      connection
          .createStatement()
          .execute(
              "begin; set transaction read write; alter database "
                  + name
                  + " reset default_transaction_read_only; commit");
    }
    cable.cut();
    cable.mend();
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
  }

  @Test
  void a_full_disk_is_one_outage_with_one_line_until_there_is_room_again() throws Exception {
    own.update(
        """
        create function no_room() returns trigger language plpgsql as $$
        begin
          if octet_length(new.body) > 1000 then
            raise exception 'could not extend file: No space left on device' using errcode = '53100';
          end if;
          return new;
        end $$
        """);
    own.update(
        "create trigger no_room before insert on payhook.event for each row execute function no_room()");
    assertThatThrownBy(() -> append("large", 60_000)).hasMessageContaining("No space left");
    for (int i = 0; i < 5; i++) {
      int n = i;
      assertThatThrownBy(() -> append("large-" + n, 60_000)).hasMessageContaining("No space left");
      assertThat(journal.problem()).isPresent();
    }
    own.update("drop trigger no_room on payhook.event");
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
    append("large", 60_000);
    Eventually.holds(() -> assertThat(lines()).hasSize(2));
    assertThat(own.query("select key from payhook.event order by id"))
        .containsExactly("before", "large");
  }

  @Test
  void tables_that_this_version_cannot_fill_are_the_journals_problem_and_not_the_events()
      throws Exception {
    own.update("alter table payhook.event add column newer text not null default 'x'");
    own.update("alter table payhook.event alter newer drop default");
    assertThatThrownBy(() -> append("lost", 10)).hasMessageContaining("newer");
    problem("null value in column \"newer\"");
    own.update("alter table payhook.event alter newer drop not null");
    Eventually.holds(() -> assertThat(journal.problem()).isEmpty());
  }

  @Test
  void one_event_that_the_database_cannot_hold_stops_nothing() throws Exception {
    assertThatThrownBy(() -> append("k".repeat(9_000).replace("k", "\u0000"), 10))
        .isInstanceOf(ExecutionException.class);
    append("after", 10);
    assertThat(journal.problem()).isEmpty();
  }

  private void problem(String text) throws Exception {
    Eventually.holds(() -> assertThat(journal.problem().orElse("none")).contains(text));
  }

  private void append(String key, int size) throws Exception {
    journal
        .begin(TestJournal.event("payment.success", key, null, "x".repeat(size)), List.of())
        .get();
  }

  private List<String> lines() {
    return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(CommitState.class);
  }
}

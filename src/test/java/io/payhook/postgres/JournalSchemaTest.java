package io.payhook.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.journal.Facts;
import io.payhook.journal.Journal;
import io.payhook.journal.NewEvent;
import io.payhook.journal.Rejections;
import io.payhook.journal.Retention;
import io.payhook.service.Tables;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("service")
class JournalSchemaTest {
  @TempDir Path folder;

  @Test
  void two_installations_on_one_database_have_a_journal_each() throws Exception {
    Files.createDirectory(folder.resolve("routes"));
    try (TestDatabase own = TestDatabase.create()) {
      for (String schema : List.of("payhook", "payhook_shop2")) {
        Settings settings =
            Settings.of(
                Map.of(
                    "payhook.data", folder.resolve(schema).toString(),
                    "payhook.routes", folder.resolve("routes").toString(),
                    "payhook.database.url", own.url(),
                    "payhook.database.schema", schema));
        Tables.migrate(settings);
        try (Database database = Database.open(settings)) {
          try (Journal journal =
                  new Journal(
                      database.journal(2),
                      "node-a",
                      Duration.ofSeconds(30),
                      1,
                      10,
                      Duration.ofSeconds(20),
                      Clock.systemUTC(),
                      new Journal.Listener() {},
                      event -> {});
              Rejections rejections =
                  new Rejections(database.journal(1), 10, Duration.ofDays(30), 10);
              Retention retention =
                  new Retention(database.dataSource(), Duration.ofDays(1), Duration.ofDays(1))) {
            journal
                .begin(
                    new NewEvent(
                        "payments",
                        "payment.success",
                        schema,
                        Facts.NONE,
                        null,
                        "POST",
                        "/",
                        null,
                        "[]",
                        new byte[1],
                        NewEvent.Sameness.of(stored -> true)),
                    List.of())
                .get();
            assertThat(rejections.settled()).isTrue();
            assertThat(retention.sweep()).isZero();
          }
        }
      }
      assertThat(own.query("select key from payhook.event")).containsExactly("payhook");
      assertThat(own.query("select key from payhook_shop2.event")).containsExactly("payhook_shop2");
    }
  }

  @Test
  void only_the_schema_is_replaced() {
    JournalSchema schema = new JournalSchema("shop2");
    assertThat(
            schema.in(
                "select payhook.event.id from payhook.event where key = 'payhook' -- schema payhook"))
        .isEqualTo("select shop2.event.id from shop2.event where key = 'payhook' -- schema shop2");
    assertThat(schema.in("insert into my_payhook.event")).isEqualTo("insert into my_payhook.event");
  }
}

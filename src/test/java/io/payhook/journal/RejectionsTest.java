package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("service")
class RejectionsTest {
  private final TestDatabase database = TestDatabase.create("rejections", Migrations::journal);

  @AfterEach
  void close() {
    database.close();
  }

  private Rejections keeping(int keep, int perSecond) {
    return new Rejections(database.dataSource(), keep, Duration.ofDays(1), perSecond);
  }

  private static Rejections.Rejection rejection(String endpoint, String reason, String body) {
    return new Rejections.Rejection(
        endpoint,
        "SIGNATURE",
        reason,
        "nul \0 inside",
        "127.0.0.1",
        "[]",
        3,
        "abc",
        body == null ? null : body.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void they_stay_bounded() throws Exception {
    try (Rejections rejections = keeping(5, 1_000)) {
      for (int i = 0; i < 100; i++) {
        rejections.record(rejection("payments", "wrong-signature", null));
      }
    }
    assertThat(database.query("select 1 from payhook.rejection").size()).isBetween(1, 5);
  }

  @Test
  void a_flood_is_recorded_at_a_bounded_rate() throws Exception {
    try (Rejections rejections = keeping(1_000, 3)) {
      for (int i = 0; i < 200; i++) {
        rejections.record(rejection("payments", "wrong-signature", null));
      }
      // The loop lasts far less than a second, but may lie across the turn of one.
      rejections.record(rejection("payments", "missing-header", null));
      rejections.record(rejection("stripe", "wrong-signature", null));
    }
    assertThat(
            database
                .query(
                    "select 1 from payhook.rejection where reason = 'wrong-signature' and endpoint = 'payments'")
                .size())
        .isBetween(1, 6);
    assertThat(
            database.query(
                "select endpoint from payhook.rejection where endpoint = 'stripe' or reason = 'missing-header'"))
        .containsExactlyInAnyOrder("payments", "stripe");
  }

  @Test
  void a_flood_of_one_kind_pushes_out_no_other() throws Exception {
    try (Rejections rejections = keeping(10, 1_000)) {
      rejections.record(rejection("stripe", "timestamp-too-old", null));
      rejections.record(rejection("payments", "not-json", null));
      for (int i = 0; i < 150; i++) {
        rejections.record(rejection("payments", "wrong-signature", null));
      }
    }
    assertThat(
            database.query(
                "select endpoint || ' ' || reason || ' ' || count(*) from payhook.rejection group by endpoint, reason order by 1"))
        .containsExactly(
            "payments not-json 1", "payments wrong-signature 8", "stripe timestamp-too-old 1");
  }

  @Test
  void what_is_authentic_is_kept_whole_however_much_comes() throws Exception {
    String body = "{".repeat(2_000);
    try (Rejections rejections = keeping(1_000, 1)) {
      for (int i = 0; i < 250; i++) {
        rejections.record(rejection("payments", "not-json", body + i));
        while (!rejections.settled()) {
          Thread.onSpinWait();
        }
      }
    }
    assertThat(database.query("select count(*) from payhook.rejection")).containsExactly("250");
    // Of whole bodies the last ones stay.
    assertThat(
            database.query(
                "select count(*) || ' ' || max(length(body)) from payhook.rejection where body is not null"))
        .containsExactly("200 2003");
  }

  @Test
  void they_go_when_they_are_old() throws Exception {
    try (Rejections rejections = keeping(100, 100)) {
      rejections.record(rejection("payments", "old", null));
      rejections.record(rejection("payments", "new", null));
      while (!rejections.settled()) {
        Thread.onSpinWait();
      }
      database.query(
          "with aged as (update payhook.rejection set at = at - interval '25 hours' where reason = 'old' returning 1) select 1 from aged");
      rejections.sweep();
    }
    assertThat(database.query("select reason from payhook.rejection")).containsExactly("new");
  }
}

package io.payhook.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("service")
class NodesTest {
  private final TestDatabase database = TestDatabase.create("nodes", Migrations::journal);

  @AfterEach
  void end() {
    database.close();
  }

  private Nodes node(String name, String home) {
    return new Nodes(
        database.dataSource(),
        new Nodes.Self(name, UUID.randomUUID(), home, "host-" + home, "1"),
        Duration.ofMinutes(5));
  }

  private SubscriptionTable table(String node) {
    return new SubscriptionTable(database.dataSource(), node);
  }

  private static SubscriptionTable.Row row(String route, String type) {
    return new SubscriptionTable.Row(route, "payments", type, false);
  }

  private void sql(String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void goesSilent(String name) throws SQLException {
    sql(
        "update payhook.node set seen_at = now() - interval '6 minutes', expires_at = now() - interval '1 minute' where name = '"
            + name
            + "'");
  }

  @Test
  void a_name_belongs_to_one_process() throws Exception {
    Nodes first = node("payhook", "a");
    Nodes second = node("payhook", "b");
    assertThat(first.join()).isNull();
    Nodes.Holder holder = second.join();
    assertThat(holder).isNotNull();
    assertThat(holder.host()).isEqualTo("host-a");
    assertThat(holder.incarnation()).isEqualTo(first.self().incarnation());
    assertThat(first.heartbeat()).isNull();

    goesSilent("payhook");
    assertThat(second.join()).describedAs("after a while without a word").isNull();
    assertThat(first.heartbeat()).describedAs("the first learns of it").isNotNull();
    second.leave();
    assertThat(first.heartbeat()).describedAs("the name is free again").isNull();
  }

  @Test
  void the_next_process_of_a_data_folder_and_one_after_a_stop_need_not_wait() throws Exception {
    assertThat(node("one", "a").join()).isNull();
    assertThat(node("one", "a").join()).isNull();
    Nodes stopped = node("two", "b");
    stopped.join();
    stopped.leave();
    assertThat(node("two", "c").join()).isNull();
  }

  @Test
  void a_node_that_is_gone_counts_for_a_while_and_then_no_more() throws Exception {
    Nodes gone = node("gone", "a");
    gone.join();
    table("gone").replace(List.of(row("thank", "payment.*"), row("only-there", "x")));
    node("here", "b").join();
    SubscriptionTable here = table("here");
    here.replace(List.of(row("record", "*")));

    gone.leave();
    assertThat(here.elsewhere())
        .extracting(SubscriptionTable.Row::route)
        .containsExactly("only-there", "thank");
    goesSilent("gone");
    assertThat(here.elsewhere()).isEmpty();
    JournalReader reader = new JournalReader(database.dataSource(), Duration.ofSeconds(5));
    assertThat(reader.subscriptions())
        .extracting(JournalReader.SubscriptionRow::route)
        .containsExactly("record");
    assertThat(reader.nodes())
        .extracting(node -> node.name() + " " + node.state() + " " + node.counts())
        .containsExactly("here live true", "gone stopped false");
  }

  @Test
  void the_newest_wish_of_a_route_counts_whoever_said_it() throws Exception {
    node("old", "a").join();
    table("old").replace(List.of(row("thank", "payment.*")));
    node("new", "b").join();
    table("new").replace(List.of(row("thank", "payment.success")));
    assertThat(table("third").elsewhere()).containsExactly(row("thank", "payment.success"));

    // A pod of the old version that starts again has nothing new to say.
    node("old-2", "c").join();
    table("old").replace(List.of(row("thank", "payment.*")));
    assertThat(table("third").elsewhere()).containsExactly(row("thank", "payment.success"));

    table("new").replace(List.of(row("thank", "payment.*")));
    assertThat(table("third").elsewhere()).containsExactly(row("thank", "payment.*"));
  }

  @Test
  void a_node_that_lives_is_not_forgotten() throws Exception {
    node("here", "a").join();
    table("here").replace(List.of(row("record", "*")));
    assertThat(Nodes.forget(database.dataSource(), "here")).isEqualTo(Nodes.Forgotten.LIVES);
    assertThat(Nodes.forget(database.dataSource(), "nobody")).isEqualTo(Nodes.Forgotten.UNKNOWN);
    goesSilent("here");
    assertThat(Nodes.forget(database.dataSource(), "here")).isEqualTo(Nodes.Forgotten.GONE);
    assertThat(database.query("select route from payhook.subscriber")).isEmpty();
  }
}

package io.payhook.cli;

import static io.payhook.journal.JournalFixture.delivery;
import static io.payhook.journal.JournalFixture.event;
import static io.payhook.journal.JournalFixture.execute;
import static io.payhook.journal.JournalFixture.rows;
import static io.payhook.journal.JournalFixture.subscription;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.payhook.console.ApiFixture;
import io.payhook.kit.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@Tag("service")
class JournalCommandsTest {
  private ApiFixture service;

  @BeforeEach
  void start() throws Exception {
    service = new ApiFixture(null);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private record Run(int exit, String out, String err) {}

  private Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    if (!all.contains("--server")) {
      all.add("--server");
      all.add("http://127.0.0.1:" + service.port());
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Cli.commandLine();
    for (Object command :
        List.of(
            new EventsCommand(),
            new EventCommand(),
            new DeliveriesCommand(),
            new ReplayCommand(),
            new NodesCommand())) {
      String name = command.getClass().getAnnotation(CommandLine.Command.class).name();
      if (!line.getSubcommands().containsKey(name)) {
        line.addSubcommand(command);
      }
    }
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = line.execute(all.toArray(String[]::new));
    return new Run(exit, out.toString(), err.toString());
  }

  @Test
  void events_are_a_table_of_what_became_of_them() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "receipt-email", "done");
    delivery(id, "crm-contact", "dead");
    event("dispute.opened", "tx-2", "unrouted", Instant.now());

    Run run = run("events");

    assertThat(run.exit()).isZero();
    assertThat(run.out().lines().toList())
        .hasSize(3)
        .satisfies(
            lines -> {
              assertThat(lines.get(0)).startsWith("RECEIVED").contains("STATE");
              assertThat(lines.get(1)).contains("dispute.opened").endsWith("unrouted");
              assertThat(lines.get(2))
                  .contains(id.toString(), "120.50 NGN")
                  .endsWith("1 done, 1 dead");
            });
  }

  @Test
  void nodes_are_listed_and_those_that_are_gone_forgotten() throws Exception {
    execute("delete from payhook.node");
    execute(
        "insert into payhook.node (name, host, expires_at) values ('node-live', 'h', now() + interval '5 minutes')");
    execute(
        "insert into payhook.node (name, host, seen_at, expires_at) values ('node-gone', 'h', now() - interval '1 hour', now() - interval '55 minutes')");
    execute(
        "insert into payhook.subscriber (route, node, endpoint, type, ordered) values ('old-route', 'node-gone', '*', '*', false)");

    assertThat(run("nodes").out())
        .containsPattern("node-live +live ")
        .containsPattern("node-gone +silent .*no more +1 ");
    assertThat(Json.MAPPER.readTree(run("nodes", "--json").out()).at("/nodes/0/counts").asBoolean())
        .isTrue();
    assertThat(run("nodes", "forget", "node-live").err()).contains("lives");
    assertThat(run("nodes", "forget", "node-gone").exit()).isZero();
    assertThat(run("nodes").out()).doesNotContain("node-gone");
    assertThat(run("nodes", "forget", "nobody").exit()).isEqualTo(1);
    execute("delete from payhook.node");
  }

  @Test
  void amounts_have_the_decimals_of_their_currency() throws Exception {
    UUID naira = event("payment.success", "tx-1");
    UUID yen = event("payment.success", "tx-2");
    UUID none = event("payment.success", "=1+1");
    execute("update payhook.event set amount = 5000.0000, origin = 'own' where id = ?", naira);
    execute("update payhook.event set amount = 500.00, currency = 'JPY' where id = ?", yen);
    execute("update payhook.event set amount = null, currency = null where id = ?", none);

    assertThat(run("events").out()).contains(" 5000.00 NGN ").contains(" 500 JPY ");
    assertThat(run("event", naira.toString()).out())
        .containsPattern("amount +5000.00 NGN\n")
        .containsPattern("origin +own\n");
    JsonNode first = Json.MAPPER.readTree(run("events", "--json").out()).at("/events/2");
    assertThat(first.fieldNames())
        .toIterable()
        .startsWith(
            "id",
            "endpoint",
            "type",
            "key",
            "entity",
            "amount",
            "currency",
            "occurredAt",
            "receivedAt",
            "origin",
            "state");
    assertThat(first.path("amount")).isEqualTo(Json.MAPPER.valueToTree("5000.00"));
    Run csv = run("events", "--csv");
    assertThat(csv.out().split("\r\n"))
        .satisfies(
            lines -> {
              assertThat(lines[0])
                  .isEqualTo(
                      "id,endpoint,type,key,entity,amount,currency,occurredAt,receivedAt,origin,state");
              assertThat(lines[1])
                  .startsWith(none + ",payments,payment.success,'=1+1,'=1+1,,,,")
                  .endsWith(",webhook,accepted");
              assertThat(lines[2]).contains(",tx-2,tx-2,500,JPY,,");
              assertThat(lines[3]).contains(",tx-1,tx-1,5000.00,NGN,,").endsWith(",own,accepted");
            });
    assertThat(run("events", "--csv", "--json").err()).contains("--csv and --json exclude");
  }

  @Test
  void filters_reach_the_journal() {
    event("payment.success", "tx-1");
    event("payment.failed", "tx-2");

    assertThat(
            run(
                    "events",
                    "--type",
                    "payment.f*",
                    "--endpoint",
                    "pay*",
                    "--state",
                    "accepted",
                    "--since",
                    "1h")
                .out()
                .lines())
        .hasSize(2)
        .last()
        .asString()
        .contains("tx-2");
    assertThat(run("events", "--search", "tx-1").out()).contains("payment.success");
    assertThat(run("events", "--search", "nothing like it").err()).contains("No events.");
  }

  @Test
  void a_list_that_goes_on_says_how() {
    for (int i = 0; i < 5; i++) {
      delivery(event("payment.success", "tx-" + i), "crm-contact", "dead");
    }
    Run events = run("events", "--limit", "3");
    assertThat(events.out().lines()).hasSize(4);
    assertThat(events.err()).contains("go on with --after ");
    String before = events.err().strip().replaceAll(".* ", "");
    assertThat(run("events", "--limit", "3", "--after", before).out().lines()).hasSize(3);

    Run deliveries = run("deliveries", "--state", "dead", "--limit", "3");
    assertThat(deliveries.out().lines()).hasSize(4);
    String after = deliveries.err().strip().replaceAll(".* ", "");
    assertThat(run("deliveries", "--state", "dead", "--limit", "3", "--after", after).out().lines())
        .hasSize(3);
  }

  @Test
  void a_limit_beyond_a_page_is_filled_from_several() {
    for (int i = 0; i < 510; i++) {
      event("payment.success", "tx-" + i);
    }

    assertThat(run("events", "--limit", "505").out().lines()).hasSize(506);
  }

  @Test
  void json_is_what_the_service_gives() throws Exception {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");

    JsonNode events = Json.MAPPER.readTree(run("events", "--json").out());
    JsonNode one = Json.MAPPER.readTree(run("event", id.toString(), "--json").out());
    JsonNode deliveries = Json.MAPPER.readTree(run("deliveries", "--json").out());

    assertThat(events.at("/events/0/id").asText()).isEqualTo(id.toString());
    assertThat(one.at("/request/body/json/event").asText()).isEqualTo("payment.success");
    assertThat(deliveries.at("/deliveries/0/category").asText()).isEqualTo("DEAD");
  }

  @Test
  void one_event_is_shown_with_its_attempts_and_body() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");
    execute("update payhook.event set secret = 'secret-ab12' where id = ?", id);

    Run run = run("event", id.toString());

    assertThat(run.exit()).isZero();
    assertThat(run.out())
        .contains("type         payment.success")
        .contains("secret       secret-ab12")
        .contains("HTTP 500 from the CRM")
        .contains("42 ms")
        .contains("X-Signature: abc")
        .contains("\"transaction_id\" : \"tx-1\"");
  }

  @Test
  void an_event_that_is_not_there_is_a_no() {
    Run run = run("event", new UUID(1, 2).toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).startsWith("payhook: there is no event 0");
  }

  @Test
  void what_a_sender_wrote_does_not_steer_the_terminal() {
    UUID id =
        event(
            "payments",
            "payment\u001b[2Jx",
            "tx\u009b31m\nfake row",
            "accepted",
            Instant.now(),
            "a\u001b]0;title\u0007b\u202ec".getBytes(StandardCharsets.UTF_8));

    for (Run run : List.of(run("events"), run("event", id.toString()))) {
      assertThat(run.out()).doesNotContainPattern("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u202e]");
    }
    assertThat(run("events").out().lines()).hasSize(2);
  }

  @Test
  void orphaned_deliveries_are_found() {
    subscription("crm-contact", "*", "*");
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "pending");
    delivery(id, "gone", "pending");

    Run run = run("deliveries", "--orphaned");

    assertThat(run.out().lines()).hasSize(2);
    assertThat(run.out()).contains("gone", "pending, orphaned");
    assertThat(run("deliveries", "--state", "done").err()).contains("No deliveries.");
  }

  @Test
  void a_replay_says_what_it_did_to_each_delivery() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");
    delivery(id, "receipt-email", "done");

    Run dry = run("replay", id.toString(), "--dry-run");
    assertThat(dry.exit()).isZero();
    assertThat(dry.out()).contains("WOULD BE").contains("only --again");
    assertThat(rows("select state from payhook.delivery order by route"))
        .containsExactly("dead", "done");

    assertThat(run("replay", id.toString()).exit()).isZero();
    assertThat(rows("select state from payhook.delivery order by route"))
        .containsExactly("pending", "done");

    Run again = run("replay", id.toString(), "--again", "--route", "receipt-email");
    assertThat(again.out()).contains("pending (run 2)");
  }

  @Test
  void a_replay_of_what_is_done_is_a_no() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "receipt-email", "done");

    Run run = run("replay", id.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("Nothing of this event is to be replayed.");
  }

  @Test
  void all_that_is_dead_is_replayed_by_route() {
    subscription("crm-contact", "*", "*");
    for (int i = 0; i < 3; i++) {
      UUID id = event("payment.success", "tx-" + i);
      delivery(id, "crm-contact", "dead");
      delivery(id, "receipt-email", "dead");
    }

    assertThat(run("replay", "--state", "dead", "--dry-run").err())
        .contains("6 deliveries would be pending.");
    Run run = run("replay", "--state", "dead", "--route", "crm-contact", "--since", "1h");
    assertThat(run.exit()).isZero();
    assertThat(run.out()).containsPattern("crm-contact +3");
    assertThat(run.err()).contains("3 deliveries pending now.");
    assertThat(run("replay", "--state", "retrying").exit()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "replay|needs an event's id, or --state",
        "replay 0193f0a8-6f5c-7d3e-8a4b-5c6d7e8f9a0b --state dead|not both",
        "replay --state ded|did you mean 'dead'",
        "replay --state done|dead, retrying, skipped",
        "replay 17|an event's id looks like",
        "events --limit 0|whole number from 1",
        "events --limit x|--limit",
        "events --since yesterday|30m, 12h or 7d",
        "events --state ded|accepted, unrouted",
        "event|ID",
        "event ../../observe/health|an event's id looks like",
        "deliveries --state x|pending, running",
        "deliveries --unknown|--unknown",
        "events --server 127.0.0.1:8081|it looks like http://127.0.0.1:8081",
        "events --server ftp://127.0.0.1|it looks like http://127.0.0.1:8081",
      })
  void wrong_use_is_exit_2_and_says_what_is_right(String command, String right) {
    Run run = run(command.split(" ", -1));

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).startsWith("payhook: ").contains(right);
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"events", "deliveries", "replay --state dead"})
  void a_service_that_is_not_there_is_one_line_that_says_what_to_do(String command)
      throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Run run = run((command + " --server http://127.0.0.1:" + port).split(" ", -1));

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err().lines())
        .singleElement()
        .asString()
        .contains("no service answers at http://127.0.0.1:" + port, "payhook run", "--server");
  }

  @Test
  void what_answers_but_is_no_payhook_is_said_to_be_none() throws Exception {
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.createContext(
        "/",
        exchange -> {
          byte[] page = "<html>hello</html>".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, page.length);
          exchange.getResponseBody().write(page);
          exchange.close();
        });
    other.start();
    try {
      Run run = run("events", "--server", "http://127.0.0.1:" + other.getAddress().getPort());

      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.err()).contains("not as a Payhook does");
    } finally {
      other.stop(0);
    }
  }

  @Test
  void a_service_with_a_token_asks_for_it() throws Exception {
    try (ApiFixture guarded = new ApiFixture("correct-horse")) {
      String server = "http://127.0.0.1:" + guarded.port();

      Run without = run("events", "--server", server);
      assertThat(without.exit()).isEqualTo(1);
      assertThat(without.err()).contains("its token", "--token", "PAYHOOK_MANAGEMENT_TOKEN");
      assertThat(run("events", "--server", server, "--token", "wrong").err())
          .contains("another token")
          .doesNotContain("wrong");
      assertThat(run("events", "--server", server + "/", "--token", "correct-horse").exit())
          .isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"events", "event", "deliveries", "replay"})
  void each_command_tells_how_it_is_used(String command) {
    Run run = run(command, "--help");

    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("--server", "--token", "--json");
  }
}

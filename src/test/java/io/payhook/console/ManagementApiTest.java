package io.payhook.console;

import static io.payhook.journal.JournalFixture.ago;
import static io.payhook.journal.JournalFixture.delivery;
import static io.payhook.journal.JournalFixture.event;
import static io.payhook.journal.JournalFixture.execute;
import static io.payhook.journal.JournalFixture.rejection;
import static io.payhook.journal.JournalFixture.rows;
import static io.payhook.journal.JournalFixture.subscription;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

@Tag("service")
class ManagementApiTest {
  private ApiFixture fixture;
  private Client client;

  @BeforeEach
  void start() throws Exception {
    fixture = new ApiFixture(null);
    client = new Client(fixture.port());
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void events_are_listed_with_what_became_of_them() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "receipt-email", "done");
    delivery(id, "crm-contact", "dead");

    JsonNode event = client.get("/api/v1/events").json().at("/events/0");

    assertThat(event.get("id").asText()).isEqualTo(id.toString());
    assertThat(event.get("amount").asText()).isEqualTo("120.50");
    assertThat(event.get("deliveries").toString()).isEqualTo("{\"done\":1,\"dead\":1}");
  }

  @ParameterizedTest
  @CsvSource({
    "events,/api/v1/events?limit=3,before",
    "deliveries,/api/v1/deliveries?limit=3,after",
    "deliveries,/api/v1/deliveries?limit=3&state=dead,after",
    "deliveries,/api/v1/deliveries?limit=3&state=pending,after",
    "deliveries,/api/v1/deliveries?limit=3&orphaned=true,after",
    "rejections,/api/v1/rejections?limit=3,before"
  })
  void no_list_gives_more_than_its_limit_and_its_next_leads_to_the_end(
      String name, String path, String cursor) {
    for (int i = 0; i < 8; i++) {
      UUID id = event("payment.success", "tx-" + i);
      delivery(id, "a", "dead");
      delivery(id, "b", "pending");
      rejection("payments", "no-signature");
    }
    int seen = 0;
    String next = "";
    while (next != null) {
      JsonNode page = client.get(path + (next.isEmpty() ? "" : "&" + cursor + "=" + next)).json();
      assertThat(page.get(name).size()).isLessThanOrEqualTo(3);
      seen += page.get(name).size();
      next = page.get("next").isNull() ? null : page.get("next").asText();
    }
    assertThat(seen).isEqualTo(path.endsWith("deliveries?limit=3") ? 16 : 8);
  }

  @Test
  void one_event_comes_with_its_body_as_text_and_json_its_headers_and_attempts() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");

    JsonNode event = client.get("/api/v1/events/" + id).json();

    assertThat(event.at("/request/body/text").asText()).startsWith("{\"event\":");
    assertThat(event.at("/request/body/json/data/transaction_id").asText()).isEqualTo("tx-1");
    assertThat(event.at("/request/headers/0/0").asText()).isEqualTo("X-Signature");
    assertThat(event.at("/deliveries/0/error").asText()).isEqualTo("HTTP 500 from the CRM");
    assertThat(event.at("/attempts/0/milliseconds").asInt()).isEqualTo(42);
  }

  @Test
  void a_body_that_is_not_text_comes_as_base64() {
    UUID id =
        event("payments", "t", "k", "accepted", Instant.now(), new byte[] {(byte) 0xff, 1, 2});

    JsonNode body = client.get("/api/v1/events/" + id).json().at("/request/body");

    assertThat(body.get("base64").asText()).isEqualTo("/wEC");
    assertThat(body.has("text")).isFalse();
  }

  @Test
  void the_json_of_a_body_keeps_its_numbers_as_they_are() {
    String json = "{\"amount\":12345678901234567890.10,\"a\":[1,2]}";
    UUID id =
        event(
            "payments", "t", "k", "accepted", Instant.now(), json.getBytes(StandardCharsets.UTF_8));

    assertThat(client.get("/api/v1/events/" + id).body())
        .contains("\"json\":{\"amount\":12345678901234567890.10,\"a\":[1,2]}");
  }

  @Test
  void a_header_that_is_a_secret_is_withheld() {
    assertThat(
            Trees.headers(
                "[[\"Authorization\",\"Basic abc\"],[\"cookie\",\"s3cret\"],[\"Accept\",\"*/*\"]]"))
        .containsExactly(
            List.of("Authorization", "(withheld)"),
            List.of("cookie", "(withheld)"),
            List.of("Accept", "*/*"));
  }

  @Test
  void what_is_not_in_the_journal_is_not_found() {
    Client.Answer answer = client.get("/api/v1/events/" + new UUID(1, 2));

    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.json().get("message").asText()).startsWith("there is no event");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "events?limit=0|limit|from 1 to 500",
        "events?limit=501|limit|from 1 to 500",
        "events?limit=x|limit|from 1 to 500",
        "events?limit=99999999999999999999|limit|from 1 to 500",
        "events?state=acepted|state|did you mean 'accepted'",
        "events?state=dead|state|accepted, unrouted, conflict, unconfirmed",
        "events?since=yesterday|since|30m, 12h or 7d",
        "events?since=999999999w1|since|30m, 12h or 7d",
        "events?since=9999-12-31|since|30m, 12h or 7d",
        "events?since=-5000-01-01T00:00:00Z|since|30m, 12h or 7d",
        "events?before=1|before|an event's id looks like",
        "events?search=%00|search|NUL",
        "events?endpiont=x|endpiont|did you mean 'endpoint'",
        "events?zzz=x|zzz|there are endpoint, type",
        "events?type=a&type=b|type|more than once",
        "events/17|id|an event's id looks like",
        "deliveries?state=ded|state|did you mean 'dead'",
        "deliveries?orphaned=yes|orphaned|true, false",
        "deliveries?orphaned=true&state=dead|orphaned|pending, running or retrying",
        "deliveries?after=???|after|'next' of the page before",
        "deliveries?state=dead&after=KzEwMDAwMDAwMDAtMTItMzFUMDA6MDA6MDBafDAxOTAwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMHx4|after|'next' of the page before",
        "deliveries?after=fHg|after|'next' of the page before",
        "rejections?category=x|category|SIGNATURE, MALFORMED",
        "rejections?before=-1|before|'next' of a page",
        "summary?limit=1|limit|none is taken here",
        "endpoints?x=1|x|none is taken here"
      })
  void a_wrong_parameter_is_named_and_what_is_right_is_said(
      String path, String parameter, String right) {
    Client.Answer answer = client.get("/api/v1/" + path);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().get("error").asText()).isEqualTo("bad-parameter");
    assertThat(answer.json().get("parameter").asText()).isEqualTo(parameter);
    assertThat(answer.json().get("message").asText()).contains(right);
  }

  @Test
  void a_place_in_one_list_is_none_in_another() {
    for (int i = 0; i < 2; i++) {
      delivery(event("payment.success", "tx-" + i), "a", "pending");
    }
    String next =
        client.get("/api/v1/deliveries?state=pending&limit=1").json().get("next").asText();

    assertThat(client.get("/api/v1/deliveries?state=dead&after=" + next).status()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1h", "90s", "7d", "2w", "999999999w", "2026-01-01", "2026-01-01T00:00:00Z"})
  void since_is_how_long_ago_or_a_time(String since) {
    assertThat(client.get("/api/v1/events?since=" + since).status()).isEqualTo(200);
  }

  @Test
  void a_replay_puts_back_what_is_dead_and_the_engine_is_told() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");
    delivery(id, "receipt-email", "done");

    JsonNode answer = client.post("/api/v1/replay", "{\"event\":\"" + id + "\"}").json();

    assertThat(answer.get("replayed").asInt()).isEqualTo(1);
    assertThat(answer.at("/deliveries/0/action").asText()).isEqualTo("replayed");
    assertThat(answer.at("/deliveries/1/action").asText()).isEqualTo("left");
    assertThat(rows("select route, state from payhook.delivery order by 1"))
        .containsExactly("crm-contact pending", "receipt-email done");
    assertThat(fixture.announced).hasValue(1);
  }

  @Test
  void a_dry_run_changes_nothing_and_tells_nobody() {
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");

    for (String what : List.of("\"event\":\"" + id + "\"", "\"state\":\"dead\"")) {
      JsonNode answer = client.post("/api/v1/replay", "{" + what + ",\"dryRun\":true}").json();
      assertThat(answer.get("replayed").asInt()).isEqualTo(1);
      assertThat(answer.get("dryRun").asBoolean()).isTrue();
    }

    assertThat(rows("select state from payhook.delivery")).containsExactly("dead");
    assertThat(fixture.announced).hasValue(0);
  }

  @Test
  void a_replay_of_many_says_where_to_go_on() {
    for (int i = 0; i < 5; i++) {
      delivery(event("payment.success", "tx-" + i), "crm-contact", "dead");
    }
    JsonNode first = client.post("/api/v1/replay", "{\"state\":\"dead\",\"limit\":3}").json();
    JsonNode second =
        client
            .post(
                "/api/v1/replay",
                "{\"state\":\"dead\",\"limit\":3,\"after\":\"" + first.get("next").asText() + "\"}")
            .json();

    assertThat(first.get("replayed").asInt()).isEqualTo(3);
    assertThat(second.get("replayed").asInt()).isEqualTo(2);
    assertThat(second.get("next").isNull()).isTrue();
    assertThat(rows("select distinct state from payhook.delivery")).containsExactly("pending");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|event|either event or state is needed",
        "{\"event\":\"0193f0a8-6f5c-7d3e-8a4b-5c6d7e8f9a0b\",\"state\":\"dead\"}|event|exclude each other",
        "{\"event\":\"x\"}|event|an event's id looks like",
        "{\"event\":{}}|event|text, a number, true or false",
        "{\"state\":\"done\"}|state|dead, retrying, skipped, unrouted, missing",
        "{\"state\":\"dead\",\"again\":true}|again|one event at a time",
        "{\"state\":\"dead\",\"dry-run\":true}|dry-run|did you mean 'dryRun'",
        "{\"state\":\"dead\",\"dryRun\":\"maybe\"}|dryRun|true, false",
        "{\"state\":\"missing\",\"since\":\"1h\"}|route|needs a route and since",
        "{\"state\":\"missing\",\"route\":\"crm-contact\"}|since|needs a route and since",
        "{\"state\":\"unrouted\",\"route\":\"crm-contcat\"}|route|did you mean 'crm-contact'",
        "{\"event\":\"0193f0a8-6f5c-7d3e-8a4b-5c6d7e8f9a0b\",\"since\":\"1h\"}|since|goes with state"
      })
  void a_wrong_replay_is_refused_by_name(String json, String parameter, String right) {
    subscription("crm-contact", "*", "*");

    Client.Answer answer = client.post("/api/v1/replay", json);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().get("parameter").asText()).isEqualTo(parameter);
    assertThat(answer.json().get("message").asText()).contains(right);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "nonsense", "7"})
  void a_body_that_is_no_object_is_refused(String body) {
    assertThat(client.post("/api/v1/replay", body).status()).isEqualTo(400);
  }

  @Test
  void parameters_of_a_replay_do_not_stand_in_the_url() {
    Client.Answer answer = client.post("/api/v1/replay?state=dead", "{}");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().get("message").asText()).contains("JSON body");
  }

  @Test
  void a_body_without_end_is_refused() {
    assertThat(client.post("/api/v1/replay", "{\"route\":\"" + "x".repeat(20_000) + "\"}").status())
        .isEqualTo(413);
  }

  @Test
  void a_route_that_is_not_subscribed_is_answered_with_the_one_that_was_meant() {
    subscription("crm-contact", "*", "*");
    UUID id = event("payment.success", "tx-1");

    Client.Answer answer =
        client.post("/api/v1/replay", "{\"event\":\"" + id + "\",\"route\":\"crm-conatct\"}");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().get("message").asText())
        .isEqualTo(
            "no route 'crm-conatct' is subscribed to any event; did you mean 'crm-contact'?");
  }

  @Test
  void an_event_that_no_route_may_have_is_a_conflict_of_states() {
    UUID id = event("payment.success", "tx-1", "conflict", Instant.now());

    assertThat(client.post("/api/v1/replay", "{\"event\":\"" + id + "\"}").status()).isEqualTo(409);
    assertThat(client.post("/api/v1/replay", "{\"event\":\"" + new UUID(0, 1) + "\"}").status())
        .isEqualTo(404);
  }

  @Test
  void endpoints_providers_and_subscriptions_are_told() {
    subscription("crm-contact", "*", "payment.*");

    assertThat(client.get("/api/v1/endpoints").json().at("/endpoints/0/url").asText())
        .isEqualTo("/webhooks/payments");
    assertThat(client.get("/api/v1/providers").json().at("/providers/0/name").asText())
        .isEqualTo("echezona");
    assertThat(client.get("/api/v1/subscriptions").json().at("/subscriptions/0/nodes/0").asText())
        .isEqualTo("node-1");
  }

  @Test
  void an_endpoint_tells_which_of_its_secrets_matched_and_when_last() {
    signedWith("secret 0", event("payment.success", "tx-1", "accepted", ago(3, ChronoUnit.DAYS)));
    signedWith("secret 1", event("payment.success", "tx-2", "accepted", ago(2, ChronoUnit.DAYS)));
    Instant last = ago(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.MILLIS);
    signedWith("secret 1", event("payment.success", "tx-3", "accepted", last));
    signedWith(
        "secret 1", event("another", "t", "k", "accepted", Instant.now(), new byte[] {'{', '}'}));

    JsonNode answer = client.get("/api/v1/endpoints").json();

    assertThat(answer.at("/endpoints/0/matches/0").toString())
        .isEqualTo(
            "{\"secret\":\"secret 1\",\"inUse\":true,\"events\":2,\"lastAt\":\"%s\"}"
                .formatted(last));
    assertThat(answer.at("/endpoints/0/matches/1/secret").asText()).isEqualTo("secret 0");
    assertThat(answer.at("/endpoints/0/matches/1/inUse").asBoolean()).isFalse();
    assertThat(answer.at("/endpoints/0/matches").size()).isEqualTo(2);
    assertThat(answer.get("matchesSince").isNull()).isTrue();
  }

  @Test
  void a_secret_that_never_matched_says_so() {
    assertThat(client.get("/api/v1/endpoints").json().at("/endpoints/0/matches").toString())
        .isEqualTo("[{\"secret\":\"secret 1\",\"inUse\":true,\"events\":0,\"lastAt\":null}]");
  }

  private static void signedWith(String label, UUID event) {
    execute("update payhook.event set secret = ? where id = ?", label, event);
  }

  @Test
  void the_summary_tells_what_waits() {
    subscription("crm-contact", "*", "*");
    delivery(event("payment.success", "tx-1"), "crm-contact", "dead");

    JsonNode summary = client.get("/api/v1/summary").json();

    assertThat(summary.at("/routes/0/deliveries/dead").asInt()).isEqualTo(1);
    assertThat(summary.at("/events/unrouted").asInt()).isZero();
  }

  @Test
  void the_backlog_is_measured_and_a_route_that_has_none_any_more_is_at_zero() {
    subscription("crm-contact", "*", "*");
    UUID id = event("payment.success", "tx-1");
    delivery(id, "crm-contact", "dead");
    String dead = "payhook_deliveries{route=\"crm-contact\",state=\"dead\"} ";

    assertThat(client.get("/observe/metrics").body()).contains(dead + "1.0");
    client.post("/api/v1/replay", "{\"state\":\"dead\"}");
    assertThat(client.get("/observe/metrics").body())
        .contains(dead + "0.0")
        .contains("payhook_backlog_age_seconds{route=\"crm-contact\"}");
  }

  @Test
  void a_database_that_is_away_is_said_to_be_away() throws Exception {
    PGSimpleDataSource away = new PGSimpleDataSource();
    away.setURL("jdbc:postgresql://127.0.0.1:1/nowhere");
    try (ApiFixture other = new ApiFixture(null, away)) {
      Client.Answer answer = new Client(other.port()).get("/api/v1/events");

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.json().get("error").asText()).isEqualTo("database");
      assertThat(new Client(other.port()).get("/observe/metrics").status()).isEqualTo(200);
    }
  }
}

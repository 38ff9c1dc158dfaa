package io.payhook.tools.routetest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.routes.RouteFileException;
import io.payhook.settings.Settings;
import io.payhook.settings.Settings.Assignment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the routes of a test would reach beyond the service, they don't reach. */
@Tag("service")
final class ShutInTest {
  private static final Path DATA = Path.of("target/route-tests");

  @TempDir Path routes;

  private final Map<String, String> set = new LinkedHashMap<>();
  private final AtomicInteger visitors = new AtomicInteger();
  private ServerSocket trap;

  /** A far end that must stay alone. */
  @BeforeEach
  void listen() throws IOException {
    trap = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread =
        new Thread(
            () -> {
              while (!trap.isClosed()) {
                try {
                  trap.accept().close();
                  visitors.incrementAndGet();
                } catch (IOException e) {
                  return;
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @AfterEach
  void nobodyCame() throws IOException {
    trap.close();
    assertThat(visitors).hasValue(0);
  }

  private Settings settings(Map<String, String> over) {
    List<Assignment> assignments = new ArrayList<>();
    Map<String, String> all = new LinkedHashMap<>(set);
    all.put("payhook.routes", routes.toString());
    all.putAll(over);
    all.forEach((key, value) -> assignments.add(new Assignment(key, value, "the test")));
    return Settings.load(
        new Settings.Arguments(Path.of("application.properties"), null, null, assignments),
        Map.of());
  }

  private void write(String file, String text) throws IOException {
    Path path = routes.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text.replace("TRAP", String.valueOf(trap.getLocalPort())));
  }

  /** One integration with these steps after the event. */
  private void shop(String steps, String tests) throws IOException {
    shop("", steps, tests);
  }

  private void shop(String beans, String steps, String tests) throws IOException {
    Files.copy(Path.of("routes/intake.camel.yaml"), routes.resolve("intake.camel.yaml"));
    write(
        "shop/shop.camel.yaml",
        """
        - beans:
            - name: shop
              type: io.payhook.Endpoint
              properties:
                provider: hmac-sha256-hex-body
                secrets: "{{env:SHOP_WEBHOOK_SECRET}}"
        """
            + beans.indent(4)
            + """
            - route:
                id: tell
                description: Tells the far end.
                from:
                  uri: event:shop/paid
                  steps:
            """
            + steps.indent(8));
    write(
        "shop/samples/paid.json",
        """
        {"event": "paid", "data": {"transaction_id": "T-1", "email": "ada.obi@example.com"}}
        """);
    write("shop/tests.yaml", tests);
  }

  private Report run() throws Exception {
    return RouteTests.in(routes).run(this::settings, DATA, 2);
  }

  @Test
  void a_call_to_any_host_is_kept_and_answered_before_it_is_looked_up() throws Exception {
    shop(
        """
        - setHeader:
            name: X-Shop
            expression:
              constant:
                expression: "7"
        - to:
            id: search
            uri: https://api.hubspot.invalid/crm/search
            parameters:
              httpMethod: POST
              skipResponseHeaders: true
        - setVariable:
            name: found
            expression:
              jsonpath:
                expression: "$.results[0].id"
        - setHeader:
            name: CamelHttpMethod
            expression:
              constant:
                expression: PATCH
        - setBody:
            expression:
              constant:
                expression: '{"stage": "paid"}'
        - toD:
            id: update
            uri: "https://127.0.0.1:TRAP/contacts/${variable.found}"
            parameters:
              audit: "yes"
        - to:
            uri: http://127.0.0.1:TRAP/done
            parameters:
              httpMethod: DELETE
        """,
        """
        tests:
          - name: the contact is found and updated
            stubs:
              - host: "*.hubspot.invalid"
                path: /crm/search
                method: POST
                answer:
                  - {status: 503}
                  - {json: {results: [{id: 41}]}, headers: {X-Took: 3ms}}
            send: paid
            calls:
              - url: https://api.hubspot.invalid/crm/search
              - host: api.hubspot.invalid
                method: POST
                path: /crm/search
                json: {event: paid}
                headers: {X-Shop: "7", Content-Length: "*", Host: api.hubspot.invalid}
              - host: 127.0.0.1
                method: PATCH
                path: /contacts/41?audit=yes
                json: {stage: paid}
                body: '{"stage": "paid"}'
              - {url: "http://127.0.0.1:TRAP/done", method: DELETE}
            deliveries:
              tell: {state: done, attempts: 2}
          - name: without a stub a call is answered well
            send: paid
            calls: []
        """);
    Report report = run();
    assertThat(report.failed()).hasSize(1);
    assertThat(report.failed().get(0))
        .contains(
            "without a stub",
            "POST https://api.hubspot.invalid/crm/search {\"event\":\"paid\"",
            "(20 times)",
            "deliveries that failed meanwhile:",
            "tell: dead after 20 attempts (com.jayway.jsonpath.PathNotFoundException");
  }

  @Test
  void a_token_is_fetched_each_time_and_named_only_where_it_matters() throws Exception {
    shop(
        """
        - to:
            id: post
            uri: http://127.0.0.1:TRAP/payments
            parameters:
              httpMethod: POST
              oauth2TokenEndpoint: https://login.partner.invalid/oauth/token
              oauth2ClientId: payhook
              oauth2ClientSecret: none
              oauth2CacheTokens: true
              skipResponseHeaders: true
        """,
        """
        stubs:
          - host: login.partner.invalid
            answer: {json: {access_token: abc, expires_in: 3600}}
        tests:
          - name: the token goes with the call
            send: paid
            calls:
              - host: 127.0.0.1
                headers: {Authorization: Bearer abc}
          - name: the token is fetched by the client's name and secret
            send: paid
            calls:
              - path: /payments
              - host: login.partner.invalid
                path: /oauth/token
                body: grant_type=client_credentials
                headers: {Authorization: "Basic *"}
          - name: without a stub there is a token too
            stubs:
              - {host: login.partner.invalid, answer: 200}
            send: paid
            calls:
              - headers: {Authorization: Bearer test-token}
        """);
    assertThat(run().failed()).isEmpty();
  }

  @Test
  void whatever_else_leads_outside_is_refused_by_name_until_a_stub_answers() throws Exception {
    int made = PigeonComponent.MADE.get();
    shop(
        """
        - to:
            id: fly
            uri: pigeon:home
            parameters:
              wings: 2
        - setHeader:
            name: X-Body
            expression:
              simple:
                expression: "${body}"
        - to:
            id: shout
            uri: smtp://127.0.0.1:TRAP
            parameters:
              username: shop
              password: none
        - to:
            id: drop
            uri: file:target/route-tests-drop
        """,
        """
        tests:
          - name: nothing is said
            send: paid
          - name: the first is said
            stubs: fly
            send: paid
          - name: all is said
            stubs:
              - {at: "pigeon:*", answer: {body: coo}}
              - smtp:127.0.0.1:*
              - {at: drop, answer: discard}
            send: paid
            calls:
              - {url: "pigeon:home", json: {event: paid}}
              - {url: "smtp:127.0.0.1:TRAP", body: coo, headers: {X-Body: coo}}
              - {url: "file:target/*"}
            deliveries: {tell: {state: done, attempts: 1}}
        """);
    set.put("camel.component.pigeon.loft", "north");
    Report report = run();
    assertThat(report.failed())
        .containsExactly(
            "nothing is said"
                + System.lineSeparator()
                + "step fly of route tell goes to pigeon:home, which a test must not reach; name it under 'stubs:', such as '- at: fly', with the 'answer:' it gives",
            "the first is said"
                + System.lineSeparator()
                + "step shout of route tell goes to smtp:127.0.0.1:"
                + trap.getLocalPort()
                + ", which a test must not reach; send with kamelet:email-sink, or name it under 'stubs:', such as '- at: shout', with the 'answer:' it gives");
    assertThat(PigeonComponent.MADE).hasValue(made);
    assertThat(Path.of("target/route-tests-drop")).doesNotExist();
  }

  @Test
  void a_component_made_as_a_bean_leads_outside_too() throws Exception {
    shop(
        """
        - name: loft
          type: io.payhook.tools.routetest.PigeonComponent
        """,
        """
        - to:
            id: fly
            uri: loft:home
        """,
        """
        tests:
          - name: it is said
            stubs: loft:*
            send: paid
            deliveries: {tell: done}
        """);
    assertThat(run().failed()).isEmpty();
  }

  @Test
  void another_database_is_a_copy_made_of_the_integrations_scripts() throws Exception {
    shop(
        """
        - name: company
          type: org.postgresql.ds.PGSimpleDataSource
          properties:
            url: "jdbc:postgresql://127.0.0.1:TRAP/company"
            user: app
        - name: pooled
          type: com.zaxxer.hikari.HikariDataSource
          properties:
            jdbcUrl: "jdbc:postgresql://127.0.0.1:TRAP/pooled"
        """,
        """
        - setBody:
            expression:
              constant:
                expression: "insert into ledger (invoice) values ('INV-1')"
        - to:
            id: book
            uri: jdbc:company
        - setBody:
            expression:
              constant:
                expression: "select name from customer"
        - to:
            id: ask
            uri: jdbc:pooled
        """,
        """
        tests:
          - name: the second database has no script
            send: paid
          - name: a stub answers for it
            stubs:
              - {at: ask, answer: {rows: [{name: Ada}]}}
            send: paid
            rows:
              - {query: select invoice from ledger, database: company, are: [{invoice: INV-0}, {invoice: INV-1}]}
            calls:
              - {url: "jdbc:pooled", body: select name from customer}
            deliveries: {tell: done}
          - name: every test has its own copy
            stubs: ask
            send: paid
            rows:
              - {query: select * from ledger, database: company, count: 2}
          - name: a name that is not there
            stubs: ask
            send: paid
            rows:
              - {query: select 1, database: compani, count: 1}
        """);
    write(
        "shop/sql/existing/company/ledger.sql",
        """
        create table ledger (invoice text);
        insert into ledger values ('INV-0');
        """);
    assertThat(run().failed())
        .hasSize(2)
        .anySatisfy(
            text ->
                assertThat(text)
                    .contains(
                        "step ask of route tell goes to jdbc:pooled, which a test must not reach; write the statements that make its tables into",
                        "shop/sql/existing/pooled/*.sql, or name it under 'stubs:'"))
        .anySatisfy(
            text ->
                assertThat(text)
                    .contains("no bean 'compani' leads to a database; did you mean 'company'?"));
  }

  @Test
  void tables_that_others_have_made_are_there_when_a_script_tells_them() throws Exception {
    shop(
        """
        - to:
            id: pay
            uri: kamelet:database-sink
            parameters:
              statement: sql/pay.sql
        """,
        """
        tests:
          - name: the company's own table is updated
            send: paid
            rows:
              - {query: "select paid from invoice where id = 'T-1'", are: [{paid: true}]}
        """);
    write(
        "shop/sql/pay.sql", "update invoice set paid = true where id = :event.data.transaction_id");
    write(
        "shop/sql/existing/invoice.sql",
        "create table invoice (id text primary key, paid boolean not null);"
            + " insert into invoice values ('T-1', false);");
    assertThat(run().failed()).isEmpty();
  }

  @Test
  void a_database_that_a_bean_may_connect_to_while_it_is_made_is_refused() throws Exception {
    shop(
        """
        - name: company
          type: com.zaxxer.hikari.HikariDataSource
          constructors:
            0: "#bean:config"
        """,
        "- to: {uri: jdbc:company}",
        "tests: [{name: x, send: paid}]");
    assertThatThrownBy(this::run)
        .isInstanceOf(RouteFileException.class)
        .hasMessageContaining("shop.camel.yaml:")
        .hasMessageContaining("bean 'company' may connect to its database while it is made");
  }

  @Test
  void files_are_written_below_the_tests_own_folder_alone() throws Exception {
    shop(
        """
        - to:
            id: keep
            uri: "file:{{payhook.data}}/out"
            parameters:
              fileName: "../../${variable.eventId}.json"
        """,
        """
        tests:
          - name: a name does not lead out of the folder
            send: paid
            deliveries: {tell: {state: dead}}
        """);
    assertThat(run().failed()).isEmpty();
    write(
        "shop/shop.camel.yaml",
        Files.readString(routes.resolve("shop/shop.camel.yaml")).replace("../../", ""));
    write(
        "shop/tests.yaml", "tests: [{name: it is written, send: paid, deliveries: {tell: done}}]");
    assertThat(run().failed()).isEmpty();
  }

  @Test
  void a_route_that_takes_from_outside_is_not_started_and_told() throws Exception {
    shop(
        "- to: {uri: 'log:note'}",
        "tests: [{name: it is noted, send: paid, deliveries: {tell: done}}]");
    write(
        "shop/inbox.camel.yaml",
        """
        - route:
            id: read-inbox
            description: Reads the inbox.
            from:
              uri: imap://127.0.0.1:TRAP
              parameters:
                username: shop
                password: none
                delay: 1
              steps:
                - to:
                    uri: log:mail
        - route:
            id: take-pigeons
            description: Takes what pigeons bring.
            from:
              uri: pigeon:home
              steps:
                - to:
                    uri: log:pigeon
        """);
    Report report = run();
    assertThat(report.failed()).isEmpty();
    assertThat(report.idle())
        .containsExactly(
            "read-inbox (from imap:127.0.0.1:" + trap.getLocalPort() + ")",
            "take-pigeons (from pigeon:home)");
  }

  @Test
  void a_script_from_the_web_is_not_read() throws Exception {
    shop(
        """
        - pollEnrich:
            expression:
              constant:
                expression: "http://127.0.0.1:TRAP/rates"
            timeout: 1000
        - setBody:
            expression:
              simple:
                expression: resource:http://127.0.0.1:TRAP/script.txt
        """,
        "tests: [{name: x, send: paid}]");
    assertThat(run().failed())
        .singleElement()
        .asString()
        .contains("/script.txt would be read from outside, which a test must not reach");
  }

  @Test
  void a_providers_api_says_what_a_test_wants_it_to_say() throws Exception {
    Files.copy(Path.of("routes/intake.camel.yaml"), routes.resolve("intake.camel.yaml"));
    write(
        "wallet/wallet.camel.yaml",
        """
        - beans:
            - name: wallet
              type: io.payhook.Endpoint
              properties:
                provider: hmac-sha256-hex-body
                secrets: "{{env:WALLET_WEBHOOK_SECRET}}"
                event.amount: /data/amount
                event.amount-unit: minor
                event.currency: /data/currency
                confirm.enabled: "true"
                confirm.url: "http://127.0.0.1:TRAP/payments/{/data/transaction_id}"
                confirm.status: /status
                confirm.status-is: paid
                confirm.amount: /sum
                confirm.amount-unit: minor
                confirm.currency: /currency
                confirm.reference: /id
                confirm.reference-is: /data/transaction_id
        - route:
            id: credit
            description: Credits the wallet.
            from:
              uri: event:wallet/paid
              steps:
                - to:
                    uri: log:credit
        """);
    write(
        "wallet/samples/paid.json",
        """
        {"event": "paid", "data": {"transaction_id": "T-1", "amount": 500000, "currency": "NGN"}}
        """);
    String test =
        """
          - name: NAME
            fails: {at: confirm, with: WITH}
            send: paid
            rows:
              - query: select error from payhook.delivery where route <> 'credit'
                are: [{error: "ERROR"}]
            deliveries: {credit: []}
        """;
    StringBuilder tests = new StringBuilder("tests:\n");
    Map.of(
            "{status: failed}", "the provider says status failed, the event needs paid",
            "{amount: 50}", "the provider says amount 50.00, the event needs 5000.00",
            "{currency: USD}", "the provider says currency USD, the event needs NGN",
            "{reference: T-2}", "the provider says reference T-2, the event needs T-1")
        .forEach(
            (with, error) ->
                tests.append(
                    test.replace("NAME", "the API says " + with.replaceAll("[{}:]", ""))
                        .replace("WITH", with)
                        .replace("ERROR", error)));
    write(
        "wallet/tests.yaml",
        tests
            + """
              - name: an API that is down is asked again
                fails: {at: confirm, with: 503}
                send: paid
                deliveries: {credit: done}
            """);
    assertThat(run().failed()).isEmpty();
  }
}

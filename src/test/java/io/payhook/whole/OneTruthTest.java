package io.payhook.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.payhook.cli.Cli;
import io.payhook.console.ApiFixture;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.service.Service;
import io.payhook.settings.Settings;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Signer;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import io.payhook.testing.Eventually;
import io.payhook.testing.HttpStub;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Currency;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whoever looks at a payment sees the same amount in the same currency: in the journal, in a table
 * that a route writes, in an e-mail, at the CRM, on the command line and over the API.
 */
@Tag("service")
class OneTruthTest {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  private static final Set<String> SET_BY_CLIENT = Set.of("host", "content-length", "connection");

  private static final String ROUTES =
      """
      - route:
          id: record-truth
          description: Records what is known of each event.
          from:
            uri: event:*/*
            parameters:
              transacted: true
            steps:
              - to:
                  uri: kamelet:database-sink
                  parameters:
                    statement: sql/record.sql
      - route:
          id: mail-truth
          description: Writes what is known of each event to the customer.
          from:
            uri: event:*/*
            steps:
              - to:
                  uri: kamelet:email-sink
                  parameters:
                    template: email/truth.html
                    subject: "${variable.eventId} ${variable.amount} ${variable.currency}"
                    to: ada.obi@example.com
      - route:
          id: call-truth
          description: Tells the CRM what is known of each event.
          from:
            uri: event:*/*
            steps:
              - to:
                  uri: kamelet:crm-sink
                  parameters:
                    path: "/events/${variable.eventId}"
                    body: crm/truth.json
      - beans:
      """;

  /** What is seen of one event in some place. */
  private record Seen(String amount, String currency) {}

  @TempDir Path folder;
  private final Map<String, String> secrets = new TreeMap<>();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void every_place_shows_the_same_amount() throws Exception {
    Map<String, Provider> endpoints = endpoints();
    write(endpoints);
    try (TestDatabase database = TestDatabase.create();
        HttpStub crm = new HttpStub();
        Service service = service(database, crm)) {
      service.open();
      Map<String, Seen> told = new TreeMap<>();
      for (Map.Entry<String, Provider> endpoint : endpoints.entrySet()) {
        send(service, endpoint.getKey(), endpoint.getValue(), told);
      }
      assertThat(told).hasSizeGreaterThan(60);
      Eventually.holds(
          () ->
              assertThat(
                      database.query(
                          "select distinct route || ' ' || coalesce(error, state) from"
                              + " payhook.delivery where state <> 'done'"))
                  .isEmpty());

      Map<String, String> ids = new TreeMap<>();
      database
          .query("select id || ' ' || endpoint || '/' || key from payhook.event where variant = ''")
          .forEach(row -> ids.put(row.substring(0, 36), row.substring(37)));
      assertThat(of(database, "payhook.event", "id", ids)).containsAllEntriesOf(told);
      assertThat(of(database, "truth", "event_id", ids)).containsAllEntriesOf(told);
      assertThat(mailed(ids)).containsAllEntriesOf(written(told));
      assertThat(called(crm, ids)).containsAllEntriesOf(told);
      try (ApiFixture api = new ApiFixture(null, database.dataSource())) {
        String server = "http://127.0.0.1:" + api.port();
        assertThat(listed(get(server + "/api/v1/events?limit=500"), ids))
            .containsAllEntriesOf(told);
        assertThat(listed(events(server), ids)).containsAllEntriesOf(told);
      }
      assertThat(told.values())
          .allSatisfy(
              seen -> {
                int digits = Currency.getInstance(seen.currency()).getDefaultFractionDigits();
                assertThat(seen.amount())
                    .matches("-?\\d+" + (digits == 0 ? "" : "\\.\\d{" + digits + ",}"));
              });
    }
  }

  private Map<String, Provider> endpoints() {
    Map<String, Provider> endpoints = new TreeMap<>();
    for (Provider preset : Providers.shipped().all()) {
      Map<String, String> changes = new LinkedHashMap<>();
      preset
          .settings()
          .forEach(
              (key, value) -> {
                if (key.startsWith("params.") && value.isEmpty()) {
                  changes.put(key, "parameter");
                }
              });
      if (preset.setting(Setting.CONFIRM_ENABLED).isPresent()) {
        changes.put(Setting.CONFIRM_ENABLED.key(), "false");
      }
      endpoints.put(preset.name().replace('.', '-'), preset.with(changes));
      secrets.put(preset.name().replace('.', '-'), Secret.random(preset.secretKind()).value());
    }
    return endpoints;
  }

  private void write(Map<String, Provider> endpoints) throws IOException {
    StringBuilder beans = new StringBuilder();
    Properties environment = new Properties();
    endpoints.forEach(
        (name, provider) -> {
          String variable =
              name.toUpperCase(Locale.ROOT).replaceAll("\\W", "_") + "_WEBHOOK_SECRET";
          environment.put(variable, secrets.get(name));
          beans.append(
              "    - name: %s\n      type: io.payhook.Endpoint\n      properties:\n        provider: %s\n"
                  .formatted(name, provider.name()));
          if (!provider.isUnsigned()) {
            beans.append("        secrets: \"{{env:%s}}\"\n".formatted(variable));
          }
          provider
              .settings()
              .forEach(
                  (key, value) -> {
                    if (key.startsWith("params.") || key.equals(Setting.CONFIRM_ENABLED.key())) {
                      beans.append("        %s: \"%s\"\n".formatted(key, value));
                    }
                  });
        });
    save("routes/intake.camel.yaml", Files.readString(Path.of("routes/intake.camel.yaml")));
    save("routes/truth/truth.camel.yaml", ROUTES + beans);
    save(
        "routes/truth/sql/schema/V001__truth.sql",
        "create table truth (event_id uuid primary key, amount numeric, currency text);\n");
    save(
        "routes/truth/sql/record.sql",
        "insert into truth (event_id, amount, currency) values (:eventId, :amount, :currency);\n");
    save("routes/truth/email/truth.html", "<html><body>[{{ amount | money }}]</body></html>\n");
    save("routes/truth/email/truth.txt", "[{{ amount | money }}]\n");
    save(
        "routes/truth/crm/truth.json",
        "{\"amount\": {{ amount | json }}, \"currency\": {{ currency | json }}, \"at\": {{"
            + " occurredAt | json }}}\n");
    Path data = Files.createDirectories(folder.resolve("data"));
    try (var out = Files.newBufferedWriter(data.resolve("secrets.properties"))) {
      environment.store(out, null);
    }
  }

  private void save(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Service service(TestDatabase database, HttpStub crm) {
    return new Service(
            Settings.of(
                Map.of(
                    "payhook.data", folder.resolve("data").toString(),
                    "payhook.routes", folder.resolve("routes").toString(),
                    "payhook.database.url", database.url(),
                    "payhook.crm.url", crm.url(),
                    "camel.server.port", "0",
                    "camel.server.host", "127.0.0.1")),
            Clock.systemUTC())
        .checkedBy(Check::forService);
  }

  /** Sends a preset's samples as its platform does, and notes what the preset reads off them. */
  private void send(Service service, String endpoint, Provider provider, Map<String, Seen> told)
      throws Exception {
    Secret secret = Secret.of(secrets.get(endpoint));
    List<Secret> known = provider.isUnsigned() ? List.of() : List.of(secret);
    URI url = URI.create("http://127.0.0.1:" + service.port() + "/webhooks/" + endpoint);
    for (Sample sample : Providers.shipped().samples(provider.name())) {
      RawRequest signed =
          new Signer(provider, secret, Clock.systemUTC())
              .sign(sample.request(url.toString()), sample.type());
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(url + signed.query()))
              .method(signed.method(), HttpRequest.BodyPublishers.ofByteArray(signed.body()));
      for (RawRequest.Header header : signed.headers()) {
        if (!SET_BY_CLIENT.contains(header.name().toLowerCase(Locale.ROOT))) {
          request.header(header.name(), header.value());
        }
      }
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode())
          .as(endpoint + " " + sample.fileName() + ": " + answer.body())
          .isBetween(200, 204);
      VerifiedEvent event =
          (VerifiedEvent) new Verifier(provider, known, Clock.systemUTC()).verify(signed);
      for (VerifiedEvent item : event.items()) {
        BigDecimal amount = item.amount();
        if (amount != null && item.currency() != null) {
          told.putIfAbsent(
              endpoint + "/" + item.key(), new Seen(amount.toPlainString(), item.currency()));
        }
      }
    }
  }

  private static Map<String, Seen> of(
      TestDatabase database, String table, String id, Map<String, String> ids) throws Exception {
    Map<String, Seen> seen = new TreeMap<>();
    for (String row :
        database.query(
            "select "
                + id
                + " || ' ' || amount || ' ' || currency from "
                + table
                + " where amount is not null and currency is not null")) {
      String[] columns = row.split(" ", -1);
      put(seen, ids.get(columns[0]), new Seen(columns[1], columns[2]));
    }
    return seen;
  }

  private static void put(Map<String, Seen> all, String event, Seen seen) {
    if (event != null) {
      all.put(event, seen);
    }
  }

  /** As e-mails write it. */
  private static Map<String, Seen> written(Map<String, Seen> told) {
    Map<String, Seen> written = new TreeMap<>();
    told.forEach(
        (event, seen) -> {
          BigDecimal amount = new BigDecimal(seen.amount());
          String grouped =
              String.format(Locale.ENGLISH, "%,." + amount.scale() + "f", amount.abs());
          written.put(
              event,
              new Seen(
                  (amount.signum() < 0 ? "-" : "") + seen.currency() + " " + grouped,
                  seen.amount() + " " + seen.currency()));
        });
    return written;
  }

  private Map<String, Seen> mailed(Map<String, String> ids) throws Exception {
    Map<String, Seen> mailed = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder.resolve("data/mail"))) {
      for (Path file : files.toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          MimeMessage mail = new MimeMessage(null, in);
          String text = new String(mail.getRawInputStream().readAllBytes(), StandardCharsets.UTF_8);
          String subject = mail.getSubject();
          if (subject.length() > 37) {
            put(
                mailed,
                ids.get(subject.substring(0, 36)),
                new Seen(
                    text.replaceFirst("(?s).*\\[(.*?)].*", "$1"), subject.substring(37).strip()));
          }
        }
      }
    }
    return mailed;
  }

  private static Map<String, Seen> called(HttpStub crm, Map<String, String> ids) throws Exception {
    Map<String, Seen> called = new TreeMap<>();
    for (HttpStub.Call call : crm.calls) {
      JsonNode body = JSON.readTree(call.body());
      if (body.path("amount").isNumber()) {
        put(
            called,
            ids.get(call.uri().replaceFirst("^.*/", "")),
            new Seen(
                body.path("amount").decimalValue().toPlainString(),
                body.path("currency").asText()));
      }
    }
    return called;
  }

  private static Map<String, Seen> listed(String json, Map<String, String> ids) throws Exception {
    Map<String, Seen> listed = new TreeMap<>();
    for (JsonNode event : JSON.readTree(json).path("events")) {
      if (event.path("amount").isTextual()) {
        put(
            listed,
            ids.get(event.path("id").asText()),
            new Seen(event.path("amount").asText(), event.path("currency").asText()));
      }
    }
    return listed;
  }

  private String get(String url) throws Exception {
    return client
        .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** What {@code payhook events --json} prints. */
  private static String events(String server) {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      assertThat(Cli.execute("events", "--json", "--limit", "5000", "--server", server)).isZero();
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}

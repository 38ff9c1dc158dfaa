package io.payhook.service;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Finding;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.testing.TestDatabase;
import io.payhook.tools.check.Check;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What check says of a folder, a start and a reload say too: an integration that is refused by one
 * is refused by all, with the same first line.
 */
@Tag("service")
final class AgreementTest {
  private static final String ROUTES = "payments/payment-success.camel.yaml";
  private static final String ENDPOINT = "payments/payments.camel.yaml";
  private static final String STATEMENT = "payments/sql/record-payment.sql";
  private static final String TEMPLATE = "payments/email/receipt.html";
  private static final String CRM = "payments/crm/contact.json";
  private static final String TABLES = "payments/sql/schema/V001__payments.sql";
  private static final String SAMPLE = "payments/samples/payment.success.json";

  @TempDir static Path folder;
  private static RunningService running;
  private static TestDatabase scratch;
  private static final Map<Path, byte[]> GOOD = new HashMap<>();

  private interface Change {
    void in(Path routes) throws IOException;
  }

  @BeforeAll
  static void start() throws Exception {
    running = RunningService.start(folder, Map.of("payhook.routes.reload", "off"));
    scratch = TestDatabase.create();
    try (Stream<Path> all = Files.walk(running.routes)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        GOOD.put(file, Files.readAllBytes(file));
      }
    }
  }

  @AfterAll
  static void stop() {
    running.close();
    scratch.close();
  }

  private static Change replace(String file, String old, String by) {
    return routes -> {
      Path path = routes.resolve(file);
      String text = Files.readString(path);
      assertThat(text).contains(old);
      Files.writeString(path, text.replace(old, by));
    };
  }

  private static Change write(String file, String text) {
    return routes -> {
      Files.createDirectories(routes.resolve(file).getParent());
      Files.writeString(routes.resolve(file), text);
    };
  }

  private static Change save(String file, Charset charset, String before) {
    return routes -> {
      Path path = routes.resolve(file);
      Files.write(path, (before + Files.readString(path)).getBytes(charset));
    };
  }

  private static Change windows(String file) {
    return routes -> {
      Path path = routes.resolve(file);
      Files.write(path, ("\uFEFF" + Files.readString(path).replace("\n", "\r\n")).getBytes(UTF_8));
    };
  }

  private static Arguments refused(String what, Change change, String line) {
    return Arguments.of(what, change, line);
  }

  private static Arguments taken(String what, Change change) {
    return Arguments.of(what, change, "");
  }

  static Stream<Arguments> integrations() {
    return Stream.of(
        refused("a step", replace(ROUTES, "- to:", "- too:"), "no such step 'too'"),
        refused(
            "a component", replace(ROUTES, "kamelet:email", "kamlet:email"), "component 'kamlet'"),
        refused("a kamelet", replace(ROUTES, "email-sink", "e-mail-sink"), "no such kamelet"),
        refused("a provider", replace(ENDPOINT, "echezona", "echozona"), "no such provider"),
        refused(
            "a bean", replace("intake.camel.yaml", "signature", "signatur"), "no bean 'signatur'"),
        refused("no YAML", write("payments/new.camel.yaml", "- route: ["), "not YAML"),
        refused("an empty file", write("payments/new.camel.yaml", ""), "the file is empty"),
        refused(
            "a file that is not there",
            replace(ROUTES, "sql/record", "sql/records"),
            "there is no file sql/record"),
        refused(
            "SQL that is none",
            write(STATEMENT, "insert in to payment values (1);\n"),
            "syntax error"),
        refused(
            "a table that is not there",
            write(STATEMENT, "insert into paymint (id) values (:eventId);\n"),
            "\"paymint\" does not exist"),
        refused(
            "a column that is not there",
            write(STATEMENT, "update payment set colour = :eventId;\n"),
            "\"colour\" of relation"),
        refused("no statement", write(STATEMENT, "-- nothing\n"), "there is no statement"),
        refused(
            "a template that is cut off",
            write(TEMPLATE, "<title>x</title>{% if event %}"),
            "receipt.html"),
        refused(
            "a filter",
            write(TEMPLATE, "<title>x</title>{{ amount | munny }}"),
            "there is no filter 'munny'"),
        refused(
            "a value no sample has",
            write(TEMPLATE, "<title>x</title>{{ event.data.nope }}"),
            "nope"),
        refused("a CRM body that is no JSON", write(CRM, "{\"a\": {{ amount }"), "contact.json"),
        refused("a mark in the middle of a CRM body", save(CRM, UTF_8, " \uFEFF"), "U+FEFF"),
        refused(
            "a route file in UTF-16", save(ROUTES, UTF_16LE, "\uFEFF"), "the file is UTF-16 text"),
        refused(
            "a statement in Latin-1",
            save(STATEMENT, ISO_8859_1, "-- \u00e9\n"),
            "the file is not UTF-8 text"),
        refused(
            "a template in Latin-1",
            save(TEMPLATE, ISO_8859_1, "<!-- \u00e9 -->"),
            "the file is not UTF-8 text"),
        refused(
            "a link that leads nowhere",
            routes -> Files.createSymbolicLink(routes.resolve("shop"), Path.of("/gone")),
            "the link leads to /gone"),
        refused(
            "a link that leads back",
            routes -> Files.createSymbolicLink(routes.resolve("payments/again"), routes),
            "leads back"),
        refused(
            "a route id that is taken",
            routes ->
                Files.copy(routes.resolve(ROUTES), routes.resolve("payments/copy.camel.yaml")),
            "route id 'record-payment'"),
        taken(
            "every file of Windows",
            routes -> {
              for (String file :
                  List.of(ROUTES, ENDPOINT, STATEMENT, TEMPLATE, CRM, SAMPLE, TABLES)) {
                windows(file).in(routes);
              }
            }),
        taken(
            "version control, editors and files that no route uses",
            routes -> {
              write("payments/sql/notes.sql", "\\i something of psql\n").in(routes);
              write("payments/notes.txt", "{{ odd").in(routes);
              write(".git/x/y.camel.yaml", "- route: [").in(routes);
              write("payments/.history/y.camel.yaml", "- route: [").in(routes);
              write("payments/._y.camel.yaml", "- route: [").in(routes);
              write("payments/y.camel.yaml~", "- route: [").in(routes);
              Files.createSymbolicLink(
                  routes.resolve("payments/.#y.camel.yaml"), Path.of("ada@host.1:2"));
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("integrations")
  void check_run_and_reload_agree(String what, Change change, String line) throws Exception {
    change.in(running.routes);
    try {
      Optional<String> check = check(folder.resolve("data"));
      Optional<String> start = startAgain(Files.createTempDirectory(folder, "node"));
      Optional<String> reload =
          running.service.reload().problems().stream().findFirst().map(Object::toString);
      if (line.isEmpty()) {
        assertThat(List.of(check, start, reload)).containsOnly(Optional.empty());
      } else {
        assertThat(check).hasValueSatisfying(said -> assertThat(said).contains(line));
        assertThat(start).isEqualTo(check);
        assertThat(reload).isEqualTo(check);
      }
    } finally {
      restore();
    }
    assertThat(running.service.reload().problems()).isEmpty();
  }

  @Test
  void secrets_that_are_not_utf_8_are_told_by_their_own_file() throws Exception {
    Path data = Files.createTempDirectory(folder, "latin");
    Files.write(
        data.resolve("secrets.properties"), "PAYMENTS_WEBHOOK_SECRET=\u00e9".getBytes(ISO_8859_1));
    String line = data.resolve("secrets.properties") + ": the file is not UTF-8 text";
    assertThat(check(data)).hasValueSatisfying(said -> assertThat(said).contains(line));
    assertThat(startAgain(data)).isEqualTo(check(data));
  }

  private static Settings settings(Path data) {
    return Settings.of(
        Map.of(
            "payhook.data", data.toString(),
            "payhook.routes", running.routes.toString(),
            "payhook.routes.reload", "off",
            "payhook.database.url", running.database.url(),
            "camel.server.port", "0",
            "camel.server.host", "127.0.0.1",
            "payments.finance.email", "finance@example.com"));
  }

  private static Optional<String> check(Path data) {
    Settings settings = settings(data);
    return new Check(
            running.routes,
            Placeholders.forReading(settings),
            settings.names(),
            scratch::connect,
            Clock.systemUTC())
        .run().stream().filter(Finding::isFatal).findFirst().map(Finding::toString);
  }

  /** A second node, which is not to start. */
  private static Optional<String> startAgain(Path data) {
    try (Service service =
        new Service(settings(data), Clock.systemUTC()).checkedBy(Check::forService)) {
      service.open();
      return Optional.empty();
    } catch (StartException e) {
      return e.getMessage().lines().findFirst();
    }
  }

  private static void restore() throws IOException {
    try (Stream<Path> all = Files.walk(running.routes)) {
      for (Path file :
          all.filter(each -> !Files.isDirectory(each) || Files.isSymbolicLink(each)).toList()) {
        if (!GOOD.containsKey(file)) {
          Files.delete(file);
        }
      }
    }
    for (Map.Entry<Path, byte[]> file : GOOD.entrySet()) {
      Files.write(file.getKey(), file.getValue());
    }
  }
}

package io.payhook.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.payhook.settings.Settings.Arguments;
import io.payhook.settings.Settings.Assignment;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
  @TempDir Path folder;

  @Test
  void nothing_set_gives_the_defaults() {
    Settings settings = Settings.load(Arguments.none(), Map.of());
    assertThat(settings.get(Key.SERVER_PORT)).isEqualTo(8080);
    assertThat(settings.get(Key.INTAKE_MAX_BODY)).isEqualTo(1 << 20);
    assertThat(settings.get(Key.DELIVERY_LEASE)).isEqualTo(Duration.ofSeconds(30));
    assertThat(settings.get(Key.JOURNAL_RETENTION)).isEmpty();
    assertThat(settings.profile()).isEqualTo("dev");
    assertThat(settings.isProduction()).isFalse();
    assertThat(settings.data()).isEqualTo(Path.of("data").toAbsolutePath());
  }

  @Test
  void every_default_is_a_value_its_own_key_accepts() {
    for (Key<?> key : Key.all()) {
      assertThat(Settings.of(Map.of()).get(key)).as(key.name()).isNotNull();
    }
  }

  @Test
  void units_stand_in_the_value() {
    Settings settings =
        Settings.of(
            Map.of(
                "payhook.delivery.backoff", "500ms",
                "payhook.delivery.timeout", "2m",
                "payhook.journal.retention", "7d",
                "payhook.intake.max-body", "10MB"));
    assertThat(settings.get(Key.DELIVERY_BACKOFF)).isEqualTo(Duration.ofMillis(500));
    assertThat(settings.get(Key.DELIVERY_TIMEOUT)).isEqualTo(Duration.ofMinutes(2));
    assertThat(settings.get(Key.JOURNAL_RETENTION)).contains(Duration.ofDays(7));
    assertThat(settings.get(Key.INTAKE_MAX_BODY)).isEqualTo(10L << 20);
  }

  @Test
  void the_command_line_wins_over_the_environment_over_the_profile_over_the_file()
      throws IOException {
    Path config =
        file(
            "application.properties",
            "payhook.mail.host=file",
            "payhook.mail.from=file@example.com",
            "payhook.mail.username=file",
            "payhook.mail.port=1");
    file(
        "application-staging.properties",
        "payhook.mail.from=profile@example.com",
        "payhook.mail.username=profile",
        "payhook.mail.port=2");
    Settings settings =
        Settings.load(
            arguments(config, "staging", new Assignment("payhook.mail.port", "4", "--set")),
            Map.of("PAYHOOK_MAIL_USERNAME", "environment", "PAYHOOK_MAIL_PORT", "3"));
    assertThat(settings.get(Key.MAIL_HOST)).isEqualTo("file");
    assertThat(settings.get(Key.MAIL_FROM)).isEqualTo("profile@example.com");
    assertThat(settings.get(Key.MAIL_USERNAME)).isEqualTo("environment");
    assertThat(settings.get(Key.MAIL_PORT)).isEqualTo(4);
    assertThat(settings.profile()).isEqualTo("staging");
  }

  @Test
  void a_key_with_dashes_has_a_variable_with_underscores() {
    Settings settings =
        Settings.load(
            Arguments.none(), Map.of("PAYHOOK_INTAKE_MAX_BODY", "2KB", "PAYHOOK_CRM_URL", ""));
    assertThat(settings.get(Key.INTAKE_MAX_BODY)).isEqualTo(2048);
    assertThat(settings.get(Key.CRM_URL)).isEmpty();
  }

  @Test
  void camel_keys_come_from_the_environment_too() throws IOException {
    Path config = file("application.properties", "camel.component.http.connectTimeout=1");
    Settings settings =
        Settings.load(
            arguments(config, null),
            Map.of(
                "CAMEL_SERVER_PORT", "9090",
                "CAMEL_COMPONENT_HTTP_CONNECT_TIMEOUT", "2",
                "CAMEL_SERVICE_HOST", "10.0.0.1"));
    assertThat(settings.get(Key.SERVER_PORT)).isEqualTo(9090);
    assertThat(settings.asCamelProperties())
        .containsEntry("camel.server.port", "9090")
        .containsEntry("camel.component.http.connectTimeout", "2")
        .doesNotContainKey("camel.service.host");
  }

  @Test
  void relative_folders_in_a_file_are_relative_to_the_file() throws IOException {
    Path config = file("application.properties", "payhook.data=store");
    Settings settings = Settings.load(arguments(config, null), Map.of());
    assertThat(settings.data()).isEqualTo(folder.resolve("store"));
    assertThat(settings.routes()).isEqualTo(folder.resolve("routes"));
  }

  @Test
  void relative_folders_on_the_command_line_are_relative_to_the_working_folder()
      throws IOException {
    Path config = file("application.properties", "payhook.data=store");
    Settings settings =
        Settings.load(
            arguments(config, null, new Assignment("payhook.data", "x", "--data")), Map.of());
    assertThat(settings.data()).isEqualTo(Path.of("x").toAbsolutePath());
  }

  @Test
  void all_problems_are_reported_at_once_with_their_place() throws IOException {
    Path config =
        file(
            "application.properties",
            "# comment",
            "payhook.intake.maxbody=1MB",
            "payhook.delivery.lease=30",
            "payhook.mail.security=tsl",
            "payhook.mail.password=x",
            "payhook.mail.password=y",
            "camel.server.prot=8080",
            "camel.server.path=/");
    SettingsException problem =
        refused(
            arguments(
                config,
                null,
                new Assignment("camel.server.port", "http", "--set camel.server.port")),
            Map.of("PAYHOOK_CRM_URL", "crm", "PAYHOOK_DATABSE_URL", "x"));
    assertThat(problem.problems())
        .containsExactlyInAnyOrder(
            config
                + ":2: there is no setting 'payhook.intake.maxbody'; did you mean 'payhook.intake.max-body'?",
            config
                + ":3: payhook.delivery.lease: '30' is not a duration; write a number above 0 and its unit, such as"
                + " 500ms, 30s, 2m, 1h or 7d",
            config
                + ":4: payhook.mail.security: 'tsl' is not one of auto, none, starttls, tls; did you mean 'tls'?",
            config
                + ":7: there is no setting 'camel.server.prot'; did you mean 'camel.server.port'?",
            config + ":6: payhook.mail.password is already set in line 5; keep one of the two",
            "--set camel.server.port: camel.server.port: 'http' is not a whole number from 0 to 65535",
            "environment variable PAYHOOK_CRM_URL: payhook.crm.url: 'crm' is not an address such as"
                + " https://crm.example.com/api",
            "environment variable PAYHOOK_DATABSE_URL: sets nothing; did you mean 'PAYHOOK_DATABASE_URL'?");
  }

  @Test
  void variables_that_container_platforms_invent_are_no_mistakes() {
    Settings settings =
        Settings.load(
            Arguments.none(),
            Map.of(
                "PAYHOOK_SERVICE_HOST",
                "10.0.0.1",
                "PAYHOOK_PORT_8080_TCP",
                "tcp://10.0.0.1:8080"));
    assertThat(settings.get(Key.SERVER_PORT)).isEqualTo(8080);
  }

  @Test
  void keys_of_the_team_pass_to_the_routes() throws IOException {
    Path config = file("application.properties", "payments.finance.email = finance@example.com");
    assertThat(Settings.load(arguments(config, null), Map.of()).asCamelProperties())
        .containsEntry("payments.finance.email", "finance@example.com")
        .containsEntry("payhook.mail.port", "587")
        .containsEntry("payhook.data", folder.resolve("data").toString());
  }

  @Test
  void what_no_route_may_read_is_not_passed_to_the_routes() {
    Settings settings =
        Settings.of(
            Map.of("payhook.database.password", "geheim", "payhook.management.token", "geheim"));
    assertThat(settings.asCamelProperties().values()).doesNotContain("geheim");
  }

  @Test
  void secrets_never_print() {
    Settings settings =
        Settings.of(
            Map.of(
                "payhook.database.password", "geheim",
                "payhook.database.url",
                    "jdbc:postgresql://u:geheim@db/x?user=u&password=geheim&ssl=true",
                "payments.api.token", "geheim"));
    assertThat(settings.toString()).doesNotContain("geheim").contains("ssl=true").contains("@db/x");
  }

  @Test
  void a_value_may_come_from_any_environment_variable() throws IOException {
    Path config =
        file(
            "application.properties",
            "payhook.database.password={{env:DB_PASSWORD}}",
            "payhook.crm.url={{env:CRM:https://crm.example.com}}",
            "payhook.crm.token={{env:MISSING}}");
    assertThat(refused(arguments(config, null), Map.of()).problems())
        .contains(
            config
                + ":3: environment variable MISSING is not set; set it or give a default as in {{env:MISSING:default}}");
    Settings settings =
        Settings.load(arguments(config, null), Map.of("DB_PASSWORD", "$1", "MISSING", ""));
    assertThat(settings.get(Key.DATABASE_PASSWORD)).isEqualTo("$1");
    assertThat(settings.get(Key.CRM_URL)).contains(URI.create("https://crm.example.com"));
  }

  @Test
  void a_value_may_stand_in_a_file_that_a_variable_names() throws IOException {
    Path password = file("password", "geheim");
    Path config = file("application.properties", "payhook.crm.token={{env:CRM_TOKEN}}");
    Settings settings =
        Settings.load(
            arguments(config, null),
            Map.of(
                "PAYHOOK_DATABASE_PASSWORD_FILE", password.toString(),
                "PAYHOOK_INTAKE_MAX_BODY_FILE", file("size", "2KB").toString(),
                "CRM_TOKEN_FILE", file("token", "crm").toString()));
    assertThat(settings.get(Key.DATABASE_PASSWORD)).isEqualTo("geheim");
    assertThat(settings.get(Key.INTAKE_MAX_BODY)).isEqualTo(2048);
    assertThat(settings.get(Key.CRM_TOKEN)).isEqualTo("crm");
    Files.writeString(password, "another one \r\n");
    Files.writeString(folder.resolve("token"), "");
    assertThat(settings.current(Key.DATABASE_PASSWORD)).isEqualTo("another one ");
    assertThat(settings.current(Key.CRM_TOKEN)).isEmpty();
    Files.delete(password);
    assertThat(settings.current(Key.DATABASE_PASSWORD)).isEqualTo("geheim");
  }

  @Test
  void what_is_wrong_with_such_a_file_is_told() throws IOException {
    Path there = file("there", "x");
    Path none = folder.resolve("none");
    assertThat(
            refused(
                    arguments(file("application.properties", ""), null),
                    Map.of(
                        "PAYHOOK_DATABASE_PASSWORD_FILE", none.toString(),
                        "PAYHOOK_MAIL_PASSWORD", "x",
                        "PAYHOOK_MAIL_PASSWORD_FILE", there.toString(),
                        "PAYHOOK_CRM_TOKN_FILE", there.toString()))
                .problems())
        .containsExactlyInAnyOrder(
            "environment variable PAYHOOK_DATABASE_PASSWORD_FILE names "
                + none
                + ", which is not there; put the value there, or set PAYHOOK_DATABASE_PASSWORD",
            "environment variables PAYHOOK_MAIL_PASSWORD and PAYHOOK_MAIL_PASSWORD_FILE are both set; keep one of the two",
            "environment variable PAYHOOK_CRM_TOKN_FILE: sets nothing; did you mean 'PAYHOOK_CRM_TOKEN_FILE'?");
  }

  @Test
  void production_refuses_stand_ins() {
    assertThat(refused(new Arguments(null, null, "prod", List.of()), Map.of()).problems())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains("payhook.mail.host is empty"))
        .anySatisfy(line -> assertThat(line).contains("payhook.crm.url is empty"));
    Settings settings =
        Settings.load(
            Arguments.none(),
            Map.of(
                "PAYHOOK_PROFILE", "prod",
                "PAYHOOK_MAIL_HOST", "mail.example.com",
                "PAYHOOK_CRM_URL", "https://crm.example.com"));
    assertThat(settings.isProduction()).isTrue();
  }

  @Test
  void production_refuses_what_others_can_guess_or_hear() throws IOException {
    Map<String, String> environment = new java.util.HashMap<>();
    environment.put("PAYHOOK_MAIL_HOST", "mail.example.com");
    environment.put("PAYHOOK_MAIL_PASSWORD", "geheim");
    environment.put("PAYHOOK_MAIL_SECURITY", "none");
    environment.put("PAYHOOK_CRM_URL", "http://crm.example.com");
    environment.put("PAYHOOK_CRM_TOKEN", "geheim");
    environment.put("A_WEBHOOK_SECRET", "a");
    environment.put("B_WEBHOOK_SECRET", "good-enough-0123456789, Change-Me;label=2");
    environment.put("C_WEBHOOK_SECRET_FILE", file("c", "abababababababab").toString());
    environment.put("D_WEBHOOK_SECRET", "good-enough-0123456789");
    assertThat(refused(new Arguments(null, null, "prod", List.of()), environment).problems())
        .hasSize(5)
        .anySatisfy(
            line -> assertThat(line).contains("payhook.crm.token", "crm.example.com", "https://"))
        .anySatisfy(line -> assertThat(line).contains("payhook.mail.password", "starttls or tls"))
        .anySatisfy(
            line -> assertThat(line).contains("A_WEBHOOK_SECRET: a secret in it is shorter"))
        .anySatisfy(line -> assertThat(line).contains("B_WEBHOOK_SECRET: a secret in it is a word"))
        .anySatisfy(line -> assertThat(line).contains("C_WEBHOOK_SECRET: a secret in it repeats"))
        .allSatisfy(line -> assertThat(line).doesNotContain("geheim", "Change-Me"));
    environment.put("PAYHOOK_CRM_URL", "http://127.0.0.1:9000");
    environment.put("PAYHOOK_MAIL_HOST", "localhost");
    environment.keySet().removeIf(name -> name.contains("WEBHOOK"));
    assertThat(
            Settings.load(new Arguments(null, null, "prod", List.of()), environment).isProduction())
        .isTrue();
  }

  @Test
  void a_secret_of_separators_is_none_in_any_profile() {
    assertThat(refused(Arguments.none(), Map.of("PAYMENTS_WEBHOOK_SECRET", " , ,")).problems())
        .containsExactly(
            "environment variable PAYMENTS_WEBHOOK_SECRET has separators and no secret; set what the platform gave you");
  }

  @Test
  void a_profile_without_a_file_is_a_mistake() throws IOException {
    Path config = file("application.properties", "");
    assertThat(refused(arguments(config, "stagng"), Map.of()).problems())
        .singleElement()
        .asString()
        .startsWith("profile 'stagng' is unknown");
  }

  @Test
  void a_file_that_is_not_there_is_a_mistake() {
    Path config = folder.resolve("none.properties");
    assertThat(refused(arguments(config, null), Map.of()).problems())
        .containsExactly(config + ": there is no such file; name the settings file with --config");
  }

  @Test
  void the_shipped_file_lists_every_key_with_its_default() throws IOException {
    Path shipped = Path.of(Settings.FILE);
    String end = "\n# Placeholders of one's own";
    if (Boolean.getBoolean("payhook.update")) {
      String text = Files.readString(shipped);
      String head = text.substring(0, text.indexOf("\n\n") + 1);
      Files.writeString(shipped, head + reference() + text.substring(text.indexOf(end)));
    }
    assertThat(Files.readString(shipped))
        .as("run this test with -Dpayhook.update=true to bring the file up to the table")
        .contains(reference() + end);
    assertThat(Settings.load(arguments(shipped, null), Map.of()).toString())
        .doesNotContain("payhook.");
  }

  @Test
  void a_file_of_windows_is_read_as_any_other() throws IOException {
    Path config =
        file(
            "application.properties",
            "\uFEFFpayhook.database.url=jdbc:postgresql://127.0.0.1:1/none\r\ncamel.server.port=9\r\n");
    Settings settings = load(config);
    assertThat(settings.get(Key.DATABASE_URL)).isEqualTo("jdbc:postgresql://127.0.0.1:1/none");
    assertThat(settings.get(Key.SERVER_PORT)).isEqualTo(9);
  }

  @Test
  void a_key_with_a_character_that_no_key_has_is_refused() throws IOException {
    Path config =
        file(
            "application.properties",
            "# one\n\uFEFFpayhook.crm.url=http://x\n\u00A0camel.server.port=9\n\"quoted\"=1\nown.name=2\n");
    assertThat(catchThrowableOfType(SettingsException.class, () -> load(config)).problems())
        .containsExactly(
            config
                + ":2: the key 'U+FEFFpayhook.crm.url' has a character that no key has: U+FEFF; remove it",
            config
                + ":3: the key 'U+00A0camel.server.port' has a character that no key has: U+00A0; remove it",
            config
                + ":4: the key '\"quoted\"' has a character that no key has: U+0022 '\"'; remove it");
  }

  @Test
  void a_key_that_is_nearly_one_is_refused_whatever_it_begins_with() throws IOException {
    Path config = file("application.properties", "payhok.crm.url=http://x\nPayhook.node=a\n");
    assertThat(catchThrowableOfType(SettingsException.class, () -> load(config)).problems())
        .hasSize(2)
        .allSatisfy(problem -> assertThat(problem).contains("did you mean 'payhook."));
  }

  @Test
  void a_file_that_is_not_utf_8_is_told_by_its_name() throws IOException {
    Path config = folder.resolve("application.properties");
    Files.write(config, new byte[] {'a', '=', (byte) 0xE9, '\n'});
    assertThat(catchThrowableOfType(SettingsException.class, () -> load(config)).problems())
        .containsExactly(config + ": the file is not UTF-8 text; save it as UTF-8");
  }

  private static Settings load(Path config) {
    return Settings.load(new Arguments(config, null, null, List.of()), Map.of());
  }

  private Path file(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }

  private static Arguments arguments(Path config, String profile, Assignment... assignments) {
    return new Arguments(config, null, profile, List.of(assignments));
  }

  private static SettingsException refused(Arguments arguments, Map<String, String> environment) {
    return catchThrowableOfType(
        SettingsException.class, () -> Settings.load(arguments, environment));
  }

  /**
   * An {@code application.properties} that changes nothing: each key with its meaning, commented
   * out at its default.
   */
  private static String reference() {
    StringBuilder text = new StringBuilder();
    String area = "";
    for (Key<?> key : Key.all()) {
      String next = key.name().substring(0, key.name().lastIndexOf('.'));
      if (!next.equals(area)) {
        text.append('\n');
        area = next;
      }
      text.append("# %s%n#%s=%s%n".formatted(key.meaning(), key.name(), key.defaultText()));
    }
    return text.toString();
  }
}

package io.payhook.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevelopmentSecretsTest {
  @TempDir Path folder;

  @Test
  void a_secret_is_made_once_and_kept() {
    String made = new DevelopmentSecrets(folder).get("PAYMENTS_WEBHOOK_SECRET");
    assertThat(made).matches("[0-9a-f]{64}");
    assertThat(new DevelopmentSecrets(folder).get("PAYMENTS_WEBHOOK_SECRET")).isEqualTo(made);
    assertThat(new DevelopmentSecrets(folder).get("OTHER_WEBHOOK_SECRET")).isNotEqualTo(made);
    assertThat(new DevelopmentSecrets(folder).find("PAYMENTS_WEBHOOK_SECRET")).contains(made);
  }

  @ParameterizedTest
  @ValueSource(strings = {"standard-webhooks-v1a", "paypal"})
  void a_platform_that_has_a_key_gets_one(String name) {
    Provider provider = Providers.shipped().get(name).with(Map.of("params.webhook-id", "1"));
    String variable = "SHOP_" + provider.secretKind() + "_WEBHOOK_SECRET";
    String made = new DevelopmentSecrets(folder).get(variable);
    assertThat(new DevelopmentSecrets(folder).get(variable)).isEqualTo(made);
    List<Secret> secrets = Secret.parse(made);
    Clock clock = Clock.systemUTC();
    Sample sample = Providers.shipped().samples(name).get(0);
    assertThat(
            new Verifier(provider, secrets, clock)
                .verify(
                    new Signer(provider, secrets.get(0), clock)
                        .sign(sample.request("http://localhost/"), sample.type())))
        .isInstanceOf(VerifiedEvent.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SHOP_CONFIRM_SECRET", "SHOP_WEBHOOK_ID", "SHOP_SHORT_CODE_PARAM"})
  void what_else_a_platform_gives_has_a_stand_in_too(String name) {
    assertThat(function(Map.of(), Map.of()).apply(name)).matches("[0-9a-f]{64}");
  }

  @Test
  void only_the_owner_can_read_them() throws Exception {
    new DevelopmentSecrets(folder).get("PAYMENTS_WEBHOOK_SECRET");
    assertThat(Files.getPosixFilePermissions(folder.resolve("secrets.properties")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void a_secret_written_by_hand_is_taken() throws Exception {
    Files.writeString(folder.resolve("secrets.properties"), "A_WEBHOOK_SECRET=mine");
    DevelopmentSecrets secrets = new DevelopmentSecrets(folder);
    assertThat(secrets.get("A_WEBHOOK_SECRET")).isEqualTo("mine");
    secrets.get("B_WEBHOOK_SECRET");
    assertThat(secrets.get("A_WEBHOOK_SECRET")).isEqualTo("mine");
  }

  @Test
  void many_who_ask_at_once_get_the_same() {
    assertThat(
            IntStream.range(0, 32)
                .parallel()
                .mapToObj(i -> new DevelopmentSecrets(folder).get("X_WEBHOOK_SECRET"))
                .distinct())
        .hasSize(1);
  }

  @Test
  void looking_for_one_makes_none() {
    assertThat(new DevelopmentSecrets(folder).find("PAYMENTS_WEBHOOK_SECRET")).isEmpty();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_route_file_gets_the_variable_where_it_is_set() {
    EnvironmentFunction function =
        function(Map.of(), Map.of("P_WEBHOOK_SECRET", "real", "OTHER", "x"));
    assertThat(function.apply("P_WEBHOOK_SECRET")).isEqualTo("real");
    assertThat(function.apply("OTHER:y")).isEqualTo("x");
    assertThat(function.apply("MISSING:a:b")).isEqualTo("a:b");
    assertThat(function.apply("MISSING")).isNull();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_webhook_secret_that_is_empty_counts_as_missing() {
    EnvironmentFunction function = function(Map.of(), Map.of("P_WEBHOOK_SECRET", " "));
    assertThat(function.apply("P_WEBHOOK_SECRET")).matches("[0-9a-f]{64}");
    assertThat(function.apply("P_WEBHOOK_SECRET:")).matches("[0-9a-f]{64}");
    assertThat(function.apply("P_WEBHOOK_SECRET:given")).isEqualTo("given");
  }

  @Test
  void production_makes_no_secret() {
    EnvironmentFunction function =
        function(
            Map.of(
                "payhook.profile", "prod",
                "payhook.mail.host", "mail.example.com",
                "payhook.crm.url", "https://crm.example.com"),
            Map.of());
    assertThatThrownBy(() -> function.apply("P_WEBHOOK_SECRET"))
        .hasMessageContaining("P_WEBHOOK_SECRET is not set")
        .hasMessageContaining("profile prod makes no development secrets");
    assertThatThrownBy(() -> function.apply("P_WEBHOOK_SECRET:")).hasMessageContaining("not set");
    assertThatThrownBy(() -> function.apply("P_CONFIRM_SECRET:")).hasMessageContaining("not set");
    assertThatThrownBy(() -> function.apply("P_RSA_WEBHOOK_SECRET"))
        .hasMessageContaining("not set");
    assertThat(function.apply("P_RSA_WEBHOOK_SECRET:"))
        .as("a platform's key that need not be pinned")
        .isEmpty();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void camel_asks_this_function_instead_of_its_own() throws Exception {
    try (DefaultCamelContext camel = new DefaultCamelContext()) {
      camel.getPropertiesComponent().addPropertiesFunction(function(Map.of(), Map.of()));
      camel.start();
      assertThat(camel.resolvePropertyPlaceholders("{{env:PAYMENTS_WEBHOOK_SECRET}}"))
          .isEqualTo(new DevelopmentSecrets(folder).get("PAYMENTS_WEBHOOK_SECRET"));
    }
  }

  private EnvironmentFunction function(
      Map<String, String> settings, Map<String, String> environment) {
    Map<String, String> all = new java.util.HashMap<>(settings);
    all.put("payhook.data", folder.toString());
    return new EnvironmentFunction(Settings.of(all), environment::get);
  }
}

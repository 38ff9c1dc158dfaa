package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

final class FreshKeysTest {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final Providers SHIPPED = Providers.shipped();

  private static String key(Provider provider, Sample sample, @Nullable String key) {
    Secret secret = Secret.ofTheProcess(provider.secretKind());
    Sample fresh = new FreshKeys(provider, sample, sample.type(), CLOCK).withKey(key);
    VerifiedEvent event =
        (VerifiedEvent)
            new Verifier(provider, List.of(secret), CLOCK)
                .verify(
                    new Signer(provider, secret, CLOCK)
                        .sign(fresh.request("http://localhost/"), sample.type()));
    assertThat(event.type()).isEqualTo(sample.type());
    return event.items().get(0).key();
  }

  @TestFactory
  List<DynamicTest> every_sample_of_every_preset_gets_another_key_each_time() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Provider preset : SHIPPED.all()) {
      Provider provider =
          preset.with(
              preset.settings().keySet().stream()
                  .filter(name -> name.startsWith("params."))
                  .collect(Collectors.toMap(name -> name, name -> "8PT597110X687430L")));
      for (Sample sample : SHIPPED.samples(preset.name())) {
        tests.add(
            DynamicTest.dynamicTest(
                preset.name() + " " + sample.type(),
                () ->
                    assertThat(key(provider, sample, null))
                        .isNotEqualTo(key(provider, sample, null))));
      }
    }
    return tests;
  }

  @Test
  void the_key_that_was_asked_for_stands_in_forms_in_xml_and_in_place_of_numbers() {
    assertThat(
            Map.of(
                "twilio", "message.delivered",
                "braintree", "transaction_settled",
                "flutterwave-v3", "charge.completed",
                "paystack", "charge.success"))
        .allSatisfy(
            (provider, type) ->
                assertThat(
                        key(
                            SHIPPED.get(provider),
                            SHIPPED.samples(provider).stream()
                                .filter(sample -> sample.type().equals(type))
                                .findFirst()
                                .orElseThrow(),
                            "T-1"))
                    .contains("T-1"));
  }
}

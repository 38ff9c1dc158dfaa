package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.signature.RawRequest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CredentialsTest {
  @ParameterizedTest
  @CsvSource({
    "Authorization, (secret)",
    "COOKIE, (secret)",
    "X-Api-Key, (secret)",
    "Proxy-Authorization, (secret)",
    "X-Amzn-Oidc-Accesstoken, (secret)",
    "X-Own-Door, (secret)",
    "X-Echezona-Signature, abc",
    "User-Agent, abc",
  })
  void of_a_header_that_carries_a_credential_only_the_name_is_kept(String name, String kept) {
    assertThat(
            Credentials.masked(List.of(new RawRequest.Header(name, "abc")), List.of("x-own-door")))
        .isEqualTo("[[\"" + name + "\", \"" + kept + "\"]]");
  }

  @ParameterizedTest
  @CsvSource({
    "/webhooks/shop, /webhooks/shop",
    "/webhooks/shop?, /webhooks/shop?",
    "/webhooks/shop?id=7&token=abc, /webhooks/shop?id=7&token=(secret)",
    "/webhooks/shop?API_KEY=abc&id=7&x, /webhooks/shop?API_KEY=(secret)&id=7&x",
    "/webhooks/shop?door=abc&&id=a=b, /webhooks/shop?door=(secret)&&id=a=b",
    "/webhooks/shop?hmac=abc, /webhooks/shop?hmac=abc",
    "/webhooks/token?id=7, /webhooks/token?id=7",
  })
  void of_a_query_parameter_that_carries_a_credential_only_the_name_is_kept(
      String target, String kept) {
    assertThat(Credentials.masked(target, List.of("door"))).isEqualTo(kept);
  }

  @Test
  void quotes_and_control_characters_of_a_header_stay_inside_its_text() {
    assertThat(Credentials.masked(List.of(new RawRequest.Header("X-A", "\"],[\u0001")), List.of()))
        .isEqualTo("[[\"X-A\", \"\\\"],[\\u0001\"]]");
  }
}

package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.Endpoints;
import io.payhook.journal.StoredEvent;
import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import io.payhook.signature.Verifiers;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EventJsonTest {
  private final Endpoints endpoints = new Endpoints();

  private Object event(String preset, String contentType, String body) {
    Provider provider = Providers.shipped().get(preset);
    List<Secret> secrets = Secret.parse("secret");
    endpoints.put(
        new ActiveEndpoint(
            "shop",
            List.of(provider),
            secrets,
            new Verifiers(List.of(new Verifier(provider, secrets, Clock.systemUTC())))));
    return new EventJson(endpoints)
        .parse(
            new StoredEvent(
                UUID.randomUUID(),
                "shop",
                "type",
                "key",
                Instant.EPOCH,
                contentType,
                body.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void a_form_has_its_fields() {
    assertThat(
            event(
                "twilio",
                "application/x-www-form-urlencoded",
                "MessageSid=SM1&MessageStatus=delivered"))
        .isEqualTo(Map.of("MessageSid", "SM1", "MessageStatus", "delivered"));
  }

  @Test
  void xml_in_a_form_has_its_elements() {
    String xml = "<notification><kind>check</kind></notification>";
    String field = Base64.getEncoder().encodeToString(xml.getBytes(StandardCharsets.UTF_8));
    assertThat(
            event(
                "braintree",
                "application/x-www-form-urlencoded",
                "bt_signature=x&bt_payload=" + field.replace("=", "%3D").replace("+", "%2B")))
        .isEqualTo(Map.of("notification", Map.of("kind", "check")));
  }

  @Test
  void json_has_no_number_in_floating_point() {
    assertThat(event("stripe", "application/json", "{\"a\":1.10,\"b\":2}"))
        .isEqualTo(Map.of("a", new BigDecimal("1.10"), "b", 2));
  }

  @Test
  void what_cant_be_read_is_nothing() {
    assertThat(event("stripe", "application/json", "{")).isNull();
  }
}

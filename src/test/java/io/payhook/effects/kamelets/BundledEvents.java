package io.payhook.effects.kamelets;

import io.payhook.journal.Facts;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.VerifiedEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.camel.Exchange;

/** Events of the bundled endpoint, with the facts that its preset reads off them. */
public final class BundledEvents {
  private static final Provider PROVIDER = Providers.shipped().get("echezona");

  private BundledEvents() {}

  public static Path sampleFile(String name) {
    return PaymentsTables.INTEGRATION.resolve("samples/" + name + ".json");
  }

  public static String sample(String name) throws IOException {
    return new String(Sample.read(sampleFile(name)).body(), StandardCharsets.UTF_8);
  }

  /** The event that the endpoint makes of a body. */
  public static VerifiedEvent event(String json) {
    return new Sample("event", "application/json", json.getBytes(StandardCharsets.UTF_8))
        .verifiedBy(PROVIDER)
        .orElseThrow(() -> new AssertionError("the endpoint would refuse " + json));
  }

  /** Gives a delivery what the engine gives it. */
  public static Consumer<Exchange> facts(String json) {
    VerifiedEvent event = event(json);
    return exchange -> {
      exchange.setVariable("eventType", event.type());
      exchange.setVariable("eventKey", event.key());
      exchange.setVariable("amount", event.amount());
      exchange.setVariable("currency", event.currency());
      exchange.setVariable("entity", event.entity());
      exchange.setVariable("occurredAt", event.occurredAt());
      exchange.setVariable("origin", Facts.WEBHOOK);
    };
  }
}

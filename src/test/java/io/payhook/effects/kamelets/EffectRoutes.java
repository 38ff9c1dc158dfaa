package io.payhook.effects.kamelets;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.delivery.Breakers;
import io.payhook.effects.Texts;
import io.payhook.effects.mail.MailSender;
import io.payhook.kit.Json;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.apache.camel.builder.NoErrorHandlerBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;

/** A context with the kamelets and some route files, which gives events to single routes. */
public final class EffectRoutes implements AutoCloseable {
  public static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T20:15:02.123Z"), ZoneOffset.UTC);
  public static final String EVENT_ID = "0b9f6e5c-8c5e-4a51-9f0f-0e6a6c8e6a01";
  public static final Instant RECEIVED = Instant.parse("2026-11-23T20:15:00Z");

  public final DefaultCamelContext context = new DefaultCamelContext();
  private final TestEvents events = new TestEvents();

  public EffectRoutes(MailSender mail, DataSource database, String crmUrl, Path... routeFiles)
      throws Exception {
    context.addComponent("event", events);
    context.getRegistry().bind("payhook", DataSource.class, database);
    Properties properties = new Properties();
    properties.put("payhook.mail.from", "Example Shop <shop@shop.example.com>");
    properties.put("payhook.crm.url", crmUrl);
    context.getPropertiesComponent().setInitialProperties(properties);
    context.setStreamCaching(false);
    context.getCamelContextExtension().setErrorHandlerFactory(new NoErrorHandlerBuilder());
    Effects.bind(context, config(mail), Texts.onDisk());
    for (Path file : routeFiles) {
      PluginHelper.getRoutesLoader(context)
          .loadRoutes(
              PluginHelper.getResourceLoader(context).resolveResource("file:" + file.toString()));
    }
    context.start();
  }

  public static EffectsConfig config(MailSender mail) {
    return new EffectsConfig(
        mail, "crm-token", CLOCK, new Breakers(CLOCK, new SimpleMeterRegistry()));
  }

  /** All event files of the bundled integration. */
  public static Path[] bundled() {
    return Stream.of(
            "payment-success",
            "payment-failed",
            "payment-pending",
            "refund-processed",
            "transfer-success",
            "subscription-renew")
        .map(name -> PaymentsTables.INTEGRATION.resolve(name + ".camel.yaml"))
        .toArray(Path[]::new);
  }

  /** Delivers an event to one route; the exchange tells how it went. */
  public Exchange deliver(
      String route, String json, Instant receivedAt, Consumer<Exchange> change) {
    return events.run(
        route,
        exchange -> {
          exchange.getMessage().setBody(json);
          Map<?, ?> event = parse(json);
          exchange.setVariable("endpoint", "payments");
          exchange.setVariable("eventId", EVENT_ID);
          exchange.setVariable("eventType", event.get("event"));
          exchange.setVariable("eventKey", event.get("event") + ":1");
          exchange.setVariable("receivedAt", receivedAt);
          exchange.setVariable("attempt", 1);
          exchange.setVariable("event", event);
          exchange.setVariable("idempotencyKey", EVENT_ID + "." + route);
          change.accept(exchange);
        });
  }

  public Exchange deliver(String route, String json, Instant receivedAt) {
    return deliver(route, json, receivedAt, exchange -> {});
  }

  public Exchange deliver(String route, String json, Consumer<Exchange> change) {
    return deliver(route, json, RECEIVED, change);
  }

  public Exchange deliver(String route, String json) {
    return deliver(route, json, RECEIVED);
  }

  /** The exchange, if it went well. */
  public static Exchange done(Exchange exchange) throws Exception {
    if (exchange.getException() != null) {
      throw exchange.getException();
    }
    return exchange;
  }

  private static Map<?, ?> parse(String json) {
    try {
      return Json.MAPPER.readValue(json, Map.class);
    } catch (JsonProcessingException e) {
      throw new AssertionError(json, e);
    }
  }

  @Override
  public void close() {
    context.stop();
  }
}

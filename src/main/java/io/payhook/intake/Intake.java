package io.payhook.intake;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.payhook.journal.Journal;
import io.payhook.journal.Recipients;
import io.payhook.journal.Rejections;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From the HTTP request to the commit. The route file {@code intake.camel.yaml} names these beans:
 * {@code signature} (verify), {@code journal} (keep once) and {@code reply} (answer). Nothing of
 * the request becomes a header of the message, and nothing of the message one of the answer.
 */
public final class Intake {
  private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

  private final Edge edge;
  private final Endpoints endpoints;
  private final Map<String, Object> beans;

  /**
   * @param maxBody bytes
   * @param maxInFlight requests at a time; more are answered 503
   * @param recipients the routes that want an event
   * @param publicUrl the address that platforms know this server by, where it is another one
   */
  public Intake(
      Endpoints endpoints,
      Journal journal,
      Rejections rejections,
      Recipients recipients,
      long maxBody,
      int maxInFlight,
      @Nullable URI publicUrl,
      MeterRegistry registry) {
    this.endpoints = endpoints;
    this.edge = new Edge(endpoints, maxBody, maxInFlight, journal::available);
    IntakeMeters meters = new IntakeMeters(registry);
    this.beans =
        Map.of(
            "signature",
            new SignatureProcessor(endpoints, rejections, meters, publicUrl),
            "journal",
            new JournalRepository(journal, recipients, meters),
            "reply",
            (Processor) Intake::reply,
            "payhookKeepOnce",
            new KeepOnce.Strategy(),
            PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME,
            new IntakeConsumer.Engine(),
            "payhookHttpServer",
            new IntakeServer.Factory(edge));
    Gauge.builder("payhook.intake.in.flight", edge, Edge::inFlight)
        .description("Requests that are being served now")
        .register(registry);
  }

  /**
   * What the Camel context must know, by name, before it is initialised: the HTTP server is made
   * then.
   */
  public Map<String, Object> beans() {
    return beans;
  }

  public Endpoints endpoints() {
    return endpoints;
  }

  /** Takes requests from now on. */
  public void open() {
    edge.open();
  }

  /** Whether requests are taken. */
  public boolean isOpen() {
    return edge.isOpen();
  }

  /** Ends what {@link #hold} began. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Holds back new requests, unanswered, and returns when those in flight are answered: the moment
   * in which the intake route can be replaced. When this is closed, the held ones are served.
   *
   * @param atMost how long to wait for those in flight
   */
  public Hold hold(Duration atMost) throws InterruptedException {
    edge.hold();
    try {
      long end = System.nanoTime() + atMost.toNanos();
      while (!edge.idle() && System.nanoTime() < end) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
    } catch (InterruptedException e) {
      edge.letGo();
      throw e;
    }
    return edge::letGo;
  }

  /** Answers new requests 503 and waits until those in flight are answered. */
  public void drain(Duration atMost) throws InterruptedException {
    edge.shut();
    long end = System.nanoTime() + atMost.toNanos();
    while (edge.inFlight() > 0 && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /**
   * The last step of the intake route, and its error handler: 200 once the event is kept, whatever
   * failed afterwards; else 503.
   */
  private static void reply(Exchange exchange) {
    Reception reception = Reception.of(exchange);
    Answer.of(reception).write(exchange);
    if (reception != null && reception.receipt != null) {
      return;
    }
    Exception cause = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class);
    if (cause != null && !(cause instanceof JournalRepository.Unavailable)) {
      LOG.error(
          "The intake route failed before the event was kept; the sender is asked to try again (503).",
          cause);
    } else if (cause == null) {
      LOG.error(
          "The intake route ended without keeping the event; it needs an idempotentConsumer over the bean 'journal'. The sender is"
              + " asked to try again (503).");
    }
  }
}

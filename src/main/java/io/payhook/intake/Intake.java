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
 * {@code signature} (verify), {@code journal} (store once) and {@code reply} (answer). No header of
 * the request becomes a header of the message, and no header of the message one of the answer.
 */
public final class Intake {
  private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

  private final Edge edge;
  private final IntakeServer.Factory servers;
  private final Endpoints endpoints;
  private final Map<String, Object> beans;

  /**
   * @param recipients the routes that want an event
   * @param publicUrl the public base URL of this server, if it is configured
   */
  public Intake(
      Endpoints endpoints,
      Journal journal,
      Rejections rejections,
      Recipients recipients,
      Limits limits,
      @Nullable URI publicUrl,
      MeterRegistry registry) {
    this.endpoints = endpoints;
    IntakeMeters meters = new IntakeMeters(registry);
    Refusals refusals = new Refusals(rejections, meters);
    this.edge =
        new Edge(endpoints, limits, journal::available, refusals, new Shed(rejections, registry));
    this.servers = new IntakeServer.Factory(edge);
    this.beans =
        Map.of(
            "signature",
            new SignatureProcessor(endpoints, refusals, publicUrl),
            "journal",
            new JournalRepository(journal, recipients, meters),
            "reply",
            (Processor) Intake::reply,
            "payhookKeepOnce",
            new KeepOnce.Strategy(),
            PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME,
            new IntakeConsumer.Engine(servers, new LargeBodies(limits.parsing())),
            "payhookHttpServer",
            servers);
    Gauge.builder("payhook.intake.in.flight", edge, Edge::inFlight)
        .description("Requests in flight")
        .register(registry);
    Gauge.builder("payhook.intake.bytes.in.flight", edge, Edge::bytesHeld)
        .description("Bytes of request bodies in memory")
        .register(registry);
    Gauge.builder("payhook.intake.connections", edge, Edge::connectionsOpen)
        .description("Open connections")
        .register(registry);
  }

  /**
   * The beans that the Camel context must know, by name, before it is initialised, which creates
   * the HTTP server.
   */
  public Map<String, Object> beans() {
    return beans;
  }

  public Endpoints endpoints() {
    return endpoints;
  }

  /**
   * Opens the port and accepts requests from now on.
   *
   * @throws PortException if the port cannot be opened
   */
  public void open() throws InterruptedException, PortException {
    edge.open();
    servers.server().listen();
  }

  /** The open port. */
  public int port() {
    return servers.server().getPort();
  }

  /**
   * Still accepts requests for a while, so that load balancers notice that this node is leaving.
   */
  public void leave(Duration time) throws InterruptedException {
    edge.leave();
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
  }

  /** Whether requests are accepted, with no shutdown under way. */
  public boolean isOpen() {
    return edge.isOpen();
  }

  /** Ends what {@link #hold} began. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Holds new requests, unanswered, and returns when those in flight have been answered: the moment
   * in which the intake route can be replaced. When the result is closed, the held requests are
   * served.
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

  /**
   * Answers new requests 503, waits until those in flight are answered, and closes the port.
   *
   * @param atMost how long to wait
   */
  public void drain(Duration atMost) throws InterruptedException {
    edge.shut();
    long end = System.nanoTime() + atMost.toNanos();
    while (edge.inFlight() > 0 && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    servers.server().stopServer();
  }

  /**
   * The last step of the intake route, and its error handler: 200 once the event is stored,
   * whatever failed afterwards; otherwise 503.
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
          "The intake route failed before the event was stored; the sender is asked to try again (503).",
          cause);
    } else if (cause == null) {
      LOG.error(
          "The intake route ended without storing the event; it needs an idempotentConsumer"
              + " over the bean 'journal'. The sender is asked to try again (503).");
    }
  }
}

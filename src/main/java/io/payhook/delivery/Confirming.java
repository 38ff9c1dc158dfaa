package io.payhook.delivery;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.payhook.journal.Claim;
import io.payhook.journal.Deliveries;
import io.payhook.journal.Settlement;
import io.payhook.journal.StoredEvent;
import io.payhook.signature.Confirmation;
import io.payhook.signature.RawRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a provider's own API whether an event is true. Only then do its routes get their deliveries,
 * in the commit that settles this one. An event that the provider contradicts becomes a conflict
 * and has no effect.
 */
final class Confirming implements Work {
  private static final Logger LOG = LoggerFactory.getLogger(Confirming.class);

  /** A platform's API may know of a payment slightly later than its webhook reports it. */
  private static final int TRIES_UNTIL_UNKNOWN = 3;

  private final String endpoint;
  private final Deliveries deliveries;
  private final BiFunction<String, String, List<Deliveries.Wanting>> wanting;
  private final Consumer<List<Deliveries.Wanting>> announce;
  private final Clock clock;
  private final MeterRegistry meters;
  private final ProviderApi api;
  private volatile Map<String, Confirmation> confirmations;

  /**
   * @param confirmations by the preset that accepted the event; at least one
   * @param wanting the routes that want an event, by endpoint and type
   * @param announce notified of the routes whose deliveries have just been inserted
   */
  Confirming(
      String endpoint,
      Map<String, Confirmation> confirmations,
      ProviderApi api,
      Deliveries deliveries,
      BiFunction<String, String, List<Deliveries.Wanting>> wanting,
      Consumer<List<Deliveries.Wanting>> announce,
      Clock clock,
      MeterRegistry meters) {
    this.endpoint = endpoint;
    this.confirmations = Map.copyOf(confirmations);
    this.api = api;
    this.deliveries = deliveries;
    this.wanting = wanting;
    this.announce = announce;
    this.clock = clock;
    this.meters = meters;
  }

  /**
   * How events of a preset are confirmed; null if they need no confirmation.
   *
   * @param provider null if the endpoint has only one preset
   */
  @Nullable Confirmation confirmation(@Nullable String provider) {
    Map<String, Confirmation> now = confirmations;
    return provider == null ? now.values().iterator().next() : now.get(provider);
  }

  void change(Map<String, Confirmation> now) {
    confirmations = Map.copyOf(now);
  }

  @Override
  public boolean settles() {
    return true;
  }

  @Override
  public @Nullable Exception run(Claim claim, @Nullable Object parsed) {
    Instant startedAt = clock.instant();
    long start = System.nanoTime();
    StoredEvent event = claim.event();
    Confirmation now = confirmation(event.provider());
    try {
      if (now == null || !now.asksAbout(event.type())) {
        // No event is delivered unconfirmed unless the endpoint allows it for the type.
        throw new IllegalArgumentException(
            "events of type "
                + event.type()
                + " are neither in confirm.types nor in confirm.free, so nobody can say whether it is"
                + " true; add the type to one of them, then replay this delivery");
      }
      Confirmation.Kept kept =
          new Confirmation.Kept(
              event.type(),
              event.contentType(),
              event.body(),
              now.readsHeaders() ? headers(event) : List.of());
      ProviderApi.Answer answer = api.ask(now, kept);
      int status = answer.status();
      Confirmation.Finding finding;
      if (status / 100 == 2) {
        finding = now.judge(kept, answer.body());
      } else if ((status == 404 || status == 410) && claim.tries() >= TRIES_UNTIL_UNKNOWN) {
        finding =
            new Confirmation.Finding(
                Confirmation.Meaning.CONTRADICTED,
                "the provider knows nothing of it (HTTP " + status + ")",
                null);
      } else if (status == 404 || status == 410) {
        throw new IOException("HTTP " + status + " from " + answer.from());
      } else {
        throw new HttpOperationFailedException(
            answer.from(), status, "", null, retryAfter(answer), "");
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      return switch (finding.meaning()) {
        case PENDING, UNREADABLE -> {
          count("pending");
          yield new IOException(finding.reason());
        }
        case CONFIRMED -> confirmed(claim, finding, answer.body(), startedAt, took);
        case CONTRADICTED -> contradicted(claim, finding.reason(), startedAt, took);
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return e;
    } catch (IOException | SQLException | RuntimeException | HttpOperationFailedException e) {
      return e;
    }
  }

  private List<RawRequest.Header> headers(StoredEvent event) throws SQLException {
    return deliveries.headers(event.id()).stream()
        .map(header -> new RawRequest.Header(header.name(), header.value()))
        .toList();
  }

  private static Map<String, String> retryAfter(ProviderApi.Answer answer) {
    String value = answer.retryAfter();
    return value == null ? Map.of() : Map.of("Retry-After", value);
  }

  private @Nullable Exception confirmed(
      Claim claim, Confirmation.Finding finding, byte[] answer, Instant startedAt, Duration took)
      throws SQLException {
    Confirmation.Confirmed said = Objects.requireNonNull(finding.confirmed());
    StoredEvent event = claim.event();
    List<Deliveries.Wanting> routes =
        wanting.apply(event.endpoint(), said.type() == null ? event.type() : said.type());
    Deliveries.Outcome outcome =
        deliveries.confirmed(
            Settlement.done(claim, startedAt, took),
            new Deliveries.Confirmed(
                said.type(),
                said.key(),
                said.entity(),
                said.amount(),
                said.currency(),
                new String(answer, StandardCharsets.UTF_8)),
            routes);
    return switch (outcome) {
      case LOST -> new Attempts.LeaseLostException();
      case DUPLICATE -> {
        count("duplicate");
        yield null;
      }
      case CONFIRMED -> {
        count("confirmed");
        announce.accept(routes);
        yield null;
      }
    };
  }

  private @Nullable Exception contradicted(
      Claim claim, String reason, Instant startedAt, Duration took) throws SQLException {
    if (!deliveries.contradicted(
        new Settlement(
            claim,
            Settlement.Outcome.SKIPPED,
            startedAt,
            took,
            Duration.ZERO,
            "CONFLICT",
            reason))) {
      return new Attempts.LeaseLostException();
    }
    count("conflict");
    LOG.error(
        "CONFLICT: event {} ({} {}) is not as its provider says: {}. No route runs for it; look at the payment at the provider. To"
            + " ask again: payhook replay {} --route {}",
        claim.event().id(),
        claim.event().endpoint(),
        claim.event().type(),
        reason,
        claim.event().id(),
        claim.route(),
        claim.event().id());
    return null;
  }

  private void count(String outcome) {
    Counter.builder("payhook.confirmations")
        .description("Answers of providers' APIs about events, by what they meant")
        .tag("endpoint", endpoint)
        .tag("outcome", outcome)
        .register(meters)
        .increment();
  }
}

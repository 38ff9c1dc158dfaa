package io.payhook.intake;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.payhook.journal.Rejections;
import io.payhook.kit.PlainText;
import io.vertx.core.http.HttpServerRequest;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports requests that are turned away before any route: counts them, samples them among the
 * rejections, and warns at most once a minute per reason. Whoever asks why nothing arrives finds
 * the answer here.
 */
final class Shed {
  private static final Logger LOG = LoggerFactory.getLogger(Shed.class);
  private static final long WARN_EVERY_NANOS = 60_000_000_000L;

  private static final int LONGEST_PATH = 100;

  /** The category of a rejection by the edge. */
  private static final String CATEGORY = "SHED";

  /** Why a request is not served. */
  enum Reason {
    BAD_REQUEST("are not HTTP as webhooks use it (400)"),
    NO_SUCH_ENDPOINT("name no endpoint (404)"),
    METHOD("use a method that the endpoint does not accept (405)"),
    TOO_LARGE("have a body larger than payhook.intake.max-body (413)"),
    EXPECTATION("expect something other than 100-continue (417)"),
    TOO_SLOW("did not arrive completely within payhook.intake.body-timeout (408)"),
    TOO_MANY("exceed payhook.intake.unsigned-rate, the rate limit of an unsigned endpoint (429)"),
    NO_ROOM("arrived while payhook.intake.bytes-in-flight was exhausted (503)"),
    BUSY("arrived while payhook.intake.workers and payhook.intake.queue were full (503)"),
    CONNECTIONS("lost their connection to newer ones (payhook.intake.connections)"),
    JOURNAL("arrived while the journal did not commit (503)"),
    NOT_SERVING("arrived while the service was starting or stopping (503)"),
    FAILED("could not be served in time (503)");

    final String told;

    Reason(String told) {
      this.told = told;
    }

    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** The state of one reason. */
  private static final class Tally {
    final Counter counter;
    long untold;
    long toldAt;
    boolean told;
    @Nullable String latest;

    Tally(Counter counter) {
      this.counter = counter;
    }

    synchronized void add() {
      counter.increment();
      untold++;
    }

    synchronized void note(String detail) {
      latest = detail;
    }

    synchronized void tell(Reason reason) {
      long now = System.nanoTime();
      if (untold == 0 || (told && now - toldAt < WARN_EVERY_NANOS)) {
        return;
      }
      LOG.warn(
          "{} requests {}{}. They are counted in payhook_intake_shed_total{reason=\"{}\"}; some are among the rejections.",
          untold,
          reason.told,
          latest == null ? "" : ", the latest of them: " + latest,
          reason.word());
      untold = 0;
      toldAt = now;
      told = true;
      latest = null;
    }
  }

  private final Rejections rejections;
  private final Map<Reason, Tally> tallies = new EnumMap<>(Reason.class);

  Shed(Rejections rejections, MeterRegistry registry) {
    this.rejections = rejections;
    for (Reason reason : Reason.values()) {
      tallies.put(
          reason,
          new Tally(
              Counter.builder("payhook.intake.shed")
                  .description("Requests that were turned away before any route, by reason")
                  .tag("reason", reason.word())
                  .register(registry)));
    }
  }

  /**
   * Adds one. A wrong address is recorded with the endpoint it was probably meant for.
   *
   * @param endpoint null if there is none
   * @param names of all endpoints
   */
  void turned(
      HttpServerRequest request,
      @Nullable ActiveEndpoint endpoint,
      Set<String> names,
      Turned turned) {
    boolean lost = turned.reason() == Reason.NO_SUCH_ENDPOINT;
    String near = lost ? NearEndpoint.of(request.path(), names) : null;
    if (endpoint != null) {
      count(
          turned.reason(),
          endpoint.name(),
          () -> rejection(endpoint.name(), endpoint.credentialHeaders(), request, turned));
    } else if (near != null) {
      String asked = request.path().substring(0, Math.min(LONGEST_PATH, request.path().length()));
      Turned told = Turned.notFound(PlainText.of(asked), "/webhooks/" + near);
      count(turned.reason(), near, () -> rejection(near, List.of(), request, told));
    } else {
      count(turned.reason());
    }
  }

  private static Rejections.Rejection rejection(
      String endpoint, List<String> secrets, HttpServerRequest request, Turned turned) {
    return new Rejections.Rejection(
        endpoint,
        CATEGORY,
        turned.reason().word(),
        turned.detail(),
        Refusals.remote(request),
        Credentials.masked(Turned.headers(request), secrets),
        Turned.size(request),
        "",
        null);
  }

  /**
   * Adds one.
   *
   * @param rejection the record, in case it is among the few that are kept; its detail is logged
   *     too
   */
  private void count(Reason reason, String endpoint, Supplier<Rejections.Rejection> rejection) {
    Tally tally = tally(reason);
    tally.add();
    rejections.record(
        endpoint,
        reason.word(),
        () -> {
          Rejections.Rejection kept = rejection.get();
          tally.note("endpoint " + endpoint + ": " + kept.detail());
          return kept;
        });
  }

  /** Adds one of which nothing else is known. */
  void count(Reason reason) {
    tally(reason).add();
  }

  private Tally tally(Reason reason) {
    return Objects.requireNonNull(tallies.get(reason));
  }

  /** Warns of what has arrived since the last time; called periodically. */
  void tell() {
    tallies.forEach((reason, tally) -> tally.tell(reason));
  }
}

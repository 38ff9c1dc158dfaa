package io.payhook.delivery;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The circuit breakers of all systems that deliveries talk to, one for each {@code host:port}. */
public final class Breakers {
  private static final Duration FIRST = Duration.ofSeconds(5);
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final Clock clock;
  private final MeterRegistry meters;
  private final Duration first;
  private final Duration longest;
  private final Map<String, Breaker> byTarget = new ConcurrentHashMap<>();

  /**
   * With the default waits: 5 s until the first probe, doubled after each failed probe, up to 60 s.
   */
  public Breakers(Clock clock, MeterRegistry meters) {
    this(clock, meters, FIRST, LONGEST);
  }

  /**
   * With custom waits.
   *
   * @param first wait before the first probe
   * @param longest maximum wait, after repeated failed probes
   */
  public Breakers(Clock clock, MeterRegistry meters, Duration first, Duration longest) {
    this.clock = clock;
    this.meters = meters;
    this.first = first;
    this.longest = longest;
  }

  /**
   * The breaker of a target, shared by all callers.
   *
   * @param target {@code host:port}
   */
  public Breaker of(String target) {
    return byTarget.computeIfAbsent(target, this::make);
  }

  /**
   * The breaker of an HTTP server.
   *
   * @param port 0 or less for the scheme's default port
   */
  public Breaker of(String scheme, String host, int port) {
    return of(host + ":" + (port > 0 ? port : scheme.equals("https") ? 443 : 80));
  }

  private Breaker make(String target) {
    Breaker breaker = new Breaker(target, clock, first, longest);
    Gauge.builder("payhook.target.available", breaker, b -> b.available() ? 1 : 0)
        .description("Circuit breaker of a target: 1 closed, 0 open")
        .tag("target", target)
        .register(meters);
    return breaker;
  }
}

package io.payhook.intake;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts requests by endpoint and answer. Only existing endpoints become a tag, so that outsiders
 * cannot create new ones.
 */
final class IntakeMeters {
  private final MeterRegistry registry;
  private final Map<String, Counter> counters = new ConcurrentHashMap<>();

  IntakeMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  void accepted(String endpoint, String status, String secret) {
    counters
        .computeIfAbsent(
            endpoint + '/' + status + '/' + secret,
            key ->
                Counter.builder("payhook.intake.events")
                    .description(
                        "Authentic events by endpoint, outcome and the secret that matched")
                    .tag("endpoint", endpoint)
                    .tag("status", status)
                    .tag("secret", secret)
                    .register(registry))
        .increment();
  }

  void rejected(String endpoint, String category, String reason) {
    counters
        .computeIfAbsent(
            endpoint + '!' + reason,
            key ->
                Counter.builder("payhook.intake.rejections")
                    .description("Rejected requests by endpoint and reason")
                    .tag("endpoint", endpoint)
                    .tag("category", category)
                    .tag("reason", reason)
                    .register(registry))
        .increment();
  }
}

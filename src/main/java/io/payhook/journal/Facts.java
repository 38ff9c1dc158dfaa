package io.payhook.journal;

import io.payhook.kit.Currencies;
import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the preset reads off an event; null if unknown.
 *
 * @param entity what the event is about, such as the payment; {@code ordered} keeps its events in
 *     order
 * @param occurredAt when it happened, according to the platform
 * @param amount in the currency's major unit, with its number of decimals
 * @param currency ISO 4217 letters
 * @param origin how the event arrived: {@link #WEBHOOK}, {@code reconciled} or {@code own}
 */
public record Facts(
    @Nullable String entity,
    @Nullable Instant occurredAt,
    @Nullable BigDecimal amount,
    @Nullable String currency,
    String origin) {

  /** An amount always has its currency's number of decimals: 5000 naira are 5000.00. */
  public Facts {
    amount = amount == null ? null : Currencies.normal(amount, currency);
  }

  /** Sent by the platform. */
  public static final String WEBHOOK = "webhook";

  /** For an event of which nothing is known. */
  public static final Facts NONE = new Facts(null, null, null, null, WEBHOOK);
}

package io.payhook.effects;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * What the bundled kamelets need from outside.
 *
 * @param mail sends the e-mails: an {@link SmtpSender} or the {@link MailStandIn}; closed with the
 *     context
 * @param crmToken the bearer token of {@code crm-sink}; null or blank: none is sent
 * @param clock dates the e-mails
 * @param meters takes what is measured of the targets
 */
public record EffectsConfig(
    MailSender mail, @Nullable String crmToken, Clock clock, MeterRegistry meters) {

  /** Without anything that takes measurements. */
  public EffectsConfig(MailSender mail, @Nullable String crmToken, Clock clock) {
    this(mail, crmToken, clock, new CompositeMeterRegistry());
  }

  @Override
  public String toString() {
    return "EffectsConfig[mail=" + mail.getClass().getSimpleName() + "]";
  }
}

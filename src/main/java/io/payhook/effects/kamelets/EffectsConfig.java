package io.payhook.effects.kamelets;

import io.payhook.delivery.Breakers;
import io.payhook.effects.mail.MailSender;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.effects.mail.SmtpSender;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * What the bundled kamelets need from outside.
 *
 * @param mail sends the e-mails: an {@link SmtpSender} or the {@link MailStandIn}; closed with the
 *     context
 * @param crmToken the bearer token of {@code crm-sink}; null or blank: none is sent
 * @param clock dates the e-mails
 * @param breakers circuit breakers of the targets
 */
public record EffectsConfig(
    MailSender mail, @Nullable String crmToken, Clock clock, Breakers breakers) {
  @Override
  public String toString() {
    return "EffectsConfig[mail=" + mail.getClass().getSimpleName() + "]";
  }
}

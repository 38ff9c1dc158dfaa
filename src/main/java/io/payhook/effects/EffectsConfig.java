package io.payhook.effects;

import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * What the bundled kamelets need from outside.
 *
 * @param mail sends the e-mails: an {@link SmtpSender} or the {@link MailStandIn}; closed with the
 *     context
 * @param crmToken the bearer token of {@code crm-sink}; null or blank: none is sent
 * @param clock dates the e-mails
 */
public record EffectsConfig(MailSender mail, @Nullable String crmToken, Clock clock) {
  @Override
  public String toString() {
    return "EffectsConfig[mail=" + mail.getClass().getSimpleName() + "]";
  }
}

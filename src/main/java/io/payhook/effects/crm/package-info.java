/**
 * The kamelet {@code crm-sink}: HTTP calls with JSON made of templates.
 *
 * <p>The kamelet needs {@link io.payhook.effects.crm.CrmSink}, its first step, and {@link
 * io.payhook.effects.crm.CrmClient} (bean {@code payhookCrmClient}), which configures the HTTP
 * client. {@link io.payhook.effects.crm.WholeAnswers} limits every other HTTP call of a route as
 * well.
 */
@NullMarked
package io.payhook.effects.crm;

import org.jspecify.annotations.NullMarked;

/**
 * What all effects share. A kamelet with an effect is built on six classes:
 *
 * <ul>
 *   <li>{@link io.payhook.effects.Sink}: base of its first step, which builds the message
 *   <li>{@link io.payhook.effects.RouteText}: a parameter in which {@code ${…}} is a value of the
 *       exchange, kept apart from the route's own text
 *   <li>{@link io.payhook.effects.Callers}: the route that calls it, to whose folder paths are
 *       relative
 *   <li>{@link io.payhook.effects.CallKey}: the key of one call, the same at every attempt
 *   <li>{@link io.payhook.effects.Undertaking}: sets the route's message aside during the call
 *   <li>{@link io.payhook.effects.EffectException}: the event, or a file, makes the effect
 *       impossible
 * </ul>
 *
 * <p>The rooms are {@link io.payhook.effects.sql}, {@link io.payhook.effects.mail}, {@link
 * io.payhook.effects.crm} and {@link io.payhook.effects.template}; only {@link
 * io.payhook.effects.kamelets} knows all of them.
 */
@NullMarked
package io.payhook.effects;

import org.jspecify.annotations.NullMarked;

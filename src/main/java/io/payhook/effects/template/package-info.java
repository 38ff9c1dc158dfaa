/**
 * Pebble templates of e-mails and of JSON, with filters for money, times and JSON.
 *
 * <p>A kamelet needs {@link io.payhook.effects.template.Templates} alone, which {@link
 * io.payhook.effects.Sink} gives it.
 */
@NullMarked
package io.payhook.effects.template;

import org.jspecify.annotations.NullMarked;

/**
 * What the bundled kamelets are built on: SQL statements from files, templates, mail senders and
 * the CRM client, with their stand-ins. {@link io.payhook.effects.Effects} binds all of it.
 */
@NullMarked
package io.payhook.effects;

import org.jspecify.annotations.NullMarked;

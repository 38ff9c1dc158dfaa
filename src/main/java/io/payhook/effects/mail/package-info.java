/**
 * The kamelet {@code email-sink}: e-mails made of templates, sent over SMTP or written to files.
 *
 * <p>The kamelet needs {@link io.payhook.effects.mail.EmailSink}, its first step, and a {@link
 * io.payhook.effects.mail.MailSender} (bean {@code payhookMailSender}), which sends the e-mail.
 */
@NullMarked
package io.payhook.effects.mail;

import org.jspecify.annotations.NullMarked;

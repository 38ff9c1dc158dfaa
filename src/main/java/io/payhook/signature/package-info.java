/**
 * Who sent this, and what does it say: the verifier, and the presets it works from.
 *
 * <p>Knows neither Camel nor files nor the database. A {@link io.payhook.signature.Provider} is
 * data; a {@link io.payhook.signature.Verifier} turns a {@link io.payhook.signature.RawRequest}
 * into a {@link io.payhook.signature.VerifiedEvent}, and nothing else makes one.
 *
 * <p>A preset is read as its YAML is written: {@link io.payhook.signature.Setting} is the table of
 * all settings, and each section of the file has a class that parses, checks and uses it ({@code
 * SignatureSection}, {@code TimestampSection}, {@code EventSection}, {@code HandshakeSection}, and
 * {@link io.payhook.signature.Confirmation} for {@code confirm}). {@code Plan} holds them together;
 * {@code Template} is the little language of their places.
 */
@NullMarked
package io.payhook.signature;

import org.jspecify.annotations.NullMarked;

/**
 * Who sent this, and what does it say: the verifier, and the presets it works from.
 *
 * <p>Knows neither Camel nor files nor the database. A {@link io.payhook.signature.Provider} is
 * data; a {@link io.payhook.signature.Verifier} turns a {@link io.payhook.signature.RawRequest}
 * into a {@link io.payhook.signature.VerifiedEvent}, and nothing else makes one.
 */
@NullMarked
package io.payhook.signature;

import org.jspecify.annotations.NullMarked;

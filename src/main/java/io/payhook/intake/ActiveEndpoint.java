package io.payhook.intake;

import io.payhook.signature.Provider;
import io.payhook.signature.Verifier;

/** An endpoint that takes requests now. */
public record ActiveEndpoint(String name, Provider provider, Verifier verifier) {}

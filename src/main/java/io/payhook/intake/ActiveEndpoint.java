package io.payhook.intake;

import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import java.util.List;

/** An endpoint that takes requests now. */
public record ActiveEndpoint(
    String name, Provider provider, List<Secret> secrets, Verifier verifier) {}

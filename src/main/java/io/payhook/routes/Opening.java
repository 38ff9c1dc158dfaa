package io.payhook.routes;

import io.payhook.intake.ActiveEndpoint;
import io.payhook.kit.Nearest;
import io.payhook.signature.Certificates;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import io.payhook.signature.Verifiers;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;

/** Makes the endpoints that files declare ready for requests; fails closed. */
record Opening(Providers presets, Clock clock, Certificates certificates) {

  Opening with(Providers others) {
    return new Opening(others, clock, certificates);
  }

  /** The endpoints of a file, by name, with the placeholders' values of a context. */
  Map<String, ActiveEndpoint> of(Made made, CamelContext in) {
    Map<String, ActiveEndpoint> active = new LinkedHashMap<>();
    made.endpoints(in).forEach((name, declared) -> active.put(name, open(declared)));
    return active;
  }

  /** A verifier of what a file says; there is none without a secret. */
  private ActiveEndpoint open(DeclaredEndpoint declared) {
    String name = declared.name();
    if (declared.presets().isEmpty()) {
      throw new IllegalArgumentException(
          "endpoint "
              + name
              + " has no provider; 'provider: echezona' would be one, see 'payhook providers'");
    }
    for (String preset : declared.presets()) {
      if (presets.find(preset).isEmpty()) {
        throw new IllegalArgumentException(
            "endpoint %s: there is no preset '%s'%s; 'payhook providers' lists them"
                .formatted(name, preset, Nearest.didYouMean(preset, presets.names())));
      }
    }
    try {
      List<Provider> resolved = declared.resolve(presets);
      List<Secret> secrets = declared.parsedSecrets();
      List<Verifier> verifiers = new ArrayList<>();
      for (Provider provider : resolved) {
        // Events that must be confirmed need the key of the platform's API.
        provider.confirmation();
        verifiers.add(new Verifier(provider, secrets, clock, certificates));
      }
      return new ActiveEndpoint(name, resolved, secrets, new Verifiers(verifiers));
    } catch (ProviderException | IllegalArgumentException e) {
      throw new IllegalArgumentException("endpoint " + name + ": " + e.getMessage(), e);
    }
  }
}

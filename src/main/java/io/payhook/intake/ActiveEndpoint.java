package io.payhook.intake;

import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifiers;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An endpoint that takes requests now.
 *
 * @param providers one, or several that the platform sends to one URL, in the order in which they
 *     are tried
 */
public record ActiveEndpoint(
    String name, List<Provider> providers, List<Secret> secrets, Verifiers verifier) {

  /** The names of its presets, for people. */
  public String providerNames() {
    return providers.stream().map(Provider::name).collect(Collectors.joining(", "));
  }

  /** Whether anybody can send it events. */
  public boolean isUnsigned() {
    return providers.stream().anyMatch(Provider::isUnsigned);
  }

  /** The request methods it takes. */
  Set<String> methods() {
    Set<String> methods = new LinkedHashSet<>();
    providers.forEach(provider -> methods.addAll(provider.methods()));
    return methods;
  }

  /** Names of the headers that hold a secret itself. */
  List<String> credentialHeaders() {
    return providers.stream().flatMap(each -> each.credentialHeaders().stream()).toList();
  }

  /** Query parameters whose value is a secret, in any case. */
  List<String> credentialParameters() {
    return providers.stream().flatMap(each -> each.credentialParameter().stream()).toList();
  }
}

package io.payhook.intake;

import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifiers;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An endpoint that accepts requests.
 *
 * @param providers one, or several whose webhooks the platform sends to one URL, in the order in
 *     which they are tried
 */
public record ActiveEndpoint(
    String name, List<Provider> providers, List<Secret> secrets, Verifiers verifier) {

  /** The names of its presets, for messages. */
  public String providerNames() {
    return providers.stream().map(Provider::name).collect(Collectors.joining(", "));
  }

  /** Whether anyone can send it events. */
  public boolean isUnsigned() {
    return providers.stream().anyMatch(Provider::isUnsigned);
  }

  /** The request methods it accepts. */
  Set<String> methods() {
    Set<String> methods = new LinkedHashSet<>();
    providers.forEach(provider -> methods.addAll(provider.methods()));
    return methods;
  }

  /** Names of the headers that contain a secret itself. */
  List<String> credentialHeaders() {
    return providers.stream().flatMap(each -> each.credentialHeaders().stream()).toList();
  }

  /** Query parameters whose value is a secret, in any upper or lower case. */
  List<String> credentialParameters() {
    return providers.stream().flatMap(each -> each.credentialParameter().stream()).toList();
  }
}

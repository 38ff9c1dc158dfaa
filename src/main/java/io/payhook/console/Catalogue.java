package io.payhook.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The configuration of this node as shown by the management API. Evaluated at each request. */
public interface Catalogue {
  /**
   * An active endpoint.
   *
   * @param url path of its URL, such as {@code /webhooks/payments}
   * @param secrets labels of its secrets, never the secrets
   * @param warning what people should know, such as that nothing is verified, or null
   */
  record EndpointEntry(
      String name, String provider, String url, List<String> secrets, @Nullable String warning) {}

  /** A preset. */
  record ProviderEntry(String name, String title) {}

  List<EndpointEntry> endpoints();

  List<ProviderEntry> providers();
}

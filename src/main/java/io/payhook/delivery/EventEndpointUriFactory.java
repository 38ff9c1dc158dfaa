package io.payhook.delivery;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.camel.spi.EndpointUriFactory;
import org.apache.camel.support.component.EndpointUriFactorySupport;

/**
 * Builds the address for a route that says {@code uri: event} and gives endpoint and type as
 * parameters, as visual editors do. Camel finds it through {@code META-INF/services}.
 */
public final class EventEndpointUriFactory extends EndpointUriFactorySupport
    implements EndpointUriFactory {
  private static final Set<String> NAMES =
      Set.of(
          "endpoint",
          "type",
          "backoff",
          "concurrency",
          "maxAttempts",
          "ordered",
          "timeout",
          "transacted",
          "bridgeErrorHandler",
          "exceptionHandler",
          "exchangePattern");

  @Override
  public boolean isEnabled(String scheme) {
    return scheme.equals("event");
  }

  @Override
  public String buildUri(String scheme, Map<String, Object> properties, boolean encode) {
    Map<String, Object> left = new LinkedHashMap<>(properties);
    Object endpoint = left.remove("endpoint");
    Object type = left.remove("type");
    if (endpoint == null || type == null) {
      throw new IllegalArgumentException(
          "'event' needs 'endpoint:' and 'type:' under its parameters, or an address such as"
              + " event:payments/payment.success");
    }
    return buildQueryParameters(scheme + ":" + endpoint + "/" + type, left, encode);
  }

  @Override
  public Set<String> propertyNames() {
    return NAMES;
  }

  @Override
  public Set<String> secretPropertyNames() {
    return Set.of();
  }

  @Override
  public Map<String, String> multiValuePrefixes() {
    return Map.of();
  }

  @Override
  public boolean isLenientProperties() {
    return false;
  }
}

package io.payhook.effects;

import java.util.List;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client behind {@code crm-sink}. One attempt is one request: retries are the delivery's.
 * It keeps no cookies and follows no redirect, and it alone knows the token, which so never stands
 * in an exchange or a URI.
 */
final class CrmClient implements HttpClientConfigurer {
  private final @Nullable String token;

  CrmClient(@Nullable String token) {
    this.token = token;
  }

  @Override
  public void configureHttpClient(HttpClientBuilder builder) {
    builder.disableAutomaticRetries();
    builder.disableCookieManagement();
    builder.disableRedirectHandling();
    builder.disableAuthCaching();
    builder.setUserAgent("Payhook");
    if (token != null && !token.isBlank()) {
      builder.setDefaultHeaders(List.of(new BasicHeader("Authorization", "Bearer " + token, true)));
    }
  }
}

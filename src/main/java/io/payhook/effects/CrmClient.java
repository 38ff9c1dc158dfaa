package io.payhook.effects;

import io.payhook.delivery.Breaker;
import io.payhook.delivery.Breakers;
import java.io.IOException;
import java.util.List;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client behind {@code crm-sink}. One attempt is one request: retries are the delivery's.
 * It keeps no cookies and follows no redirect, and it alone knows the token, which so never stands
 * in an exchange or a URI. A target that does not answer is left alone for a while.
 */
final class CrmClient implements HttpClientConfigurer {
  private final @Nullable String token;
  private final Breakers breakers;

  CrmClient(@Nullable String token, Breakers breakers) {
    this.token = token;
    this.breakers = breakers;
  }

  @Override
  public void configureHttpClient(HttpClientBuilder builder) {
    builder.disableAutomaticRetries();
    builder.disableCookieManagement();
    builder.disableRedirectHandling();
    builder.disableAuthCaching();
    builder.setUserAgent("Payhook");
    builder.addExecInterceptorFirst("breaker", this::guarded);
    if (token != null && !token.isBlank()) {
      builder.setDefaultHeaders(List.of(new BasicHeader("Authorization", "Bearer " + token, true)));
    }
  }

  private ClassicHttpResponse guarded(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    HttpHost host = scope.route.getTargetHost();
    Breaker breaker = breakers.of(host.getSchemeName(), host.getHostName(), host.getPort());
    breaker.enter();
    try {
      ClassicHttpResponse response = chain.proceed(request, scope);
      breaker.answered(response.getCode());
      return response;
    } catch (ConnectionRequestTimeoutException e) {
      // All our own connections are in use, which says nothing of the target.
      breaker.left();
      throw e;
    } catch (IOException | HttpException | RuntimeException | Error e) {
      breaker.failed(e);
      throw e;
    }
  }
}

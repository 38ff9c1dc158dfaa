package io.payhook.effects.crm;

import io.payhook.delivery.Breaker;
import io.payhook.delivery.Breakers;
import io.payhook.effects.OneLine;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.message.BasicHeader;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client behind {@code crm-sink}. One attempt is one request: the delivery retries. It
 * keeps no cookies and follows no redirects, and it alone knows the token, which therefore never
 * appears in an exchange or a URI. The circuit breaker opens for a target that does not answer, and
 * for one that refuses the token or has moved: then no delivery can succeed, and none loses an
 * attempt.
 */
public final class CrmClient extends WholeAnswers {
  private final @Nullable String token;
  private final Breakers breakers;

  /** The call that last failed with a 500, by host. */
  private final Map<HttpHost, String> failing = new ConcurrentHashMap<>();

  public CrmClient(@Nullable String token, Breakers breakers) {
    super(LONGEST);
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
    super.configureHttpClient(builder);
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
    ClassicHttpResponse response;
    try {
      response = chain.proceed(request, scope);
    } catch (ConnectionRequestTimeoutException e) {
      // All our own connections are in use, which says nothing about the target.
      breaker.left();
      throw e;
    } catch (IOException | HttpException | RuntimeException | Error e) {
      breaker.failed(e);
      throw e;
    }
    String refusal = refusal(response);
    if (refusal != null) {
      throw breaker.refused(refusal);
    }
    tell(breaker, host, request.getMethod() + ' ' + request.getRequestUri(), response.getCode());
    return response;
  }

  /** A 500 that only one call gets, however often it is made, concerns that call. */
  private void tell(Breaker breaker, HttpHost host, String call, int status) {
    if (status == HttpStatus.SC_SERVER_ERROR && call.equals(failing.put(host, call))) {
      breaker.left();
    } else {
      breaker.answered(status);
    }
  }

  /** The problem with the account or the address, or null if the answer concerns this call. */
  private static @Nullable String refusal(ClassicHttpResponse response) {
    int status = response.getCode();
    if (status == HttpStatus.SC_UNAUTHORIZED) {
      return "refuses the token (HTTP 401); set payhook.crm.token to one that holds";
    }
    if (status == HttpStatus.SC_FORBIDDEN
        || status == HttpStatus.SC_PROXY_AUTHENTICATION_REQUIRED) {
      return """
          refuses this account (HTTP %s); give payhook.crm.token the right to do this, \
          or correct payhook.crm.url"""
          .formatted(status);
    }
    if (status / 100 == 3) {
      Header location = response.getFirstHeader(HttpHeaders.LOCATION);
      String target =
          location == null
              ? ""
              : ", which leads to "
                  + OneLine.of(location.getValue().replaceFirst("[?#].*", ""), 200);
      return """
          answers HTTP %s%s; redirects are not followed, so set payhook.crm.url to where the CRM is"""
          .formatted(status, target);
    }
    return null;
  }
}

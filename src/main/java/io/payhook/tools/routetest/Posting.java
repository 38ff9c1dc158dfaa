package io.payhook.tools.routetest;

import io.payhook.signature.RawRequest;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/** Makes requests for an HTTP client of what was signed. */
public final class Posting {
  private static final Set<String> SET_BY_CLIENT =
      Set.of("host", "content-length", "connection", "expect", "upgrade", "transfer-encoding");

  private Posting() {}

  /**
   * The request as its platform would send it.
   *
   * @param url where to, without the query, which is the request's own
   * @param patience how long to wait for the answer
   */
  public static HttpRequest of(String url, RawRequest signed, Duration patience) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + signed.query()))
            .timeout(patience)
            .method(signed.method(), HttpRequest.BodyPublishers.ofByteArray(signed.body()));
    for (RawRequest.Header header : signed.headers()) {
      if (!SET_BY_CLIENT.contains(header.name().toLowerCase(Locale.ROOT))) {
        request.header(header.name(), header.value());
      }
    }
    return request.build();
  }
}

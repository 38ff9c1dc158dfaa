package io.payhook.intake;

import io.payhook.delivery.LimitedBody;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Fetches a platform's certificate from where it is published. */
final class HttpsCertificates implements CertificateStore.Source {
  static final int LARGEST = 100_000;
  private static final Duration ALL = Duration.ofSeconds(5);
  private static final int TOO_MANY_REQUESTS = 429;

  private final Duration all;
  private @Nullable HttpClient client;

  HttpsCertificates() {
    this(ALL);
  }

  /**
   * @param all time limit for an answer, from resolving the host to the last byte
   */
  HttpsCertificates(Duration all) {
    this.all = all;
  }

  /** Most services never need one. */
  private synchronized HttpClient client() {
    if (client == null) {
      client =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(all)
              .followRedirects(HttpClient.Redirect.NEVER)
              .build();
    }
    return client;
  }

  @Override
  public byte[] get(URI url) throws IOException, CertificateException, InterruptedException {
    HttpResponse<byte[]> answer =
        whole(HttpRequest.newBuilder(url).timeout(all).header("User-Agent", "Payhook").build());
    int status = answer.statusCode();
    if (status >= 500 || status == TOO_MANY_REQUESTS) {
      throw new IOException("HTTP " + status);
    }
    if (status != 200) {
      throw new CertificateException("there is none: HTTP " + status);
    }
    if (answer.body().length > LARGEST) {
      throw new CertificateException("the file has more than " + LARGEST + " bytes");
    }
    return answer.body();
  }

  /** The time limit covers the whole answer; the client's own ends with the headers. */
  private HttpResponse<byte[]> whole(HttpRequest request) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client().sendAsync(request, head -> new LimitedBody(LARGEST + 1));
    try {
      return answer.get(all.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new HttpTimeoutException("no whole answer within " + all.toMillis() + " ms");
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? failure
          : new IOException(String.valueOf(e.getCause()), e.getCause());
    } finally {
      answer.cancel(true);
    }
  }
}

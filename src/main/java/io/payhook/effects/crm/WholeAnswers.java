package io.payhook.effects.crm;

import io.payhook.effects.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.zip.GZIPInputStream;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.concurrent.Cancellable;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/**
 * Limits every HTTP answer in size and time: it is read completely before anyone sees it. A wrong
 * address may lead to a file server, and a faulty remote system may send forever; neither may take
 * the memory or a lane of this process.
 */
public class WholeAnswers implements HttpClientConfigurer {
  /** Maximum size of an answer, uncompressed. */
  static final int LARGEST = 1 << 20;

  /** Maximum size of an error answer; people read its beginning. */
  private static final int LARGEST_OF_FAILURE = 16 << 10;

  public static final Duration LONGEST = Duration.ofSeconds(30);

  private final Duration longest;

  /**
   * @param longest timeout of a whole call, from the connection to the last byte
   */
  public WholeAnswers(Duration longest) {
    this.longest = longest;
  }

  @Override
  public void configureHttpClient(HttpClientBuilder builder) {
    builder.disableContentCompression();
    builder.addExecInterceptorFirst("whole", this::whole);
  }

  private ClassicHttpResponse whole(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    try (Deadline deadline = Deadline.of(longest, () -> abort(scope))) {
      try {
        ClassicHttpResponse response = chain.proceed(request, scope);
        HttpEntity entity = response.getEntity();
        if (entity != null) {
          response.setEntity(whole(response, entity, scope));
        }
        return response;
      } catch (IOException | RuntimeException e) {
        if (deadline.over()) {
          SocketTimeoutException late =
              new SocketTimeoutException(
                  "no whole answer from "
                      + scope.route.getTargetHost().toHostString()
                      + " in time; the connection was closed");
          late.initCause(e);
          throw late;
        }
        throw e;
      }
    }
  }

  private static void abort(ExecChain.Scope scope) {
    if (scope.originalRequest instanceof Cancellable call) {
      call.cancel();
    }
    scope.execRuntime.discardEndpoint();
  }

  private static HttpEntity whole(
      ClassicHttpResponse response, HttpEntity entity, ExecChain.Scope scope) throws IOException {
    boolean failure = response.getCode() >= HttpStatus.SC_REDIRECTION;
    int largest = failure ? LARGEST_OF_FAILURE : LARGEST;
    InputStream content = entity.getContent();
    String encoding = String.valueOf(entity.getContentEncoding());
    if (encoding.equalsIgnoreCase("gzip") || encoding.equalsIgnoreCase("x-gzip")) {
      // Nobody asked for compression, and Camel would unpack it without limit.
      content = new GZIPInputStream(content);
    }
    response.removeHeaders(HttpHeaders.CONTENT_ENCODING);
    byte[] bytes = content.readNBytes(largest + 1);
    if (bytes.length > largest) {
      // Not closed, because that would read the rest.
      scope.execRuntime.discardEndpoint();
      if (!failure) {
        throw new IOException(
            """
            %s answered HTTP %s with more than %s MB, more than an answer has; \
            look whether the address is right"""
                .formatted(
                    scope.route.getTargetHost().toHostString(), response.getCode(), LARGEST >> 20));
      }
    } else {
      content.close();
    }
    return new ByteArrayEntity(
        bytes,
        0,
        Math.min(bytes.length, largest),
        ContentType.parseLenient(entity.getContentType()));
  }
}

package io.payhook.delivery;

import io.payhook.signature.Confirmation;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The real API, over HTTP. */
final class HttpProviderApi implements ProviderApi {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final int LARGEST = 1_000_000;

  /** The shortest lifetime of a token, among the platforms that issue them, is five minutes. */
  private static final Duration TOKEN_KEPT = Duration.ofMinutes(4);

  private static final int UNAUTHORIZED = 401;

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final Breakers breakers;
  private final Map<Confirmation, Token> tokens = Collections.synchronizedMap(new WeakHashMap<>());

  private record Token(String text, long madeAt) {}

  HttpProviderApi(Breakers breakers) {
    this.breakers = breakers;
  }

  @Override
  public Answer ask(Confirmation confirmation, Confirmation.Kept event)
      throws IOException, InterruptedException {
    String token = token(confirmation);
    Answer answer = ask(confirmation.question(event, token));
    if (answer.status() == UNAUTHORIZED && token != null) {
      tokens.remove(confirmation);
      answer = ask(confirmation.question(event, token(confirmation)));
    }
    return answer;
  }

  private @Nullable String token(Confirmation confirmation)
      throws IOException, InterruptedException {
    Confirmation.Question question = confirmation.tokenQuestion();
    if (question == null) {
      return null;
    }
    Token known = tokens.get(confirmation);
    if (known != null && System.nanoTime() - known.madeAt < TOKEN_KEPT.toNanos()) {
      return known.text;
    }
    Answer answer = ask(question);
    if (answer.status() / 100 != 2) {
      throw new IOException(
          "HTTP " + answer.status() + " from " + answer.from() + ", which was asked for a token");
    }
    try {
      Token token = new Token(confirmation.token(answer.body()), System.nanoTime());
      tokens.put(confirmation, token);
      return token.text;
    } catch (IllegalArgumentException e) {
      throw new IOException(answer.from() + ": " + e.getMessage(), e);
    }
  }

  private Answer ask(Confirmation.Question question) throws IOException, InterruptedException {
    URI url = URI.create(question.url());
    byte[] body = question.body();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(ANSWER)
            .header("User-Agent", "Payhook")
            .method(
                question.method(),
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(body));
    question.headers().forEach(request::setHeader);
    Breaker breaker = breakers.of(url.getScheme(), url.getHost(), url.getPort());
    breaker.enter();
    try {
      HttpResponse<byte[]> response = whole(request.build());
      Answer answer =
          new Answer(
              url.getScheme() + "://" + url.getAuthority(),
              response.statusCode(),
              response.headers().firstValue("Retry-After").orElse(null),
              response.body());
      breaker.answered(answer.status());
      return answer;
    } catch (InterruptedException e) {
      breaker.left();
      throw e;
    } catch (IOException | RuntimeException | Error e) {
      breaker.failed(e);
      throw e;
    }
  }

  /** The time limit covers the whole answer; the client's own ends with the headers. */
  private HttpResponse<byte[]> whole(HttpRequest request) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(request, head -> new LimitedBody(LARGEST));
    try {
      return answer.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new HttpTimeoutException("no whole answer within " + ANSWER.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? failure
          : new IOException(String.valueOf(e.getCause()), e.getCause());
    } finally {
      answer.cancel(true);
    }
  }
}

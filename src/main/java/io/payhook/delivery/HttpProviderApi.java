package io.payhook.delivery;

import io.payhook.signature.Confirmation;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** The real API, over HTTP. */
final class HttpProviderApi implements ProviderApi {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final int LARGEST = 1_000_000;

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final Breakers breakers;

  HttpProviderApi(Breakers breakers) {
    this.breakers = breakers;
  }

  @Override
  public Answer ask(Confirmation confirmation, Confirmation.Kept event)
      throws IOException, InterruptedException {
    Confirmation.Question question = confirmation.question(event);
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
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      int status = response.statusCode();
      try (InputStream read = response.body()) {
        Answer answer =
            new Answer(
                url.getScheme() + "://" + url.getAuthority(),
                status,
                response.headers().firstValue("Retry-After").orElse(null),
                read.readNBytes(LARGEST));
        breaker.answered(status);
        return answer;
      }
    } catch (InterruptedException e) {
      breaker.left();
      throw e;
    } catch (IOException | RuntimeException | Error e) {
      breaker.failed(e);
      throw e;
    }
  }
}

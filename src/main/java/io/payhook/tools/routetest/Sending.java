package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import io.payhook.kit.Nearest;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.tools.routetest.RouteTest.Answer;
import io.payhook.tools.routetest.RouteTest.Send;
import io.payhook.tools.routetest.RouteTest.Signature;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Sends a test's requests: a sample, changed as the test says and signed as its provider signs. */
final class Sending {
  private final Path folder;
  private final Settings settings;
  private final HttpClient client;
  private final Clock clock;
  private final List<Mismatch> failures;

  /**
   * @param folder of the test
   * @param failures gets the answers that are not as the test says
   */
  Sending(Path folder, Settings settings, HttpClient client, Clock clock, List<Mismatch> failures) {
    this.folder = folder;
    this.settings = settings;
    this.client = client;
    this.clock = clock;
    this.failures = failures;
  }

  /** Sends to the service at a port of this machine. */
  void send(Send send, int port) throws Exception {
    DeclaredEndpoint endpoint = endpoint(send);
    HttpRequest request = request(send, endpoint, port);
    List<HttpResponse<String>> answers = new ArrayList<>();
    if (send.together()) {
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      for (int i = 0; i < send.times(); i++) {
        all.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      for (CompletableFuture<HttpResponse<String>> one : all) {
        answers.add(answer(one));
      }
    } else {
      for (int i = 0; i < send.times(); i++) {
        answers.add(answer(client.sendAsync(request, HttpResponse.BodyHandlers.ofString())));
      }
    }
    compare(send, answers);
  }

  private static HttpResponse<String> answer(CompletableFuture<HttpResponse<String>> future)
      throws Exception {
    try {
      return future.get(Trial.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("no answer: " + (e.getCause() == null ? e : e.getCause()), e);
    }
  }

  private void compare(Send send, List<HttpResponse<String>> answers) {
    List<Answer> expected = new ArrayList<>(send.answers());
    while (expected.size() < answers.size()) {
      expected.add(expected.get(expected.size() - 1));
    }
    boolean well = expected.size() == answers.size();
    List<Answer> open = new ArrayList<>(expected);
    for (int i = 0; well && i < answers.size(); i++) {
      HttpResponse<String> actual = answers.get(i);
      if (send.together()) {
        // In which order they came to the journal, nobody knows.
        well =
            open.stream()
                .filter(one -> is(one, actual))
                .findFirst()
                .map(open::remove)
                .orElse(false);
      } else {
        well = is(expected.get(i), actual);
      }
    }
    if (!well) {
      failures.add(
          new Mismatch(
              "line " + send.line() + ": the answers to " + send.sample(),
              expected.stream()
                  .map(
                      one ->
                          one.status()
                              + (one.body().isEmpty() ? "" : " " + Looking.json(one.body())))
                  .toList(),
              answers.stream().map(one -> one.statusCode() + " " + one.body()).toList()));
    }
  }

  private static boolean is(Answer expected, HttpResponse<String> actual) {
    if (expected.status() != actual.statusCode()) {
      return false;
    }
    try {
      return expected.body().isEmpty()
          || Compare.within(expected.body(), Json.MAPPER.readTree(actual.body()));
    } catch (IOException e) {
      return false;
    }
  }

  private DeclaredEndpoint endpoint(Send send) throws Exception {
    Map<String, DeclaredEndpoint> all =
        DeclaredEndpoint.in(settings.routes(), Placeholders.of(settings));
    String name = send.endpoint();
    if (name != null) {
      DeclaredEndpoint endpoint = all.get(name);
      if (endpoint == null) {
        throw new IllegalArgumentException(
            "line %s: there is no endpoint '%s'%s"
                .formatted(send.line(), name, Nearest.didYouMean(name, all.keySet())));
      }
      return endpoint;
    }
    List<DeclaredEndpoint> here =
        all.values().stream()
            .filter(one -> one.file().toAbsolutePath().normalize().startsWith(folder))
            .toList();
    if (here.size() != 1) {
      throw new IllegalArgumentException(
          "line %s: say which endpoint with 'endpoint: NAME'; this folder declares %s"
              .formatted(
                  send.line(),
                  here.isEmpty() ? "none" : here.stream().map(DeclaredEndpoint::name).toList()));
    }
    return here.get(0);
  }

  private HttpRequest request(Send send, DeclaredEndpoint endpoint, int port) throws IOException {
    String path = "/webhooks/" + endpoint.name();
    String url = "http://127.0.0.1:" + port + path;
    String own = send.body();
    Sample sample =
        own == null
            ? changed(send, endpoint.sample(send.sample()))
            : new Sample(
                send.sample(),
                endpoint
                    .findSample(send.sample())
                    .map(Sample::contentType)
                    .orElse("application/json"),
                own.getBytes(StandardCharsets.UTF_8));
    Provider provider =
        endpoint.resolve(Providers.load(settings.routes().resolve("providers")), sample);
    RawRequest request = sample.request(settings.publicUrl(path).orElse(url));
    for (Map.Entry<String, String> header : send.headers().entrySet()) {
      request = request.withHeader(header.getKey(), header.getValue());
    }
    if (send.signature() != Signature.MISSING) {
      List<Secret> secrets = endpoint.parsedSecrets();
      Secret secret =
          send.signature() == Signature.BAD || secrets.isEmpty()
              ? Secret.random(provider.secretKind())
              : secrets.get(secrets.size() - 1);
      Clock signing = Clock.offset(clock, send.late().negated());
      request = new Signer(provider, secret, signing).sign(request, sample.type());
    }
    return Posting.of(url, request, Trial.PATIENCE);
  }

  private static Sample changed(Send send, Sample sample) throws IOException {
    if (send.with().isEmpty() && send.without().isEmpty()) {
      return sample;
    }
    byte[] body;
    if (sample.contentType().equals("application/json")) {
      JsonNode tree = Json.MAPPER.readTree(sample.body());
      send.without().forEach(path -> change(send, tree, path, null, true));
      send.with().forEach((path, value) -> change(send, tree, path, value, false));
      body = Json.MAPPER.writeValueAsBytes(tree);
    } else if (sample.contentType().equals("application/x-www-form-urlencoded")) {
      body = changedForm(send, new String(sample.body(), StandardCharsets.UTF_8));
    } else {
      throw new IllegalArgumentException(
          ("line %s: only members of JSON and fields of forms can be changed; send another"
                  + " text with"
                  + " 'body: …'")
              .formatted(send.line()));
    }
    return new Sample(sample.type(), sample.contentType(), body);
  }

  private static byte[] changedForm(Send send, String form) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String pair : form.split("&", -1)) {
      fields.put(URLDecoder.decode(pair.replaceFirst("=.*$", ""), StandardCharsets.UTF_8), pair);
    }
    for (String name : send.without()) {
      if (fields.remove(name) == null) {
        throw new IllegalArgumentException(
            "line " + send.line() + ": the sample has no '" + name + "' to leave out");
      }
    }
    send.with()
        .forEach(
            (name, value) ->
                fields.put(
                    name,
                    "%s=%s"
                        .formatted(
                            URLEncoder.encode(name, StandardCharsets.UTF_8),
                            URLEncoder.encode(
                                value == null ? "" : String.valueOf(value),
                                StandardCharsets.UTF_8))));
    return String.join("&", fields.values()).getBytes(StandardCharsets.UTF_8);
  }

  /** Sets or removes the member at a dotted path; objects on the way are made. */
  private static void change(
      Send send, JsonNode root, String path, @Nullable Object value, boolean remove) {
    JsonNode node = root;
    String[] names = path.split("\\.", -1);
    for (int i = 0; i < names.length; i++) {
      boolean last = i == names.length - 1;
      if (node instanceof ObjectNode object) {
        if (last && remove) {
          if (object.remove(names[i]) == null) {
            throw new IllegalArgumentException(
                "line " + send.line() + ": the sample has no '" + path + "' to leave out");
          }
        } else if (last) {
          object.set(names[i], Json.MAPPER.valueToTree(value));
        } else {
          node = object.has(names[i]) ? object.get(names[i]) : object.putObject(names[i]);
        }
      } else if (node instanceof ArrayNode array && names[i].matches("\\d{1,6}")) {
        int index = Integer.parseInt(names[i]);
        if (index >= array.size()) {
          throw new IllegalArgumentException(
              "line " + send.line() + ": '" + path + "' is beyond the end of the sample's list");
        }
        if (last && remove) {
          array.remove(index);
        } else if (last) {
          array.set(index, Json.MAPPER.<JsonNode>valueToTree(value));
        } else {
          node = array.get(index);
        }
      } else {
        throw new IllegalArgumentException(
            "line " + send.line() + ": '" + path + "' leads into a value that has no members");
      }
    }
  }
}

package io.payhook.effects.crm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.effects.kamelets.EffectRoutes;
import io.payhook.kit.Json;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class CrmStandInTest {
  @TempDir Path folder;
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpServer server;

  @AfterEach
  void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void each_call_is_a_file(boolean bodyHandler) throws Exception {
    start(bodyHandler);
    HttpResponse<String> answer =
        call("POST", "/contacts/ada%40example.com/notes?x=1", "key-1", "{\"amount\":5000.00}");

    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(Json.MAPPER.readTree(answer.body()).get("standIn").booleanValue()).isTrue();
    JsonNode file = Json.MAPPER.readTree(files().get(0).toFile());
    assertThat(file.at("/method").textValue()).isEqualTo("POST");
    assertThat(file.at("/path").textValue()).isEqualTo("/contacts/ada%40example.com/notes");
    assertThat(file.at("/query").textValue()).isEqualTo("x=1");
    assertThat(file.at("/headers/Idempotency-Key").textValue()).isEqualTo("key-1");
    assertThat(file.at("/headers").has("Authorization")).isFalse();
    assertThat(file.at("/body/amount").decimalValue()).isEqualByComparingTo("5000.00");
    assertThat(file.at("/standIn").textValue()).startsWith("nothing was sent");
  }

  @Test
  void a_repeated_key_leaves_one_file_also_after_a_restart() throws Exception {
    start(false);
    String first = call("PUT", "/contacts/1", "key-1", "{}").body();
    assertThat(call("PUT", "/contacts/1", "key-1", "{}").statusCode()).isEqualTo(200);
    assertThat(files()).hasSize(1);

    server.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    start(false);
    JsonNode again = Json.MAPPER.readTree(call("PUT", "/contacts/1", "key-1", "{}").body());

    assertThat(files()).hasSize(1);
    assertThat(again.get("id")).isEqualTo(Json.MAPPER.readTree(first).get("id"));
    assertThat(again.get("repeated").booleanValue()).isTrue();
    call("PUT", "/contacts/1", "key-2", "{}");
    assertThat(files()).hasSize(2);
    assertThat(files().get(1).getFileName().toString()).contains("-000002-PUT-contacts_1-");
  }

  @Test
  void a_path_makes_no_folders_and_a_body_need_not_be_json() throws Exception {
    start(false);
    assertThat(call("POST", "/a%2F..%2F../%2e%2e/etc/passwd", "k", "not json").statusCode())
        .isEqualTo(201);
    assertThat(call("GET", "/", null, "").statusCode()).isEqualTo(200);

    assertThat(files()).hasSize(2).allMatch(Files::isRegularFile);
    assertThat(Json.MAPPER.readTree(files().get(0).toFile()).at("/body").textValue())
        .isEqualTo("not json");
    assertThat(Json.MAPPER.readTree(files().get(1).toFile()).at("/body").isNull()).isTrue();
  }

  @Test
  void a_web_page_cannot_write_here_and_a_body_has_an_end() throws Exception {
    start(false);
    HttpRequest.Builder page =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.actualPort() + "/stand-in/crm/contacts"))
            .header("Content-Type", "text/plain")
            .POST(BodyPublishers.ofString("{}"));
    for (String[] header :
        new String[][] {
          {"Origin", "https://evil.example.com"},
          {"Origin", "null"},
          {"Sec-Fetch-Site", "cross-site"}
        }) {
      HttpRequest request = page.copy().header(header[0], header[1]).build();
      assertThat(client.send(request, BodyHandlers.discarding()).statusCode()).isEqualTo(403);
    }
    // The client may see the connection close before it has read the answer.
    try {
      assertThat(call("POST", "/a", "k", "x".repeat(8 << 20)).statusCode()).isEqualTo(413);
    } catch (IOException e) {
      assertThat(e).isNotNull();
    }
    assertThat(files()).isEmpty();
  }

  @Test
  void what_is_kept_is_the_users_alone_and_nothing_half_written_stays() throws Exception {
    Files.writeString(folder.resolve(".20261123T201502.123Z-000001-x.json.tmp"), "half");
    start(false);
    call("POST", "/a", "k", "{}");

    assertThat(files())
        .singleElement()
        .satisfies(
            file -> {
              assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                  .isEqualTo("rw-------");
            });
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
    assertThatThrownBy(
            () -> new CrmStandIn(Files.createFile(folder.resolve("file")), EffectRoutes.CLOCK))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("file is a file; a folder, or nothing, would be right");
  }

  private void start(boolean bodyHandler) throws Exception {
    Router router = Router.router(vertx);
    if (bodyHandler) {
      router.route().handler(BodyHandler.create(false));
    }
    router.route("/stand-in/crm/*").handler(new CrmStandIn(folder, EffectRoutes.CLOCK));
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(10, TimeUnit.SECONDS);
  }

  private HttpResponse<String> call(String method, String path, String key, String body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.actualPort() + "/stand-in/crm" + path))
            .header("Authorization", "Bearer secret")
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (key != null) {
      request.header("Idempotency-Key", key);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.sorted().toList());
    }
  }
}

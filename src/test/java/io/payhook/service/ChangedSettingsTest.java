package io.payhook.service;

import static io.payhook.service.RunningService.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.RouteFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("service")
final class ChangedSettingsTest {
  @TempDir static Path folder;
  private static RunningService running;
  private static final Map<String, String> LATER = new ConcurrentHashMap<>();

  @BeforeAll
  static void start() throws IOException {
    running = RunningService.start(folder, Map.of("payhook.routes.reload", "off"), LATER);
  }

  @AfterAll
  static void stop() {
    running.close();
  }

  private static List<String> mails() {
    Path mail = folder.resolve("data/mail");
    if (!Files.isDirectory(mail)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(mail)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void a_placeholder_of_a_route_counts_after_a_reload_and_the_rest_is_told_to_need_a_restart() {
    LATER.put("payments.finance.email", "treasury@example.com");
    LATER.put("payhook.delivery.concurrency", "7");
    LATER.put("payhook.mail.port", "587");
    RouteFiles.Outcome outcome = running.service.reload();
    assertThat(outcome.problems()).isEmpty();
    assertThat(outcome.settings())
        .containsExactly(
            "payhook.delivery.concurrency (given) has changed and needs a restart",
            "payments.finance.email (given) counts from now on");
    send("CHANGED-1");
    await(
        "the mail to the new address",
        () -> mails().stream().anyMatch(name -> name.contains("treasury_example.com")));

    // What waits for a restart is told each time, what counts already is not.
    assertThat(running.service.reload().settings())
        .containsExactly("payhook.delivery.concurrency (given) has changed and needs a restart");
    LATER.clear();
    assertThat(running.service.reload().settings())
        .containsExactly("payments.finance.email (given) counts from now on");
  }

  @Test
  void nothing_counts_where_the_files_can_not_be_used() throws Exception {
    String name = "payments/transfer-success.camel.yaml";
    String good = running.text(name);
    LATER.put("payments.finance.email", "nobody@example.com");
    running.save(name, good.replace("- to:", "- too:"));
    try {
      RouteFiles.Outcome outcome = running.service.reload();
      assertThat(outcome.problems()).isNotEmpty();
      assertThat(outcome.settings()).isEmpty();
      assertThat(
              running.service.context().resolvePropertyPlaceholders("{{payments.finance.email}}"))
          .isEqualTo("finance@example.com");
    } finally {
      LATER.clear();
      running.save(name, good);
      assertThat(running.service.reload().problems()).isEmpty();
    }
  }

  @Test
  void settings_that_can_not_be_used_are_a_problem_with_their_place() {
    LATER.put("payhook.log.level", "loud");
    try {
      assertThat(running.service.reload().problems())
          .singleElement()
          .asString()
          .contains("payhook.log.level", "'loud' is not one of");
    } finally {
      LATER.clear();
      assertThat(running.service.reload().problems()).isEmpty();
    }
  }

  private static void send(String id) {
    try {
      assertThat(running.send("transfer.success", id)).doesNotStartWith("4").doesNotStartWith("5");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

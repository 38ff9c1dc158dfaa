package io.payhook.service;

import static io.payhook.service.RunningService.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.routes.Watch;
import io.payhook.settings.StartException;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The routes folder as it is mounted and released: behind links, in a ConfigMap, copied back. */
@Tag("service")
final class MountedFilesTest {
  private static final String SUCCESS = "payments/payment-success.camel.yaml";

  @TempDir Path folder;

  private static void delete(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static void link(Path link, String target) throws IOException {
    Path made = link.resolveSibling(link.getFileName() + "_tmp");
    Files.createSymbolicLink(made, Path.of(target));
    Files.move(made, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void edit(Path file, String old, String by) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(old);
    Files.writeString(file, text.replace(old, by));
  }

  private static void await404(RunningService running) {
    await("the endpoint closed", () -> running.service.endpoints().all().isEmpty());
  }

  /** As kubelet lays out a volume: a hidden folder, a link to it, and a link for each entry. */
  private static void mount(Path volume, Path files, String version) throws IOException {
    Files.createDirectories(volume);
    RunningService.copy(files, volume.resolve(".." + version));
    String before =
        Files.exists(volume.resolve("..data"))
            ? Files.readSymbolicLink(volume.resolve("..data")).toString()
            : "";
    link(volume.resolve("..data"), ".." + version);
    for (String name : List.of("intake.camel.yaml", "payments")) {
      if (!Files.isSymbolicLink(volume.resolve(name))) {
        Files.createSymbolicLink(volume.resolve(name), Path.of("..data", name));
      }
    }
    if (!before.isEmpty()) {
      delete(volume.resolve(before));
    }
  }

  @Test
  void a_config_map_starts_and_is_taken_over_whole_when_it_is_switched() throws Exception {
    Path files = folder.resolve("files");
    RunningService.copy(Path.of("routes"), files);
    Path volume = folder.resolve("volume");
    mount(volume, files, "2026_11_25");
    try (RunningService running =
        RunningService.start(
            folder, Map.of("payhook.routes", volume.toString(), "payhook.routes.reload", "on"))) {
      String first = running.send("payment.success", "MOUNT-1");
      await("recorded", () -> "done".equals(running.deliveries(first).get("record-payment")));
      assertThat(
              running.database.query(
                  "select table_name from information_schema.tables where table_schema = 'public' and table_name like '%history'"))
          .containsExactly("payments_schema_history");

      edit(files.resolve(SUCCESS), "id: record-payment", "id: note-payment");
      edit(files.resolve("payments/sql/record-payment.sql"), "  :currency::text,", "  'XXX',");
      mount(volume, files, "2026_11_26");
      await("the new version", () -> running.service.context().getRoute("note-payment") != null);
      String second = running.send("payment.success", "MOUNT-2");
      await("noted", () -> "done".equals(running.deliveries(second).get("note-payment")));
      assertThat(
              running.database.query(
                  "select currency from payment where transaction_id = 'MOUNT-2'"))
          .containsExactly("XXX");
      assertThat(running.service.fileProblems()).isEmpty();
    }
  }

  @Test
  void a_release_behind_a_link_is_taken_over_when_the_link_moves() throws Exception {
    RunningService.copy(Path.of("routes"), folder.resolve("releases/1"));
    RunningService.copy(Path.of("routes"), folder.resolve("releases/2"));
    edit(folder.resolve("releases/2").resolve(SUCCESS), "id: crm-contact", "id: crm-customer");
    Path current = folder.resolve("current");
    link(current, "releases/1");
    try (RunningService running =
        RunningService.start(
            folder, Map.of("payhook.routes", current.toString(), "payhook.routes.reload", "on"))) {
      assertThat(running.send("payment.success", "LINK-1")).doesNotStartWith("4");
      link(current, "releases/2");
      await("the new release", () -> running.service.context().getRoute("crm-customer") != null);
      assertThat(running.service.context().getRoute("crm-contact")).isNull();
    }
  }

  @Test
  void an_integration_that_goes_is_closed_first_and_asks_for_another_try() throws Exception {
    try (RunningService running =
        RunningService.start(folder, Map.of("payhook.routes.reload", "off"))) {
      Files.move(running.file("payments"), folder.resolve("aside"));
      assertThat(running.service.reload().problems()).isEmpty();
      await404(running);
      var answer =
          running
              .post("payments", "payment.success", RunningService.body("payment.success", "GONE-1"))
              .join();
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).contains("5");
      assertThat(running.post("never", "payment.success", "{}").join().statusCode()).isEqualTo(404);
      assertThat(running.database.query("select count(*) from payhook.event")).containsExactly("0");

      Files.move(folder.resolve("aside"), running.file("payments"));
      assertThat(running.service.reload().problems()).isEmpty();
      String event = running.send("payment.success", "GONE-1");
      await("recorded", () -> "done".equals(running.deliveries(event).get("record-payment")));
    }
  }

  @Test
  void files_that_go_and_come_back_are_never_seen_missing() throws Exception {
    Path watched = Files.createDirectories(folder.resolve("watched"));
    Path file = Files.writeString(watched.resolve("a.camel.yaml"), "one");
    List<Boolean> there = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger hasty = new AtomicInteger();
    try (Watch patient =
            Watch.over(List.of(watched), () -> there.add(Files.exists(file)), Duration.ofHours(1));
        Watch impatient = Watch.over(List.of(watched), hasty::incrementAndGet, Duration.ZERO)) {
      Files.delete(file);
      await("one that does not wait", () -> hasty.get() == 1);
      Files.writeString(file, "two");
      await("the change", () -> !there.isEmpty());
    }
    assertThat(there).containsOnly(true);
  }

  @Test
  void a_folder_without_an_endpoint_starts_while_developing_and_never_in_production()
      throws Exception {
    Files.createDirectories(folder.resolve("empty"));
    Map<String, String> empty = Map.of("payhook.routes", folder.resolve("empty").toString());
    try (RunningService running = RunningService.start(folder, empty)) {
      assertThat(running.service.endpoints().all()).isEmpty();
    }
    Path other = Files.createDirectories(folder.resolve("production"));
    assertThatThrownBy(
            () ->
                RunningService.start(
                    other,
                    Map.of(
                        "payhook.routes",
                        folder.resolve("empty").toString(),
                        "payhook.profile",
                        "prod",
                        "payhook.mail.host",
                        "127.0.0.1",
                        "payhook.crm.url",
                        "http://127.0.0.1:1")))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("there is no endpoint, so every webhook is answered 404");
  }

  @Test
  void two_integrations_of_one_last_name_both_get_their_tables() throws Exception {
    Path routes = shops("eu/shop", "us/shop");
    try (RunningService running =
        RunningService.start(folder, Map.of("payhook.routes", routes.toString()))) {
      assertThat(tables(running))
          .containsExactly(
              "eu_shop_order", "eu_shop_schema_history", "us_shop_order", "us_shop_schema_history");
    }
  }

  @Test
  void a_history_named_after_the_last_folder_is_kept_under_its_new_name() throws Exception {
    Path routes = shops("eu/shop");
    try (TestDatabase database = TestDatabase.create()) {
      Map<String, String> settings =
          Map.of("payhook.routes", routes.toString(), "payhook.database.url", database.url());
      try (RunningService running = RunningService.start(folder, settings)) {
        assertThat(running.service.fileProblems()).isEmpty();
      }
      database.update("alter table eu_shop_schema_history rename to shop_schema_history");
      database.update("insert into eu_shop_order values ('kept')");
      Path again = Files.createDirectories(folder.resolve("again"));
      try (RunningService running = RunningService.start(again, settings)) {
        assertThat(running.service.fileProblems()).isEmpty();
        assertThat(database.query("select id from eu_shop_order")).containsExactly("kept");
        assertThat(database.query("select to_regclass('public.shop_schema_history')::text is null"))
            .containsExactly("t");
      }
    }
  }

  @Test
  void two_integrations_that_would_share_a_history_are_refused() throws Exception {
    Path routes = shops("eu/shop", "eu-shop");
    assertThatThrownBy(
            () -> RunningService.start(folder, Map.of("payhook.routes", routes.toString())))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("its tables would share the history public.eu_shop_schema_history");
  }

  private static List<String> tables(RunningService running) throws Exception {
    return running.database.query(
        "select table_name from information_schema.tables where table_schema = 'public' order by 1");
  }

  private Path shops(String... names) throws IOException {
    Path routes = folder.resolve("shops");
    for (String name : names) {
      Path schema = Files.createDirectories(routes.resolve(name).resolve("sql/schema"));
      String word = name.replaceAll("[-/]", "_");
      Files.writeString(
          schema.resolve("V001__order.sql"), "create table " + word + "_order (id text);\n");
      Files.writeString(
          routes.resolve(name).resolve("shop.camel.yaml"),
          "- route:\n    id: keep-"
              + word
              + "\n    description: Keeps.\n    from:\n      uri: direct:"
              + word
              + "\n      steps:\n        - setBody:\n            expression:\n              constant:\n                expression: x\n");
    }
    return routes;
  }
}

package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code payhook} beside a java and a mvn that only say what they are asked. */
class LauncherTest {
  private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path folder;
  private Path home;
  private Path java;
  private Path binaries;

  @BeforeEach
  void installABuiltPayhook() throws IOException {
    home = Files.createDirectories(folder.resolve("a home"));
    Files.copy(Path.of("payhook"), home.resolve("payhook"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.createDirectories(home.resolve("src/main"));
    Files.createDirectories(home.resolve("target"));
    for (String file : List.of("pom.xml", "src/main/Payhook.java")) {
      Files.writeString(home.resolve(file), "");
      Files.setLastModifiedTime(home.resolve(file), FileTime.from(THEN));
    }
    Files.setLastModifiedTime(home.resolve("src/main"), FileTime.from(THEN));
    Files.writeString(home.resolve("target/payhook.jar"), "");
    java = folder.resolve("jdk");
    Files.createDirectories(java.resolve("bin"));
    version("17.0.15");
    script(
        java.resolve("bin/java"), "for a in \"$@\"; do echo \"<$a>\"; done; exit ${FAKE_EXIT:-0}");
    binaries = Files.createDirectories(folder.resolve("bin"));
    script(
        binaries.resolve("mvn"),
        "echo built with: \"$@\" in \"$PWD\"; echo x >> ../builds; echo jar > target/payhook.jar; exit ${FAKE_MVN:-0}");
  }

  @Test
  void a_build_that_is_there_starts_at_once() throws Exception {
    Ended ended = launch("send", "payment.success", "--file", "a b");
    assertThat(ended.code()).isZero();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out())
        .contains("<-Dpayhook.home=" + home + ">")
        .endsWith(
            "<"
                + home.resolve("target/payhook.jar")
                + ">\n<send>\n<payment.success>\n<--file>\n<a b>\n");
    assertThat(folder.resolve("builds")).doesNotExist();
  }

  @Test
  void the_first_use_builds() throws Exception {
    Files.delete(home.resolve("target/payhook.jar"));
    Ended ended = launch("--version");
    assertThat(ended.err())
        .isEqualTo(
            "Building Payhook (first use)...\nbuilt with: -q -B -ntp -Dmaven.test.skip=true -Dspotless.check.skip=true package in "
                + home
                + "\n");
    assertThat(ended.out()).endsWith("<--version>\n");
    assertThat(launch("--version").err()).isEmpty();
  }

  @Test
  void sources_newer_than_the_build_are_built() throws Exception {
    Files.setLastModifiedTime(
        home.resolve("target/payhook.jar"), FileTime.from(THEN.minusSeconds(1)));
    assertThat(launch("--version").err())
        .startsWith("Building Payhook (the sources have changed)...");
    assertThat(launch("--version").err()).isEmpty();
  }

  @Test
  void many_first_starts_at_once_build_once() throws Exception {
    Files.delete(home.resolve("target/payhook.jar"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(builder(home.resolve("payhook"), "--version").start());
    }
    for (Process process : processes) {
      assertThat(ended(process).code()).isZero();
    }
    assertThat(folder.resolve("builds")).hasContent("x");
  }

  @Test
  void a_build_that_fails_starts_nothing() throws Exception {
    Files.delete(home.resolve("target/payhook.jar"));
    ProcessBuilder builder = builder(home.resolve("payhook"), "run");
    builder.environment().put("FAKE_MVN", "1");
    Ended ended = ended(builder.start());
    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.err()).endsWith("payhook: the build failed; see above\n");
    assertThat(ended.out()).isEmpty();
  }

  @Test
  void without_maven_a_build_that_is_there_runs_on() throws Exception {
    Files.delete(binaries.resolve("mvn"));
    Files.setLastModifiedTime(
        home.resolve("target/payhook.jar"), FileTime.from(THEN.minusSeconds(1)));
    ProcessBuilder builder = builder(home.resolve("payhook"), "--version");
    builder.environment().put("PATH", withoutMaven());
    Ended ended = ended(builder.start());
    assertThat(ended.code()).isZero();
    assertThat(ended.err()).contains("running the build of before");
    Files.delete(home.resolve("target/payhook.jar"));
    assertThat(ended(builder.start()).err())
        .isEqualTo("payhook: there is no mvn to build with; install Maven 3.8 or newer\n");
  }

  @Test
  void it_is_found_through_links_and_from_elsewhere() throws Exception {
    Path link = Files.createSymbolicLink(binaries.resolve("payhook"), home.resolve("payhook"));
    Path relative = Files.createSymbolicLink(folder.resolve("ph"), Path.of("bin/payhook"));
    for (Path way : List.of(link, relative)) {
      assertThat(ended(builder(way, "--version").start()).out())
          .contains("<" + home.resolve("target/payhook.jar") + ">");
    }
  }

  @Test
  void the_exit_code_is_the_programs() throws Exception {
    ProcessBuilder builder = builder(home.resolve("payhook"), "check");
    builder.environment().put("FAKE_EXIT", "2");
    assertThat(ended(builder.start()).code()).isEqualTo(2);
  }

  @Test
  void options_of_ones_own_come_after_those_of_the_launcher() throws Exception {
    ProcessBuilder builder = builder(home.resolve("payhook"), "run");
    builder.environment().put("JAVA_OPTS", "-Xmx1g -Dx=*");
    assertThat(ended(builder.start()).out())
        .contains("<-Xmx1g>\n<-Dx=*>")
        .containsSubsequence("<-Xmx192m>", "<-Xmx1g>", "<-jar>");
  }

  @Test
  void the_class_archive_is_made_by_run_and_used_while_it_is_newer_than_the_build()
      throws Exception {
    Path archive = home.resolve("target/payhook-17.0.15.jsa");
    assertThat(launch("run").out()).contains("<-XX:ArchiveClassesAtExit=" + archive + ">");
    assertThat(launch("send").out()).doesNotContain("Archive");
    Files.writeString(archive, "");
    Files.setLastModifiedTime(archive, FileTime.from(Instant.now().plusSeconds(60)));
    assertThat(launch("send").out()).contains("<-XX:SharedArchiveFile=" + archive + ">");
    Files.setLastModifiedTime(archive, FileTime.from(THEN));
    assertThat(launch("run").out()).contains("<-XX:ArchiveClassesAtExit=" + archive + ">");
  }

  @Test
  void newer_javas_are_told_not_to_warn() throws Exception {
    assertThat(launch("run").out()).doesNotContain("unsafe");
    version("25");
    assertThat(launch("run").out())
        .contains("<--sun-misc-unsafe-memory-access=allow>")
        .contains("<--enable-native-access=ALL-UNNAMED>");
  }

  @Test
  void an_older_java_is_refused() throws Exception {
    version("11.0.2");
    Ended ended = launch("run");
    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.err())
        .isEqualTo(
            "payhook: "
                + java
                + "/bin/java is version 11.0.2; Payhook needs 17 or newer, set JAVA_HOME to one\n");
  }

  @Test
  void a_java_home_without_java_is_refused() throws Exception {
    Files.delete(java.resolve("bin/java"));
    assertThat(launch("run").err())
        .startsWith("payhook: JAVA_HOME is " + java + ", but there is no bin/java in it;");
  }

  private void version(String version) throws IOException {
    Files.writeString(java.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A PATH with all that the launcher needs, and no mvn. */
  private String withoutMaven() throws IOException {
    Path tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool : List.of("sed", "find", "head", "dirname", "readlink", "touch", "mkdir")) {
      String real = Files.exists(Path.of("/usr/bin/" + tool)) ? "/usr/bin/" : "/bin/";
      script(tools.resolve(tool), "exec " + real + tool + " \"$@\"");
    }
    return tools.toString();
  }

  private Ended launch(String... arguments) throws Exception {
    return ended(builder(home.resolve("payhook"), arguments).start());
  }

  private ProcessBuilder builder(Path script, String... arguments) {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("JAVA_HOME", java.toString());
    builder.environment().put("PATH", binaries + ":" + System.getenv("PATH"));
    builder.environment().remove("JAVA_OPTS");
    return builder;
  }

  private record Ended(int code, String out, String err) {}

  private static Ended ended(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, err);
  }
}

package io.payhook;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.payhook.signature.RawRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What may know what. */
@AnalyzeClasses(packages = "io.payhook", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final Set<String> BYTES = Set.of("java.util.Arrays", "java.nio.ByteBuffer");
  private static final Set<String> COMPARING =
      Set.of(
          "equals",
          "deepEquals",
          "mismatch",
          "compare",
          "compareTo",
          "compareUnsigned",
          "contentEquals",
          "equalsIgnoreCase",
          "regionMatches");

  @ArchTest
  static final ArchRule signature_knows_neither_camel_nor_io =
      noClasses()
          .that()
          .resideInAPackage("io.payhook.signature..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                      "org.apache.camel..",
                      "io.vertx..",
                      "java.io..",
                      "java.nio.file..",
                      "java.net.http..",
                      "java.sql..",
                      "javax.sql..")
                  .and(not(type(ByteArrayInputStream.class)))
                  .and(not(type(ByteArrayOutputStream.class)))
                  .and(not(type(Serializable.class))))
          .as("signature knows neither Camel nor input and output");

  @ArchTest
  static final ArchRule signature_is_given_the_time =
      noClasses()
          .that()
          .resideInAPackage("io.payhook.signature..")
          .should()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(java.time.Clock.class, "systemUTC");

  /**
   * {@code MessageDigest.isEqual} takes as long whatever is different. Requests are compared as
   * values; nothing else in the package may compare bytes in another way.
   */
  @ArchTest
  static final ArchRule signatures_are_compared_in_constant_time =
      noClasses()
          .that()
          .resideInAPackage("io.payhook.signature..")
          .and()
          .doNotBelongToAnyOf(RawRequest.class)
          .should()
          .callMethodWhere(
              describe(
                  "compares bytes and may stop at the first difference",
                  call ->
                      COMPARING.contains(call.getTarget().getName())
                          && BYTES.contains(call.getTargetOwner().getName())));

  /** The classes that hold a key and decide on a signature. */
  @ArchTest
  static final ArchRule what_decides_on_a_signature_compares_no_text =
      noClasses()
          .that()
          .haveNameMatching("io\\.payhook\\.signature\\.SigningKey\\$.+")
          .should()
          .callMethodWhere(
              describe(
                  "compares text",
                  call ->
                      COMPARING.contains(call.getTarget().getName())
                          && call.getTargetOwner().isEquivalentTo(String.class)));

  @ArchTest
  static final ArchRule journal_knows_jdbc_alone =
      noClasses()
          .that()
          .resideInAPackage("io.payhook.journal..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.camel..",
              "io.vertx..",
              "io.payhook.delivery..",
              "io.payhook.intake..",
              "io.payhook.routes..",
              "io.payhook.effects..");

  @ArchTest
  static final ArchRule only_console_and_cli_know_console_and_cli =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.payhook.console..", "io.payhook.cli..", "io.payhook")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.payhook.console..", "io.payhook.cli..");

  /** A service runs without any of the tools; what it needs of one is given to it. */
  @ArchTest
  static final ArchRule core_never_knows_tools =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.payhook.tools..", "io.payhook.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.payhook.tools..");

  @ArchTest
  static final ArchRule tools_know_each_other_in_one_direction =
      slices().matching("io.payhook.tools.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule kit_knows_nothing_of_payhook =
      noClasses()
          .that()
          .resideInAPackage("io.payhook.kit..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.payhook..").and(not(resideInAPackage("io.payhook.kit.."))));

  @ArchTest
  static final ArchRule no_cycles = slices().matching("io.payhook.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule no_spring =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("org.springframework..");

  @ArchTest
  static final ArchRule the_root_holds_the_program_and_the_bean_type_alone =
      classes()
          .that()
          .resideInAPackage("io.payhook")
          .should()
          .haveNameMatching("io\\.payhook\\.(Payhook|Endpoint)(\\$.*)?|.*package-info");

  @ArchTest
  static void no_simple_class_name_twice(JavaClasses classes) {
    Map<String, List<String>> names = new TreeMap<>();
    for (JavaClass each : classes) {
      if (each.isTopLevelClass() && !each.getSimpleName().equals("package-info")) {
        names.computeIfAbsent(each.getSimpleName(), n -> new ArrayList<>()).add(each.getName());
      }
    }
    names.values().removeIf(all -> all.size() == 1);
    assertThat(names).isEmpty();
  }

  @Test
  void no_file_has_more_than_500_lines() throws IOException {
    Map<Path, Integer> longer = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        int lines = Files.readAllLines(file).size();
        if (lines > 500) {
          longer.put(file, lines);
        }
      }
    }
    assertThat(longer).isEmpty();
  }
}

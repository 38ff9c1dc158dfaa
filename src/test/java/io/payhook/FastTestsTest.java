package io.payhook;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.payhook.postgres.Database;
import io.payhook.postgres.ScratchDatabase;
import io.payhook.service.Service;
import io.payhook.tools.routetest.RouteTests;
import java.util.Set;
import org.junit.jupiter.api.Tag;

/** {@code mvn test -Pfast} leaves out what has the tag {@code service}. */
@AnalyzeClasses(packages = "io.payhook", importOptions = ImportOption.OnlyIncludeTests.class)
class FastTestsTest {
  private static final Set<String> SLOW =
      Set.of(
          Database.class.getName(),
          RouteTests.class.getName(),
          ScratchDatabase.class.getName(),
          Service.class.getName());

  @ArchTest
  static final ArchRule what_needs_a_database_or_a_service_has_the_tag =
      classes()
          .that()
          .haveSimpleNameEndingWith("Test")
          .and()
          .doNotBelongToAnyOf(FastTestsTest.class)
          .should(haveTheTagIfTheyNeedIt());

  private static ArchCondition<JavaClass> haveTheTagIfTheyNeedIt() {
    return new ArchCondition<>(
        "have the tag 'service' exactly where they, or what they use, start") {
      @Override
      public void check(JavaClass test, ConditionEvents events) {
        boolean needs =
            test.getTransitiveDependenciesFromSelf().stream()
                .anyMatch(dependency -> SLOW.contains(dependency.getTargetClass().getName()));
        boolean tagged =
            test.tryGetAnnotationOfType(Tag.class)
                .filter(tag -> tag.value().equals("service"))
                .isPresent();
        events.add(
            new SimpleConditionEvent(
                test,
                needs == tagged,
                test.getName() + (needs ? " needs the tag 'service'" : " needs no tag 'service'")));
      }
    };
  }
}

package io.payhook.tools.check;

import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import io.payhook.kit.Lines;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Findings.Written;
import io.payhook.tools.check.Routes.Spoken;
import java.util.Collection;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.language.simple.types.SimpleIllegalSyntaxException;
import org.apache.camel.spi.Language;
import org.jspecify.annotations.Nullable;

/** Checks what is written in a language: simple and JSONPath. */
final class Expressions {
  private static final Pattern SIMPLE_FUNCTION = Pattern.compile("Unknown function: (.*)");
  private static final Pattern POSITION = Pattern.compile("position (\\d+)");

  /** Those that people use, for suggestions. */
  private static final Collection<String> FUNCTIONS =
      Set.of(
          "body",
          "bodyAs",
          "variable",
          "variableAs",
          "header",
          "headerAs",
          "headers",
          "exchangeProperty",
          "exception.message",
          "exchangeId",
          "routeId",
          "date",
          "bean",
          "uuid",
          "jsonpath",
          "jq",
          "random",
          "replace",
          "substring",
          "trim",
          "uppercase",
          "lowercase",
          "iif",
          "concat",
          "hash");

  private final Findings findings;
  private final Routes routes;
  private final MoneyCheck money;
  private @Nullable Language simple;

  Expressions(Findings findings, Routes routes, MoneyCheck money) {
    this.findings = findings;
    this.routes = routes;
    this.money = money;
  }

  /** Says what is wrong with it. */
  void check(Spoken each) {
    if (each.route() != null && each.route().kamelet && each.text().value().contains("{{")) {
      return;
    }
    Written written = findings.written(each.text()).orElse(null);
    if (written == null) {
      return;
    }
    if (each.language().equals("jsonpath")) {
      jsonPath(written);
      return;
    }
    if (isSimple(each, written)) {
      money.in(each.route()).text(written, each.predicate());
      Rehearsal rehearsal = routes.rehearsal(each.route());
      if (!each.predicate()) {
        rehearsal.spliced(written);
      }
      rehearsal.values(written);
    }
  }

  private boolean isSimple(Spoken each, Written written) {
    if (simple == null) {
      simple = routes.camel().resolveLanguage("simple");
    }
    try {
      if (each.predicate()) {
        simple.createPredicate(written.value());
      } else {
        simple.createExpression(written.value());
      }
      return true;
    } catch (SimpleIllegalSyntaxException e) {
      String message =
          Lines.first(e.getShortMessage() == null ? e.getMessage() : e.getShortMessage());
      Matcher function = SIMPLE_FUNCTION.matcher(message);
      noSimple(
          written,
          Math.max(0, e.getIndex()),
          message.replaceAll(" at location \\d+$", ""),
          function.find()
              ? Nearest.meant(
                  function.group(1).replaceFirst("[.(:\\[].*$", ""),
                  FUNCTIONS,
                  "${body}, ${variable.NAME} and ${header.NAME} are some")
              : "correct it here");
    } catch (RuntimeException e) {
      noSimple(written, 0, Lines.first(e.getMessage()), "correct it here");
    }
    return false;
  }

  private void noSimple(Written written, int offset, String message, String right) {
    findings.problem(
        written.at(offset), "'%s' is no simple: %s".formatted(written.value(), message), right);
  }

  private void jsonPath(Written written) {
    String text = written.value();
    // The easy notation without $ has a parser of its own, and ${…} is put in later.
    if (!text.strip().startsWith("$") || text.contains("${")) {
      return;
    }
    try {
      JsonPath unused = JsonPath.compile(text.strip());
    } catch (InvalidPathException e) {
      String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      Matcher position = POSITION.matcher(message);
      int offset = position.find() ? Integer.parseInt(position.group(1)) : 0;
      findings.problem(
          written.at(Math.min(offset, Math.max(0, text.length() - 1))),
          "'%s' is no JSONPath: %s".formatted(text, message.replaceAll("\\s+", " ")),
          "$.data.amount is one, for example");
    }
  }
}

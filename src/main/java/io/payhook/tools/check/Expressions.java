package io.payhook.tools.check;

import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.RouteCheck.Route;
import io.payhook.tools.check.RouteCheck.Spoken;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.language.simple.types.SimpleIllegalSyntaxException;
import org.apache.camel.spi.Language;
import org.jspecify.annotations.Nullable;

/** Checks what is written in a language: simple and JSONPath. */
final class Expressions {
  private static final Pattern SIMPLE_FUNCTION = Pattern.compile("Unknown function: (.*)");

  private final Check check;
  private final Function<@Nullable Route, Rehearsal> rehearsals;
  private final MoneyCheck money;
  private final Supplier<CamelContext> camel;
  private @Nullable Language simple;

  /**
   * @param rehearsals tries what a route does with an event
   */
  Expressions(
      Check check,
      Function<@Nullable Route, Rehearsal> rehearsals,
      MoneyCheck money,
      Supplier<CamelContext> camel) {
    this.check = check;
    this.money = money;
    this.rehearsals = rehearsals;
    this.camel = camel;
  }

  /** Says what is wrong with it. */
  void check(Spoken each) {
    boolean kamelet =
        each.route() != null && each.route().kamelet && each.text().value().contains("{{");
    Optional<String> resolved = kamelet ? Optional.empty() : check.resolved(each.text().value());
    if (resolved.isEmpty()) {
      return;
    }
    String text = resolved.get();
    boolean same = text.equals(each.text().value());
    if (each.language().equals("jsonpath")) {
      jsonPath(each, text, same);
      return;
    }
    try {
      if (each.predicate()) {
        language().createPredicate(text);
      } else {
        language().createExpression(text);
      }
    } catch (SimpleIllegalSyntaxException e) {
      int index = same ? Math.max(0, e.getIndex()) : 0;
      String message =
          String.valueOf(e.getShortMessage() == null ? e.getMessage() : e.getShortMessage())
              .lines()
              .findFirst()
              .orElse("");
      Matcher function = SIMPLE_FUNCTION.matcher(message);
      check.add(
          each.source().file(),
          each.text().at(index),
          "'" + text + "' is no simple: " + message.replaceAll(" at location \\d+$", ""),
          function.find()
              ? Nearest.meant(
                  function.group(1).replaceFirst("[.(:\\[].*$", ""),
                  functions(),
                  "${body}, ${variable.NAME} and ${header.NAME} are some")
              : "correct it here");
      return;
    } catch (RuntimeException e) {
      check.add(
          each.source().file(),
          each.text().place(),
          "'"
              + text
              + "' is no simple: "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
          "correct it here");
      return;
    }
    money.text(each.source().file(), each.route(), each.text(), text, each.predicate());
    Rehearsal rehearsal = rehearsals.apply(each.route());
    if (!each.predicate()) {
      for (Rehearsal.TextProblem problem : rehearsal.spliced(text)) {
        check.warn(
            each.source().file(),
            each.text().at(same ? problem.offset() : 0),
            problem.what(),
            problem.right());
      }
    }
    for (Rehearsal.TextProblem problem : rehearsal.values(text)) {
      check.add(
          each.source().file(),
          each.text().at(same ? problem.offset() : 0),
          problem.what(),
          problem.right());
    }
  }

  private static Collection<String> functions() {
    return Set.of(
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
  }

  private void jsonPath(Spoken each, String text, boolean same) {
    // The easy notation without $ has a parser of its own, and ${…} is put in later.
    if (!text.strip().startsWith("$") || text.contains("${")) {
      return;
    }
    try {
      JsonPath unused = JsonPath.compile(text.strip());
    } catch (InvalidPathException e) {
      String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      Matcher position = Pattern.compile("position (\\d+)").matcher(message);
      int offset = same && position.find() ? Integer.parseInt(position.group(1)) : 0;
      check.add(
          each.source().file(),
          each.text().at(Math.min(offset, Math.max(0, text.length() - 1))),
          "'" + text + "' is no JSONPath: " + message.replaceAll("\\s+", " "),
          "$.data.amount is one, for example");
    }
  }

  private Language language() {
    if (simple == null) {
      simple = camel.get().resolveLanguage("simple");
    }
    return simple;
  }
}

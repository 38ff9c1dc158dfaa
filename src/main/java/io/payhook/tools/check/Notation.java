package io.payhook.tools.check;

import io.payhook.effects.VariablePath;
import io.payhook.kit.Location;
import io.payhook.tools.check.Findings.Written;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds values of an event in the notation of another place: brackets are a route's, dots a
 * template's and an SQL file's.
 */
final class Notation {
  private static final Pattern DOTTED =
      Pattern.compile(
          "\\$\\{\\s*(?:variables?[.:]event|(body))((?:\\??\\.[A-Za-z_]\\w*(?![\\w(])|\\[[^\\[\\]]+])+)\\s*}");
  private static final Pattern STEP = Pattern.compile("\\.([A-Za-z_]\\w*)|\\[(['\"]?)(.+?)\\2]");
  private static final Pattern OF_A_ROUTE =
      Pattern.compile(
          "\\$\\{\\s*(?:variables?[.:](\\w+)((?:\\??\\.\\w+|\\[[^\\[\\]]+])*)|(?:body|headers?|exchangeProperty)\\b[^{}]*)\\s*}");
  private static final Pattern BRACKETS =
      Pattern.compile(
          "(?<![\\w.\\]\"'])event((?:\\.\\w+|\\[[^\\[\\]]+])*\\[([A-Za-z_]\\w*)](?:\\.\\w+|\\[[^\\[\\]]+])*)");

  /** What Java's maps and lists have themselves. */
  private static final Set<String> OF_COLLECTIONS =
      Set.of(
          "size",
          "length",
          "empty",
          "isEmpty",
          "keySet",
          "values",
          "entrySet",
          "class",
          "toString");

  private static final Pattern JSON = Pattern.compile("(?s)^\\s*[\\[{].*\"\\s*:.*");
  private static final Pattern SQL =
      Pattern.compile(
          "(?is)^\\s*(?:insert\\s+into\\s|update\\s+\\S+\\s+set\\s|delete\\s+from\\s|select\\s.*\\sfrom\\s|with\\s+\\w+\\s+as\\s*\\(|merge\\s+into\\s|call\\s+\\w+\\s*\\().*");

  private Notation() {}

  /** In a text of a route. */
  static void text(Findings findings, Written text, List<SampleEvent> samples) {
    Matcher dotted = DOTTED.matcher(text.value());
    while (dotted.find()) {
      List<String> members = new ArrayList<>();
      List<String> dots = new ArrayList<>();
      Matcher step = STEP.matcher(dotted.group(2));
      while (step.find()) {
        members.add(step.group(1) != null ? step.group(1) : step.group(3));
        dots.add(step.group(1) == null ? "" : step.group(1));
      }
      boolean body = dotted.group(1) != null;
      boolean wrong =
          body
              ? samples.stream().anyMatch(sample -> has(sample, members.get(0)))
              : dots.stream().anyMatch(dot -> !dot.isEmpty() && !OF_COLLECTIONS.contains(dot));
      if (wrong) {
        findings.problem(
            text.at(dotted.start()),
            dotted.group()
                + (body
                    ? ": the body is text and has no members"
                    : ": a route reads members of the event with brackets"),
            "write ${variable.event[%s]}".formatted(String.join("][", members)));
      }
    }
  }

  private static boolean has(SampleEvent sample, String member) {
    return sample.variables().get("event") instanceof Map<?, ?> event && event.containsKey(member);
  }

  /**
   * In a template.
   *
   * @param local the names that the template itself gives
   */
  static void template(Findings findings, Path file, String text, Set<String> local) {
    Matcher ofRoute = OF_A_ROUTE.matcher(text);
    while (ofRoute.find()) {
      String right =
          ofRoute.group(1) == null
              ? "write {{ event.… }}, as in {{ event.data.amount }}"
              : "write {{ " + ofRoute.group(1) + dots(ofRoute.group(2)) + " }}";
      findings.problem(
          Location.in(file, text, ofRoute.start()),
          ofRoute.group() + " is a route's notation, and goes out of a template as it is",
          right);
    }
    Matcher tags = TemplateText.TAG.matcher(text);
    while (tags.find()) {
      int group = tags.group(1) != null ? 1 : 2;
      if (tags.group(group) == null) {
        continue;
      }
      Matcher brackets = BRACKETS.matcher(tags.group(group));
      while (brackets.find()) {
        if (!local.contains(brackets.group(2))) {
          findings.problem(
              Location.in(file, text, tags.start(group) + brackets.start()),
              brackets.group() + ": a template reads members with dots",
              "write event" + dots(brackets.group(1)));
        }
      }
    }
  }

  /** Members in a template's notation: {@code .data.customer["first name"]}. */
  private static String dots(String steps) {
    StringBuilder dots = new StringBuilder();
    Matcher step = STEP.matcher(steps);
    while (step.find()) {
      String member = step.group(1) != null ? step.group(1) : step.group(3);
      dots.append(
          member.matches("[A-Za-z_]\\w*")
              ? "." + member
              : member.matches("\\d+") ? "[" + member + "]" : "[\"" + member + "\"]");
    }
    return dots.toString();
  }

  /** Values that become part of JSON or SQL which a route writes out: at most one is told. */
  static void spliced(Findings findings, Written text, List<SampleEvent> samples) {
    boolean json = JSON.matcher(text.value()).matches();
    if (!json && !SQL.matcher(text.value()).matches()) {
      return;
    }
    Matcher value = Rehearsal.VALUE.matcher(text.value());
    while (value.find()) {
      VariablePath path = Rehearsal.path(value);
      if (path.variable().equals("event") && !isPlain(path, samples)) {
        findings.warn(
            text.at(value.start()),
            value.group()
                + (json
                    ? " becomes part of the JSON as it is, so a quote in it breaks the JSON or adds"
                        + " members"
                    : " becomes part of the SQL as it is, so a quote in it breaks the SQL or runs"
                        + " more of it"),
            json
                ? "render a .json template, where {{ … | json }} writes any value, as crm-sink does"
                : "let kamelet:database-sink bind the values of an SQL file, or write :?name with a"
                    + " header 'name' and useHeadersAsParameters");
        return;
      }
    }
  }

  /** Whether it is a number, true or false in every sample. */
  private static boolean isPlain(VariablePath path, List<SampleEvent> samples) {
    return !samples.isEmpty()
        && samples.stream()
            .map(sample -> path.in(sample.variables()))
            .allMatch(each -> each instanceof Number || each instanceof Boolean);
  }
}

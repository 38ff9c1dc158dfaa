package io.payhook.tools.check;

import io.payhook.effects.EffectException;
import io.payhook.effects.RouteText;
import io.payhook.effects.VariablePath;
import io.payhook.kit.Lines;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Findings.Written;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;

/**
 * Tries what a route's effects stand on with sample events: SQL files against tables, templates,
 * and the texts that the route gives a kamelet. Nothing is sent and nothing is kept.
 */
final class Rehearsal {
  static final Pattern VALUE =
      Pattern.compile(
          "\\$\\{\\s*variables?[.:](?!size\\s*})([A-Za-z_][A-Za-z0-9_]*)((?:(?:\\?\\.)?\\[[^\\[\\]]+])*)\\s*}");
  private static final Pattern MEMBER = Pattern.compile("\\[(['\"]?)(.+?)\\1]");

  private final Findings findings;
  private final List<SampleEvent> samples;
  private final Set<String> variables;
  private final boolean complete;

  /**
   * @param samples the events that the route may get; none: only what holds for every event is
   *     tried
   * @param others the variables that the route sets itself
   * @param complete whether there are no other variables
   */
  Rehearsal(Findings findings, List<SampleEvent> samples, Set<String> others, boolean complete) {
    this.findings = findings;
    this.samples = List.copyOf(samples);
    this.variables = new LinkedHashSet<>(VariablePath.OF_A_DELIVERY);
    this.variables.addAll(others);
    this.complete = complete;
  }

  List<SampleEvent> samples() {
    return samples;
  }

  /**
   * Tries a file of statements.
   *
   * @param connection within a transaction that will be rolled back, or null: the statements are
   *     only read
   */
  void sql(Path file, @Nullable Connection connection) throws SQLException {
    new SqlRehearsal(findings, this).check(file, connection);
  }

  /**
   * What a file of statements lacks in a database that has its tables; nothing is run. A file that
   * can't be read has been told of by {@link #sql}.
   */
  void described(Path file, Connection connection) throws SQLException {
    new SqlRehearsal(findings, this).described(file, connection);
  }

  /** Renders a template with each sample; one of JSON has to give JSON. */
  void template(Path file) {
    new TemplateRehearsal(findings, this).check(file);
  }

  /** Tries a text of a route in which {@code ${…}} stands for values of the event. */
  void text(CamelContext context, Written text) {
    try {
      RouteText.parse(context, text.value());
    } catch (EffectException e) {
      findings.problem(
          text.at(Math.max(0, text.value().indexOf("${"))),
          Lines.first(e.getMessage()),
          "${variable.event[data][…]} reads a value of the event");
      return;
    }
    values(text);
  }

  /** Values of the event that no sample has, in any text with {@code ${variable.…}}. */
  void values(Written text) {
    Notation.text(findings, text, samples);
    Matcher value = VALUE.matcher(text.value());
    while (value.find()) {
      Missing missing = missing(path(value));
      if (missing != null) {
        findings.problem(
            text.at(value.start()),
            missing.what(value.group()),
            missing.right("", "add it to a sample"));
      }
    }
  }

  /** Values that become part of JSON or SQL which a route writes out as text. */
  void spliced(Written text) {
    Notation.spliced(findings, text, samples);
  }

  /** The path that a match of {@link #VALUE} names. */
  static VariablePath path(MatchResult value) {
    return new VariablePath(
        value.group(1), MEMBER.matcher(value.group(2)).results().map(m -> m.group(2)).toList());
  }

  // What samples have

  /**
   * Why a value can't be had.
   *
   * @param member whether it is a member of the event, not a variable
   * @param depth how much of its path is there
   */
  record Missing(boolean member, String name, @Nullable String meant, String where, int depth) {
    String what(String written) {
      return member
          ? "%s: %s has no '%s'".formatted(written, where, name)
          : "%s: there is no variable '%s'".formatted(written, name);
    }

    String right(String prefix, String otherwise) {
      if (meant != null) {
        return "did you mean '%s%s'?".formatted(member ? "" : prefix, meant);
      }
      return member
          ? "add it to a sample if the platform sends it, or " + otherwise
          : "a delivery has " + String.join(", ", VariablePath.OF_A_DELIVERY);
    }
  }

  /** Why a path leads to nothing in any event; null where it leads to something in one. */
  @Nullable Missing missing(VariablePath path) {
    String root = path.variable();
    if (!variables.contains(root)) {
      return complete
          ? new Missing(false, root, Nearest.to(root, variables).orElse(null), "", 0)
          : null;
    }
    if (samples.isEmpty() || !root.equals("event") || path.members().isEmpty()) {
      return null;
    }
    Missing nearest = null;
    for (SampleEvent sample : samples) {
      Missing missing = missing(sample, path.members());
      if (missing == null) {
        return null;
      }
      // The sample that has most of the path shows best what was meant.
      if (nearest == null || missing.depth() > nearest.depth()) {
        nearest = missing;
      }
    }
    return nearest;
  }

  private static @Nullable Missing missing(SampleEvent sample, List<String> members) {
    Object value = sample.variables().get("event");
    for (int depth = 0; depth < members.size(); depth++) {
      String member = members.get(depth);
      Collection<String> there = List.of();
      boolean has = false;
      Object next = null;
      if (value instanceof Map<?, ?> map) {
        has = map.containsKey(member);
        next = map.get(member);
        there = map.keySet().stream().map(String::valueOf).toList();
      } else if (value instanceof List<?> list) {
        has = member.matches("\\d{1,6}") && Integer.parseInt(member) < list.size();
        next = has ? list.get(Integer.parseInt(member)) : null;
      } else if (value == null) {
        // What is null in a sample may be anything in another event.
        return null;
      }
      if (!has) {
        String meant = Nearest.to(member, there).orElse(null);
        return new Missing(true, member, meant, "sample " + sample.name(), depth);
      }
      value = next;
    }
    return null;
  }
}

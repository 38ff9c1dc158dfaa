package io.payhook.tools.check;

import io.payhook.files.Trouble;
import io.payhook.kit.Lines;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.routes.Finding;
import io.payhook.routes.Finding.Severity;
import io.payhook.routes.ReloadProblem;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Collects the mistakes in a folder, and knows what its placeholders mean. */
final class Findings {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^{}]+)}}");

  private final SortedSet<Finding> all = new TreeSet<>();
  private final UnaryOperator<String> placeholders;
  private final Collection<String> names;

  /**
   * @param placeholders resolves {@code {{…}}} in a text; throws for a name nobody set
   * @param names those it knows, for suggestions
   */
  Findings(UnaryOperator<String> placeholders, Collection<String> names) {
    this.placeholders = placeholders;
    this.names = names;
  }

  /** A text of a file with its placeholders resolved. */
  record Written(Text text, String value) {

    /** Where a character stands, as far as that is known: a placeholder's value stands nowhere. */
    Location at(int offset) {
      return text.at(value.equals(text.value()) ? offset : 0);
    }
  }

  /** In their order, so far. */
  List<Finding> all() {
    return List.copyOf(all);
  }

  boolean hasFatal() {
    return all.stream().anyMatch(Finding::isFatal);
  }

  void problem(Location at, String what, String right) {
    add(at, Severity.PROBLEM, what, right);
  }

  /** Of what works, and must not stay so. */
  void unsound(Location at, String what, String right) {
    add(at, Severity.UNSOUND, what, right);
  }

  /** Of what works, and does what hardly anybody means. */
  void warn(Location at, String what, String right) {
    add(at, Severity.WARNING, what, right);
  }

  void note(Path file, String what, String right) {
    add(Location.start(file), Severity.NOTE, what, right);
  }

  void trouble(Trouble trouble) {
    problem(Location.start(trouble.file()), trouble.what(), trouble.right());
  }

  /** A message that may hold what would be right behind its last semicolon. */
  void message(Location at, String prefix, String message, String right) {
    String line = Lines.one(message);
    int semicolon = line.lastIndexOf("; ");
    problem(
        at,
        prefix + (semicolon < 0 ? line : line.substring(0, semicolon)),
        semicolon < 0 ? right : line.substring(semicolon + 2));
  }

  private void add(Location at, Severity severity, String what, String right) {
    String file = ReloadProblem.shown(at.file()).toString();
    all.add(new Finding(file, at.line(), at.column(), severity, what, right));
  }

  // Placeholders

  /**
   * A text with its placeholders resolved.
   *
   * @return empty where one of them can't be; {@link #placeholders} says that
   */
  Optional<String> resolved(String text) {
    if (!text.contains("{{")) {
      return Optional.of(text);
    }
    try {
      return Optional.of(placeholders.apply(text));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** As {@link #resolved}, of what stands in a file. */
  Optional<Written> written(Text text) {
    return resolved(text.value()).map(value -> new Written(text, value));
  }

  /** Finds what no one set, in all of a file. */
  void placeholders(Located node, Collection<String> local) {
    if (node instanceof Located.Map map) {
      map.entries().forEach(entry -> placeholders(entry.value(), local));
    } else if (node instanceof Located.Items list) {
      list.items().forEach(item -> placeholders(item, local));
    } else if (node instanceof Text text && text.value().contains("{{")) {
      Matcher each = PLACEHOLDER.matcher(text.value());
      while (each.find()) {
        String inside = each.group(1).strip();
        String name = inside.replaceFirst("^[?!]", "").replaceFirst(":.*$", "");
        if (!local.contains(name) && !inside.startsWith("?")) {
          placeholder(text.at(each.start()), each.group(), name);
        }
      }
    }
  }

  private void placeholder(Location at, String written, String name) {
    try {
      String unused = placeholders.apply(written);
    } catch (RuntimeException e) {
      String message = String.valueOf(Lines.root(e).getMessage());
      if (message.startsWith("environment variable ") || message.contains("secrets.properties")) {
        message(at, written + ": ", message, "set it");
      } else if (name.equals("env") || written.startsWith("{{env:")) {
        String variable = written.substring(2, written.length() - 2).replaceFirst("^env:", "");
        problem(
            at,
            "%s: environment variable %s is not set".formatted(written, variable),
            "set it, or give a default as in {{env:%s:default}}".formatted(variable));
      } else {
        problem(
            at,
            "%s: nobody sets '%s'".formatted(written, name),
            Nearest.meant(
                name,
                names,
                "set it in application.properties, or give a default as in {{%s:default}}"
                    .formatted(name)));
      }
    }
  }
}

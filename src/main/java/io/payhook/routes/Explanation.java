package io.payhook.routes;

import io.payhook.kit.Lines;
import io.payhook.signature.ProviderException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.FailedToStartRouteException;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;

/** Turns what Camel throws into a line for a person: where, and what. */
final class Explanation {
  private static final Pattern LINE = Pattern.compile(":(\\d+)$");

  private Explanation() {}

  static List<ReloadProblem> of(Path file, String text, Throwable thrown) {
    ProviderException provider = find(thrown, ProviderException.class);
    if (provider != null) {
      String prefix =
          thrown.getMessage() == null ? "" : thrown.getMessage().replaceAll(":.*", ": ");
      boolean named = thrown != provider && prefix.startsWith("endpoint ");
      return provider.problems().stream()
          .map(problem -> ReloadProblem.of(file, (named ? prefix : "") + problem))
          .toList();
    }
    MarkedYamlEngineException marked = find(thrown, MarkedYamlEngineException.class);
    if (marked != null && marked.getProblemMark().isPresent()) {
      Mark mark = marked.getProblemMark().get();
      String what = Optional.ofNullable(marked.getProblem()).orElse("not YAML");
      return List.of(
          ReloadProblem.at(
              file,
              mark.getLine() + 1,
              mark.getColumn() + 1,
              Lines.open(what).replaceFirst("^Unknown node id: (\\S+)$", "no such step '$1'")));
    }
    int line = line(thrown);
    String what =
        innermost(thrown)
            .replaceFirst(
                "^No endpoint could be found for: ([\\w.+-]+):.*", "there is no component '$1'")
            .replaceFirst(
                "^No bean could be found in the registry for: (\\S+)( of type.*)?$",
                "there is no bean '$1'");
    return List.of(ReloadProblem.at(file, line, column(text, line), what));
  }

  private static int line(Throwable thrown) {
    FailedToCreateRouteException created = find(thrown, FailedToCreateRouteException.class);
    FailedToStartRouteException started = find(thrown, FailedToStartRouteException.class);
    String location =
        created != null ? created.getLocation() : started != null ? started.getLocation() : null;
    Matcher matcher = LINE.matcher(location == null ? "" : location);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Where the line's text begins. */
  private static int column(String text, int line) {
    return text.lines()
        .skip(Math.max(0, line - 1L))
        .findFirst()
        .filter(content -> line > 0)
        .map(content -> content.length() - content.stripLeading().length() + 1)
        .orElse(0);
  }

  static String innermost(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null
        && cause.getCause() != cause
        && !(cause instanceof IllegalArgumentException && says(cause))) {
      cause = cause.getCause();
    }
    return Lines.open(says(cause) ? cause.getMessage() : cause.getClass().getSimpleName());
  }

  private static boolean says(Throwable thrown) {
    return thrown.getMessage() != null
        && (thrown.getCause() == null || !thrown.getMessage().equals(thrown.getCause().toString()));
  }

  private static <T extends Throwable> @Nullable T find(Throwable thrown, Class<T> type) {
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < 50; depth++) {
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
      cause = cause.getCause();
    }
    return null;
  }
}

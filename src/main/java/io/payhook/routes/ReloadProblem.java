package io.payhook.routes;

import io.payhook.files.Visible;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a file on disk is not the one that runs.
 *
 * @param file relative to the working directory where it is below it
 * @param line from 1; 0 where the problem is the file as a whole
 * @param column from 1; 0 where the line is not known
 * @param text what is wrong and, where known, what would be right
 */
public record ReloadProblem(Path file, int line, int column, String text) {
  private static final Pattern PLACED =
      Pattern.compile("(?s)([^:\\s][^:]*[./][^:]*)(?::(\\d+)(?::(\\d+))?)?: (.*)");

  /** What is invisible is written so that a person sees it. */
  public ReloadProblem {
    text = Visible.of(text);
  }

  static ReloadProblem of(Path file, String text) {
    return new ReloadProblem(shown(file), 0, 0, text);
  }

  /** A line that begins with a file and perhaps a place in it. */
  static ReloadProblem parse(Path otherwise, String problem) {
    Matcher placed = PLACED.matcher(problem);
    if (!placed.matches()) {
      return of(otherwise, problem);
    }
    return at(
        Path.of(placed.group(1)),
        placed.group(2) == null ? 0 : Integer.parseInt(placed.group(2)),
        placed.group(3) == null ? 0 : Integer.parseInt(placed.group(3)),
        placed.group(4));
  }

  static ReloadProblem at(Path file, int line, int column, String text) {
    return new ReloadProblem(shown(file), line, column, text);
  }

  static ReloadProblem of(Finding finding) {
    return new ReloadProblem(
        Path.of(finding.file()),
        finding.line(),
        finding.column(),
        finding.what() + "; " + finding.right());
  }

  /** A file as messages name it: relative to the working folder where it lies below it. */
  public static Path shown(Path file) {
    Path here = Path.of("").toAbsolutePath();
    Path whole = file.toAbsolutePath().normalize();
    return whole.startsWith(here) ? here.relativize(whole) : whole;
  }

  /** {@code file:line:column: text}. */
  @Override
  public String toString() {
    return file
        + (line > 0 ? ":" + line : "")
        + (line > 0 && column > 0 ? ":" + column : "")
        + ": "
        + text;
  }
}

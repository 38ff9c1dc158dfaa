package io.payhook.routes;

import java.nio.file.Path;

/**
 * Why a file on disk is not the one that runs.
 *
 * @param file relative to the working directory where it is below it
 * @param line from 1; 0 where the problem is the file as a whole
 * @param column from 1; 0 where the line is not known
 * @param text what is wrong and, where known, what would be right
 */
public record ReloadProblem(Path file, int line, int column, String text) {
  static ReloadProblem of(Path file, String text) {
    return new ReloadProblem(shown(file), 0, 0, text);
  }

  static ReloadProblem at(Path file, int line, int column, String text) {
    return new ReloadProblem(shown(file), line, column, text);
  }

  static Path shown(Path file) {
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

package io.payhook.kit;

import java.nio.file.Path;

/** A place in a file; line and column are counted from 1. */
public record Location(Path file, int line, int column) {

  /** Where a file begins, for what is wrong with all of it. */
  public static Location start(Path file) {
    return new Location(file, 1, 1);
  }

  /**
   * Where a character of a file's text stands; the nearest one where there is no such character.
   */
  public static Location in(Path file, String text, int offset) {
    String before = text.substring(0, Math.max(0, Math.min(offset, text.length())));
    int lineStart = before.lastIndexOf('\n') + 1;
    int line = 1 + (int) before.chars().filter(c -> c == '\n').count();
    return new Location(file, line, before.length() - lineStart + 1);
  }

  /** {@code file:line:column}. */
  @Override
  public String toString() {
    return file + ":" + line + ":" + column;
  }
}

package io.payhook.routes;

import io.payhook.files.Visible;
import java.util.Comparator;

/**
 * One mistake in the integration team's files.
 *
 * @param file the file, relative to the working folder where it lies below it
 * @param line counted from 1
 * @param column counted from 1
 * @param severity whether it works at all
 * @param what what is wrong
 * @param right what would be right
 */
public record Finding(
    String file, int line, int column, Severity severity, String what, String right)
    implements Comparable<Finding> {
  private static final Comparator<Finding> ORDER =
      Comparator.comparing(Finding::isNote)
          .thenComparing(Finding::file)
          .thenComparingInt(Finding::line)
          .thenComparingInt(Finding::column)
          .thenComparing(Finding::toString);

  /** How much a mistake matters. */
  public enum Severity {
    /** It does not work. */
    PROBLEM,
    /**
     * It works, and must not stay so: a secret in clear, a type of events without a sample. A
     * service that has it starts; a reload that brings it is refused.
     */
    UNSOUND,
    /** It works, and does what hardly anybody means. */
    WARNING,
    /** No file is wrong, and a person wonders later unless it is said. */
    NOTE
  }

  /** What is invisible is written so that a person sees it. */
  public Finding {
    what = Visible.of(what);
    right = Visible.of(right);
  }

  /** A problem. */
  public Finding(String file, int line, int column, String what, String right) {
    this(file, line, column, Severity.PROBLEM, what, right);
  }

  public boolean isWarning() {
    return severity == Severity.WARNING;
  }

  /** Whether nothing starts with it. */
  public boolean isFatal() {
    return severity == Severity.PROBLEM;
  }

  /** Whether it works and must not stay so. */
  public boolean isUnsound() {
    return severity == Severity.UNSOUND;
  }

  /** Whether a check may well end with it. */
  public boolean isNote() {
    return severity == Severity.NOTE;
  }

  /** By place; notes come last. */
  @Override
  public int compareTo(Finding other) {
    return ORDER.compare(this, other);
  }

  /** {@code file:line:column: what is wrong; what would be right}. */
  @Override
  public String toString() {
    String kind = isWarning() ? "warning: " : isNote() ? "note: " : "";
    return file + ":" + line + ":" + column + ": " + kind + what + "; " + right;
  }
}

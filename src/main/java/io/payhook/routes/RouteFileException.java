package io.payhook.routes;

import java.util.List;

/**
 * Route files that can't be used; each problem is a line that names the file, what is wrong and
 * what would be right.
 */
public final class RouteFileException extends Exception {
  private static final long serialVersionUID = 1;
  private final List<String> problems;

  public RouteFileException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}

package io.payhook.settings;

import java.util.List;

/** The settings cannot be used: all problems at once, each a line with its place and its remedy. */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  SettingsException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /**
   * One line per problem, in the order of the files, the environment and the command line. Never
   * contains a secret.
   */
  public List<String> problems() {
    return problems;
  }
}

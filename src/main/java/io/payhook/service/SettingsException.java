package io.payhook.service;

import java.util.List;

/**
 * The settings cannot be used: every problem at once, each one line that says where it stands and
 * what would be right.
 */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  SettingsException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /**
   * One line a problem, in the order of the files, the environment and the command line. Never
   * holds a secret.
   */
  public List<String> problems() {
    return problems;
  }
}

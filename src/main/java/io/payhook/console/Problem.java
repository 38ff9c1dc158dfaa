package io.payhook.console;

import org.jspecify.annotations.Nullable;

/** Why a request cannot be answered; the message says what would be right. */
final class Problem extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;
  private final String error;
  private final @Nullable String parameter;

  Problem(int status, String error, @Nullable String parameter, String message) {
    super(message, null, false, false);
    this.status = status;
    this.error = error;
    this.parameter = parameter;
  }

  static Problem parameter(String name, String message) {
    return new Problem(400, "bad-parameter", name, message);
  }

  static Problem notFound(String message) {
    return new Problem(404, "not-found", null, message);
  }

  int status() {
    return status;
  }

  /** One kebab-case word. */
  String error() {
    return error;
  }

  /** The parameter that is wrong, if it is one. */
  @Nullable String parameter() {
    return parameter;
  }
}

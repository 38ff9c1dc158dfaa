package io.payhook.settings;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.apache.camel.util.IOHelper;
import org.jspecify.annotations.Nullable;

/**
 * The environment variables. A variable that is not set may be read from the file that {@code
 * NAME_FILE} names, as container platforms mount secrets; the file is read again each time.
 */
record Environment(UnaryOperator<@Nullable String> variables) {
  private static final String FILE = "_FILE";

  static Environment ofProcess() {
    return new Environment(IOHelper::lookupEnvironmentVariable);
  }

  /**
   * The value of a variable, or null.
   *
   * @throws IllegalArgumentException if its file cannot be read; the message is a sentence for
   *     people
   */
  @Nullable String get(String name) {
    String value = variables.apply(name);
    Path file = file(name);
    if (file == null) {
      return value;
    }
    if (value != null && !value.isEmpty()) {
      throw new IllegalArgumentException(
          "environment variables %s and %s are both set; keep one of the two"
              .formatted(name, name + FILE));
    }
    try {
      return read(file);
    } catch (IOException e) {
      String problem =
          e instanceof NoSuchFileException
              ? "is not there"
              : e instanceof AccessDeniedException
                  ? "may not be read by this user"
                  : "can't be read as a text: " + e.getMessage();
      throw new IllegalArgumentException(
          "environment variable %s names %s, which %s; put the value there, or set %s"
              .formatted(name + FILE, file, problem, name),
          e);
    }
  }

  /** The file with the value of a variable, or null. */
  @Nullable Path file(String name) {
    String file = variables.apply(name + FILE);
    return file == null || file.isBlank() ? null : Path.of(file.strip()).toAbsolutePath();
  }

  /** A value in a file, without its line end. */
  static String read(Path file) throws IOException {
    return Files.readString(file).replaceFirst("\\R+$", "");
  }
}

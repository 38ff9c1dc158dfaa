package io.payhook.service;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.camel.util.IOHelper;
import org.jspecify.annotations.Nullable;

/**
 * The environment variables. One that is not set may stand in a file that {@code NAME_FILE} names,
 * as container platforms mount secrets; that is read anew each time.
 */
record Environment(UnaryOperator<@Nullable String> variables) {
  private static final String FILE = "_FILE";

  static Environment ofProcess() {
    return new Environment(IOHelper::lookupEnvironmentVariable);
  }

  /**
   * The value of a variable, or null.
   *
   * @throws IllegalArgumentException when its file can't be read; a sentence for a person
   */
  @Nullable String get(String name) {
    String value = variables.apply(name);
    Path file = file(name);
    if (file == null) {
      return value;
    }
    if (value != null && !value.isEmpty()) {
      throw new IllegalArgumentException(
          "environment variables "
              + name
              + " and "
              + name
              + FILE
              + " are both set; keep one of the two");
    }
    try {
      return read(file);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "environment variable "
              + name
              + FILE
              + " names "
              + file
              + ", which "
              + (e instanceof NoSuchFileException
                  ? "is not there"
                  : e instanceof AccessDeniedException
                      ? "may not be read by this user"
                      : "can't be read as a text: " + e.getMessage())
              + "; put the value there, or set "
              + name,
          e);
    }
  }

  /** The file that has the value of a variable, or null. */
  @Nullable Path file(String name) {
    String file = variables.apply(name + FILE);
    return file == null || file.isBlank() ? null : Path.of(file.strip()).toAbsolutePath();
  }

  /** A value in a file; the end of its line does not count. */
  static String read(Path file) throws IOException {
    return Files.readString(file).replaceFirst("\\R+$", "");
  }

  /** The files that stand for variables of these names or ends of names, by variable. */
  static Map<String, Path> files(Map<String, String> all, String... ends) {
    Map<String, Path> files = new LinkedHashMap<>();
    all.keySet().stream()
        .sorted()
        .forEach(
            variable -> {
              String name =
                  variable.endsWith(FILE)
                      ? variable.substring(0, variable.length() - FILE.length())
                      : "";
              Path file = new Environment(all::get).file(name);
              for (String end : ends) {
                if (name.endsWith(end) && file != null) {
                  files.put(name, file);
                }
              }
            });
    return files;
  }
}

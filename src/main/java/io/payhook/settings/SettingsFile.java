package io.payhook.settings;

import io.payhook.files.TextFile;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** A properties file in which every entry knows its line. */
record SettingsFile(Path path, List<Entry> entries) {

  record Entry(String key, String value, int line) {}

  /**
   * Reads a file in UTF-8.
   *
   * @throws IOException if it cannot be read; the message says why
   */
  static SettingsFile read(Path path) throws IOException {
    List<String> lines = TextFile.read(path).lines().toList();
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      int first = i;
      String start = lines.get(i).stripLeading();
      if (start.isEmpty() || start.charAt(0) == '#' || start.charAt(0) == '!') {
        continue;
      }
      StringBuilder entry = new StringBuilder(start);
      while (continues(lines.get(i)) && i + 1 < lines.size()) {
        i++;
        entry.append('\n').append(lines.get(i));
      }
      Properties one = new Properties();
      try {
        one.load(new StringReader(entry.toString()));
      } catch (IllegalArgumentException e) {
        throw new IOException("line " + (first + 1) + " has a broken \\u escape", e);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      for (String key : one.stringPropertyNames()) {
        entries.add(new Entry(key, one.getProperty(key).strip(), first + 1));
      }
    }
    return new SettingsFile(path, List.copyOf(entries));
  }

  /** A line that ends in an odd number of backslashes continues in the next one. */
  private static boolean continues(String line) {
    int backslashes = 0;
    while (backslashes < line.length() && line.charAt(line.length() - 1 - backslashes) == '\\') {
      backslashes++;
    }
    return backslashes % 2 == 1;
  }
}

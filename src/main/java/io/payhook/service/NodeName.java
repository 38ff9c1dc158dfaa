package io.payhook.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The name of this node on the journal, made once and kept in the data folder unless {@code
 * payhook.node} sets it.
 */
final class NodeName {
  private NodeName() {}

  static String of(Settings settings) {
    String set = settings.get(Key.NODE);
    if (!set.isBlank()) {
      return set.strip();
    }
    Path file = settings.data().resolve("node");
    try {
      if (Files.exists(file)) {
        return Files.readString(file).strip();
      }
      String name = "node-" + DataFolder.random(4);
      DataFolder.writePrivate(file, name + "\n");
      return name;
    } catch (IOException e) {
      throw new StartException(
          file + " can't be read or written: " + e.getMessage() + "; mend it or set payhook.node",
          e);
    }
  }
}

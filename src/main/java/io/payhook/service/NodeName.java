package io.payhook.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

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
      byte[] random = new byte[4];
      new SecureRandom().nextBytes(random);
      String name = "node-" + HexFormat.of().formatHex(random);
      Files.writeString(file, name + System.lineSeparator());
      return name;
    } catch (IOException e) {
      throw new StartException(
          file + " can't be read or written: " + e.getMessage() + "; mend it or set payhook.node",
          e);
    }
  }
}

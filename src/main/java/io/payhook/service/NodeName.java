package io.payhook.service;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The name of this node on the journal, made once and kept in the data folder unless {@code
 * payhook.node} sets it; and what tells its data folder from every other one.
 */
final class NodeName {
  private NodeName() {}

  static String of(Settings settings) {
    String set = settings.get(Key.NODE);
    if (!set.isBlank()) {
      return set.strip();
    }
    return kept(settings.data().resolve("node"), "node-", 4);
  }

  /**
   * Names the data folder that this process has to itself. A copy of it is another one: it has the
   * same files, but is another folder.
   */
  static String home(Settings settings) {
    Path data = settings.data();
    String id = kept(data.resolve("node-home"), "", 16);
    try {
      Object key = Files.readAttributes(data, BasicFileAttributes.class).fileKey();
      return host() + " " + data.toRealPath() + " " + key + " " + id;
    } catch (IOException e) {
      throw new StartException(data + " can't be read: " + e.getMessage(), e);
    }
  }

  /** The name of this machine, for people. */
  static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  private static String kept(Path file, String prefix, int bytes) {
    try {
      if (Files.exists(file)) {
        return Files.readString(file).strip();
      }
      byte[] random = new byte[bytes];
      new SecureRandom().nextBytes(random);
      String text = prefix + HexFormat.of().formatHex(random);
      Files.writeString(file, text + System.lineSeparator());
      return text;
    } catch (IOException e) {
      throw new StartException(
          file + " can't be read or written: " + e.getMessage() + "; mend it or set payhook.node",
          e);
    }
  }
}

package io.payhook.service;

import io.payhook.settings.DataFolder;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * The name of this node, generated once and stored in the data folder unless {@code payhook.node}
 * sets it, and the identity of its data folder.
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
   * Identifies the data folder that this process has locked. A copy of it has the same files but
   * another identity.
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

  /** The name of this machine, for messages. */
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
      String text = prefix + DataFolder.random(bytes);
      DataFolder.writePrivate(file, text + "\n");
      return text;
    } catch (IOException e) {
      throw new StartException(
          file + " can't be read or written: " + e.getMessage() + "; mend it or set payhook.node",
          e);
    }
  }
}

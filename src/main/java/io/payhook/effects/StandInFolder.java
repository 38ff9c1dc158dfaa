package io.payhook.effects;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * The folder in which a stand-in stores what it receives. It contains customers' data, so only the
 * user who runs Payhook can read it. A file is complete from the moment it is visible.
 */
final class StandInFolder {
  private static final String UNFINISHED = ".tmp";
  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private final Path folder;

  /** Writes a file's content. */
  @FunctionalInterface
  interface Content {
    void to(OutputStream out) throws IOException;
  }

  /**
   * @param folder created if it does not exist; partial files of an earlier process are removed
   * @throws IOException if it cannot be created or read
   */
  StandInFolder(Path folder) throws IOException {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(folder + " is a file; a folder, or nothing, would be right", e);
    }
    if (POSIX) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, ".*" + UNFINISHED)) {
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
    }
  }

  Path path() {
    return folder;
  }

  /** Writes a file of this name and returns its path. */
  Path write(String name, Content content) throws IOException {
    Path unfinished = folder.resolve("." + name + UNFINISHED);
    Path file = folder.resolve(name);
    FileAttribute<?>[] own =
        POSIX
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try {
      try (OutputStream out =
          Channels.newOutputStream(
              Files.newByteChannel(
                  unfinished,
                  Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                  own))) {
        content.to(out);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      // Already moved, unless something went wrong, such as a full disk.
      Files.deleteIfExists(unfinished);
    }
    return file;
  }
}

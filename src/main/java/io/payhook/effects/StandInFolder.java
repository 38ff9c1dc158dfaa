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
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The folder in which a stand-in stores what it receives. It contains customers' data, so only the
 * user who runs Payhook can read it. A file is complete from the moment it is visible.
 */
public final class StandInFolder {
  private static final String UNFINISHED = ".tmp";
  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final Path folder;
  private final AtomicLong sequence = new AtomicLong();

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    void to(OutputStream out) throws IOException;
  }

  /**
   * @param folder created if it does not exist; partial files of an earlier process are removed
   * @throws IOException if it cannot be created or read
   */
  public StandInFolder(Path folder) throws IOException {
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

  public Path path() {
    return folder;
  }

  /** Continues a sequence that had come to this number. */
  public void continueFrom(long number) {
    sequence.accumulateAndGet(number, Math::max);
  }

  /** The next file's name, so that files sort by time: {@code 20261123T201502.123Z-000001-…}. */
  public String name(Instant now, String rest) {
    return "%s-%06d-%s".formatted(TIME.format(now), sequence.incrementAndGet(), rest);
  }

  /** Writes a file of this name and returns its path. */
  public Path write(String name, Content content) throws IOException {
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

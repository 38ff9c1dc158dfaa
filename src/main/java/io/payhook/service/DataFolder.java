package io.payhook.service;

import io.payhook.files.TextFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The folder of everything one running Payhook keeps, held by one process at a time. What is in it
 * is for its owner's eyes only.
 */
final class DataFolder implements AutoCloseable {
  private static final String LOCK = "payhook.lock";
  private static final Set<PosixFilePermission> PRIVATE_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final FileAttribute<?> AS_PRIVATE_FILE =
      PosixFilePermissions.asFileAttribute(PRIVATE_FILE);
  private static final FileAttribute<?> AS_PRIVATE_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel channel;

  private DataFolder(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Makes the folder where it is missing and takes it for this process.
   *
   * @throws StartException when it cannot be written to, or another process has it
   */
  static DataFolder take(Path path) {
    create(path);
    // Closing any channel of a file gives up this process's lock on it: never open it twice.
    if (!TAKEN.add(path)) {
      throw inUse(path, "this process");
    }
    FileChannel channel = null;
    try {
      channel = openPrivate(path.resolve(LOCK));
      if (channel.tryLock() == null) {
        String holder = read(path.resolve(LOCK)).orElse("");
        throw inUse(path, holder.isEmpty() ? "another process" : "process " + holder);
      }
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(bytes(ProcessHandle.current().pid() + "\n")));
      return new DataFolder(path, channel);
    } catch (IOException e) {
      release(path, channel);
      throw unusable("The data folder " + path, e);
    } catch (StartException e) {
      release(path, channel);
      throw e;
    }
  }

  private static StartException inUse(Path path, String holder) {
    return new StartException(
        "The data folder "
            + path
            + " is in use by another Payhook ("
            + holder
            + "); stop that one, or give this one its own folder with --data");
  }

  /** Makes the folder where it is missing, without taking it. */
  static void create(Path path) {
    try {
      if (!Files.isDirectory(path)) {
        Path parent = path.getParent();
        if (parent != null) {
          // One of them may be the data folder: that is as private, whoever makes it first.
          Files.createDirectories(parent, AS_PRIVATE_FOLDER);
        }
        Files.createDirectory(path, AS_PRIVATE_FOLDER);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(path)) {
        throw new StartException(
            "The folder "
                + path
                + " cannot be made: there is a file of that name; move it away, or name another data folder with --data",
            e);
      }
    } catch (IOException e) {
      throw unusable("The data folder " + path, e);
    }
  }

  Path path() {
    return path;
  }

  /**
   * A short text kept in a file only its owner can read, made at the first call.
   *
   * @param file made where it is missing
   * @param bytes how many random bytes to make it of; it is twice as many hex digits
   */
  static String secret(Path file, int bytes) {
    try {
      Optional<String> kept = read(file);
      if (kept.isPresent() && !kept.get().isEmpty()) {
        return kept.get();
      }
      String made = random(bytes);
      writePrivate(file, made + "\n");
      return made;
    } catch (IOException e) {
      throw unusable("The file " + file, e);
    }
  }

  /** Random hex digits, two a byte. */
  static String random(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /**
   * Writes a file that only its owner can read; readers see the old text or the new, never a part.
   */
  static void writePrivate(Path file, String text) throws IOException {
    Path made = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(made);
    try (FileChannel channel =
        FileChannel.open(
            made,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            AS_PRIVATE_FILE)) {
      channel.write(ByteBuffer.wrap(bytes(text)));
      channel.force(true);
    }
    Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The stripped text of a file, empty when there is none. */
  static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(TextFile.read(file).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Opens a file for reading and writing, made so that only its owner can read it. */
  static FileChannel openPrivate(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS),
        AS_PRIVATE_FILE);
  }

  /** One line for a person about a file or folder that cannot be used. */
  static StartException unusable(String what, IOException e) {
    String why = e.getMessage();
    if (e instanceof FileSystemException failure) {
      if (e instanceof AccessDeniedException) {
        why = "permission denied";
      } else if (e instanceof NoSuchFileException) {
        why = "there is no such folder";
      } else if (failure.getReason() != null) {
        why = failure.getReason();
      }
      why += failure.getFile() == null ? "" : " (" + failure.getFile() + ")";
    }
    return new StartException(
        what
            + " cannot be used: "
            + why
            + "; make it writable for this user, or name another with --data",
        e);
  }

  /** Gives the folder back. */
  @Override
  public void close() {
    release(path, channel);
  }

  private static void release(Path path, @Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // The lock goes with the process at the latest.
    } finally {
      TAKEN.remove(path);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

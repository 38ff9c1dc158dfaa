package io.payhook.settings;

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
 * The folder for everything a running Payhook stores, held by one process at a time and readable by
 * its owner only.
 */
public final class DataFolder implements AutoCloseable {
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
   * Creates the folder if it is missing and locks it for this process.
   *
   * @throws StartException if it is not writable, or if another process holds it
   */
  public static DataFolder take(Path path) {
    create(path);
    // Closing any channel of a file releases this process's lock on it: never open it twice.
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
        ("The data folder %s is in use by another Payhook (%s); stop that one, or give this one its"
                + " own folder with --data")
            .formatted(path, holder));
  }

  /** Creates the folder if it is missing, without locking it. */
  public static void create(Path path) {
    try {
      if (!Files.isDirectory(path)) {
        Path parent = path.getParent();
        if (parent != null) {
          // One of the parents may be the data folder, which is private whoever creates it first.
          Files.createDirectories(parent, AS_PRIVATE_FOLDER);
        }
        Files.createDirectory(path, AS_PRIVATE_FOLDER);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(path)) {
        throw new StartException(
            ("The folder %s cannot be made: there is a file of that name; move it away, or name"
                    + " another data folder with --data")
                .formatted(path),
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
   * A short secret text in a file that only its owner can read, generated at the first call.
   *
   * @param file created if it is missing
   * @param bytes number of random bytes; the text has twice as many hex digits
   */
  public static String secret(Path file, int bytes) {
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

  /** Random hex digits, two per byte. */
  public static String random(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /**
   * Writes a file that only its owner can read, atomically: readers see the old text or the new
   * one.
   */
  public static void writePrivate(Path file, String text) throws IOException {
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

  /** The stripped text of a file; empty if there is no file. */
  public static Optional<String> read(Path file) throws IOException {
    try {
      return Optional.of(TextFile.read(file).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Opens a file for reading and writing, created so that only its owner can read it. */
  public static FileChannel openPrivate(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS),
        AS_PRIVATE_FILE);
  }

  /** A line for people about a file or folder that cannot be used. */
  public static StartException unusable(String what, IOException e) {
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
        "%s cannot be used: %s; make it writable for this user, or name another with --data"
            .formatted(what, why),
        e);
  }

  /** Releases the folder. */
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
      // The lock ends with the process at the latest.
    } finally {
      TAKEN.remove(path);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

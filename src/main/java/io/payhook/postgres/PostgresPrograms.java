package io.payhook.postgres;

import io.payhook.settings.DataFolder;
import io.payhook.settings.StartException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's binaries for this platform, unpacked once from the archive on the class path.
 *
 * @param folder contains {@code bin}, {@code lib} and {@code share}
 * @param version the major version, such as 17
 */
record PostgresPrograms(Path folder, String version) {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresPrograms.class);

  /**
   * Manifest of what was unpacked, so that damage is found before it looks like a damaged database.
   */
  private static final String MANIFEST = "manifest";

  /** The binaries under {@code root}, unpacked there if they are missing. */
  static PostgresPrograms in(Path root) {
    String archive = archive();
    URL url = PostgresPrograms.class.getResource("/" + archive);
    if (url == null) {
      throw new StartException(
          ("There is no embedded PostgreSQL for this machine (%s); set payhook.database.url to a"
                  + " PostgreSQL of your own")
              .formatted(archive));
    }
    if (root.toString().matches(".*[\"$`\\\\\\n].*")) {
      throw new StartException(
          ("PostgreSQL cannot run from %s: the path holds a quote, $, ` or \\; name another folder"
                  + " with --data")
              .formatted(root));
    }
    try {
      Path folder = root.resolve(fingerprint(url));
      Optional<String> damage = damage(folder);
      if (damage.isPresent()) {
        if (Files.exists(folder)) {
          LOG.warn(
              "PostgreSQL's programs in {} are damaged ({}); they are unpacked anew.",
              folder,
              damage.get());
        }
        unpack(url, root, folder);
      }
      return new PostgresPrograms(folder, version(folder));
    } catch (IOException e) {
      throw DataFolder.unusable("The folder " + root + " for PostgreSQL's programs", e);
    }
  }

  /** The path of {@code initdb}, {@code pg_ctl} or {@code postgres}. */
  String program(String name) {
    return folder.resolve("bin").resolve(name).toString();
  }

  private static String archive() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String processor =
        switch (machine) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> machine;
        };
    if (system.startsWith("mac")) {
      return "postgres-darwin-" + processor + ".txz";
    }
    boolean musl =
        Files.exists(Path.of("/lib/ld-musl-x86_64.so.1"))
            || Files.exists(Path.of("/lib/ld-musl-aarch64.so.1"));
    boolean glibc =
        Files.exists(Path.of("/lib64/ld-linux-x86-64.so.2"))
            || Files.exists(Path.of("/lib/ld-linux-aarch64.so.1"));
    return "postgres-linux-" + processor + (musl && !glibc ? "-alpine_linux" : "") + ".txz";
  }

  /** Distinguishes versions of the archive without reading all of it. */
  private static String fingerprint(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    if (connection instanceof JarURLConnection jar) {
      jar.setUseCaches(false);
      try (var file = jar.getJarFile()) {
        return HexFormat.of().toHexDigits((int) file.getEntry(jar.getEntryName()).getCrc());
      }
    }
    return Long.toHexString(connection.getContentLengthLong());
  }

  private static void unpack(URL url, Path root, Path folder) throws IOException {
    Files.createDirectories(root);
    Path made = Files.createTempDirectory(root, "unpacking");
    try {
      Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(
              new XZInputStream(new BufferedInputStream(open(url), 1 << 16)))) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          unpack(tar, entry, made);
        }
      }
      Files.write(made.resolve(MANIFEST), list(made));
      try {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
          Path old = Files.createTempDirectory(root, "damaged").resolve("programs");
          Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
          delete(old.resolveSibling(""));
        }
        Files.move(made, folder, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        if (damage(folder).isPresent()) {
          throw e;
        }
        // Another process was faster.
      }
    } finally {
      delete(made);
    }
  }

  /** What differs from what was unpacked; empty if nothing does. */
  private static Optional<String> damage(Path folder) throws IOException {
    Path manifest = folder.resolve(MANIFEST);
    if (!Files.isRegularFile(manifest)) {
      return Optional.of("there is no list of them");
    }
    Set<String> now = new HashSet<>(list(folder));
    return Files.readAllLines(manifest).stream()
        .filter(line -> !now.contains(line))
        .findFirst()
        .map(line -> line.substring(line.indexOf(' ', line.indexOf(' ') + 1) + 1));
  }

  /** One line per file: its checksum, whether it is executable, and its path. */
  private static List<String> list(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String name = folder.relativize(file).toString();
        if (!name.equals(MANIFEST)) {
          boolean runs =
              Files.getPosixFilePermissions(file).contains(PosixFilePermission.OWNER_EXECUTE);
          lines.add(Long.toHexString(sum(file)) + (runs ? " x " : " - ") + name);
        }
      }
    }
    return lines;
  }

  /** Against accidents, not against attackers. */
  private static long sum(Path file) throws IOException {
    CRC32C sum = new CRC32C();
    try (FileChannel channel = FileChannel.open(file)) {
      if (channel.size() > 0) {
        sum.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
      }
    }
    return sum.getValue();
  }

  private static InputStream open(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    return connection.getInputStream();
  }

  private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path made)
      throws IOException {
    Path target = made.resolve(entry.getName()).normalize();
    if (!target.startsWith(made) || entry.getName().endsWith(".a")) {
      return;
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isFile()) {
      Files.copy(tar, target);
      boolean executable = (entry.getMode() & 0111) != 0;
      Files.setPosixFilePermissions(
          target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
    }
  }

  private static String version(Path folder) throws IOException {
    Path catalog = folder.resolve("share/postgresql/postgres.bki");
    try (var lines = Files.lines(catalog, StandardCharsets.UTF_8)) {
      return lines.findFirst().orElse("").replace("# PostgreSQL ", "").strip();
    }
  }

  /** Deletes a folder and its contents, if it exists. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}

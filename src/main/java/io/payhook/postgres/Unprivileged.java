package io.payhook.postgres;

import com.sun.security.auth.module.UnixSystem;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How to run a program that refuses to run as root. For an ordinary user: unchanged. For root: in a
 * user namespace of its own, where the files remain root's; in a container that forbids that, as
 * the user nobody, who then owns the files.
 *
 * @param prefix command prefix
 * @param owner required owner of the program's files; null: whoever creates them
 * @param stranger whether the program runs as another user, who must be able to reach the files
 */
public record Unprivileged(List<String> prefix, @Nullable String owner, boolean stranger) {

  static final List<Unprivileged> WAYS =
      List.of(
          new Unprivileged(List.of("unshare", "-U"), "root", false),
          new Unprivileged(
              List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
              "65534",
              true),
          new Unprivileged(List.of("runuser", "-u", "nobody", "--"), "nobody", true),
          new Unprivileged(List.of("sudo", "-n", "-u", "nobody"), "nobody", true));

  /** The first method that works here. */
  static Unprivileged find() {
    if (!isRoot()) {
      return new Unprivileged(List.of(), null, false);
    }
    for (Unprivileged way : WAYS) {
      if (way.works()) {
        return way;
      }
    }
    throw new StartException(
        "PostgreSQL does not run as root, and neither unshare, setpriv, runuser nor sudo works here; start Payhook as"
            + " another user, or set payhook.database.url to a PostgreSQL of your own");
  }

  /** Whether this process is root's. */
  public static boolean isRoot() {
    return new UnixSystem().getUid() == 0;
  }

  private boolean works() {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("id", "-u"));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      String user =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      return process.waitFor(10, TimeUnit.SECONDS)
          && process.exitValue() == 0
          && !user.isEmpty()
          && !user.equals("0");
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Makes the program's user the owner of a file, or of a folder and its contents. */
  void own(Path path) throws IOException {
    if (owner == null) {
      return;
    }
    UserPrincipal user =
        path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(owner);
    if (Files.getOwner(path).equals(user)) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.toList()) {
        Files.setOwner(file, user);
      }
    }
  }

  /** Lets the program's user traverse a folder, whose other files remain unreadable to them. */
  void mayEnter(Path folder) throws IOException {
    if (!stranger) {
      return;
    }
    Set<PosixFilePermission> own = EnumSet.copyOf(Files.getPosixFilePermissions(folder));
    if (own.add(PosixFilePermission.OTHERS_EXECUTE)) {
      Files.setPosixFilePermissions(folder, own);
    }
    for (Path parent = folder.toRealPath().getParent();
        parent != null;
        parent = parent.getParent()) {
      if (!Files.getPosixFilePermissions(parent).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        throw new StartException(
            ("PostgreSQL has to run as the user nobody here, who cannot reach %s through %s; keep"
                    + " the data elsewhere with --data, or start Payhook as an ordinary user")
                .formatted(folder, parent));
      }
    }
  }
}

package io.payhook.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is at and below a folder at one moment: the one way in which run, check, test and reload see
 * the files of a team. Links are followed, as folders are mounted (a Kubernetes ConfigMap) and
 * released ({@code current -> releases/2}); a file is called by the way it was reached. What begins
 * with a dot is nobody's: editors, version control and mounts keep such files and folders beside
 * the real ones.
 *
 * <p>Two are equal where no file has come, gone or changed.
 */
public final class Tree {
  /** What operating systems and file servers put into every volume, readable for themselves. */
  private static final Set<String> FOREIGN =
      Set.of("lost+found", "System Volume Information", "$RECYCLE.BIN", "#recycle", "#snapshot");

  private static final Pattern READ = Pattern.compile(".*\\.(ya?ml|sql|html|txt|json|properties)");

  private record Stamp(long size, FileTime modified, @Nullable Object key, boolean readable) {}

  private final SortedMap<Path, Stamp> files = new TreeMap<>();
  private final SortedSet<Path> folders = new TreeSet<>();
  private final List<Trouble> troubles = new ArrayList<>();
  private final List<Trouble> leftOut = new ArrayList<>();

  private Tree() {}

  /** Looks at a folder, or at one file; at nothing where there is neither. */
  public static Tree of(Path root) {
    Tree tree = new Tree();
    if (Files.exists(root)) {
      tree.walk(root, Integer.MAX_VALUE);
    }
    return tree;
  }

  /** Looks at the files right in a folder, with none below it. */
  public static Tree level(Path folder) {
    Tree tree = new Tree();
    if (Files.isDirectory(folder)) {
      tree.walk(folder, 1);
    }
    return tree;
  }

  /** The files right in a folder whose names end so; none where there is no such folder. */
  public static List<Path> files(Path folder, String suffix) {
    return level(folder).files().stream().filter(file -> file.toString().endsWith(suffix)).toList();
  }

  private void walk(Path root, int depth) {
    try {
      Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), depth, new Visitor(root));
    } catch (IOException e) {
      troubles.add(Trouble.of(root, e));
    }
  }

  /** The files there are, in the order of their paths. */
  public List<Path> files() {
    return List.copyOf(files.keySet());
  }

  /** The folders there are, in the order of their paths. */
  public List<Path> folders() {
    return List.copyOf(folders);
  }

  /** What is there and can't be looked at, so that nobody knows what it holds. */
  public List<Trouble> troubles() {
    return List.copyOf(troubles);
  }

  /** Folders that can't be read and are known to be none of a team's. */
  public List<Trouble> leftOut() {
    return List.copyOf(leftOut);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Tree tree
        && files.equals(tree.files)
        && folders.equals(tree.folders)
        && troubles.equals(tree.troubles);
  }

  @Override
  public int hashCode() {
    return files.hashCode();
  }

  private final class Visitor extends SimpleFileVisitor<Path> {
    private final Path root;

    Visitor(Path root) {
      this.root = root;
    }

    private boolean isHidden(Path path) {
      return !path.equals(root) && String.valueOf(path.getFileName()).startsWith(".");
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      if (isHidden(folder)) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      folders.add(folder);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (isHidden(file)) {
        return FileVisitResult.CONTINUE;
      }
      if (attributes.isSymbolicLink()) {
        // Followed, it led nowhere.
        troubles.add(Trouble.dangling(file));
      } else if (attributes.isRegularFile()) {
        boolean readable = !READ.matcher(file.toString()).matches() || Files.isReadable(file);
        files.put(
            file,
            new Stamp(
                attributes.size(), attributes.lastModifiedTime(), attributes.fileKey(), readable));
      } else if (attributes.isDirectory()) {
        folders.add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      // One that has gone since it was listed is no trouble.
      if (!isHidden(file) && !(e instanceof NoSuchFileException)) {
        boolean foreign =
            e instanceof AccessDeniedException
                && FOREIGN.contains(String.valueOf(file.getFileName()));
        (foreign ? leftOut : troubles).add(Trouble.of(file, e));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
      if (e != null) {
        troubles.add(Trouble.of(folder, e));
      }
      return FileVisitResult.CONTINUE;
    }
  }
}

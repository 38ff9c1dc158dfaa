package io.payhook.effects;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The SQL files and templates that effects use. A delivery never reads the disk, where a file may
 * be half-written: it gets the last version that was checked and found usable.
 */
public final class Texts {
  private static final List<String> KINDS = List.of(".sql", ".html", ".txt", ".json");
  private static final long LARGEST = 4 << 20;

  /**
   * A version of a file.
   *
   * @param version equal for equal versions
   */
  public record Text(Object version, String text) {}

  /**
   * Why a file's version on disk is not used.
   *
   * @param text what is wrong
   */
  public record Unusable(Path file, String text) {}

  /** Versions on disk that are not in use yet. */
  public final class Change {
    private final SortedMap<Path, String> usable = new TreeMap<>();
    private final List<Unusable> unusable = new ArrayList<>();

    private Change() {}

    public List<Unusable> unusable() {
      return List.copyOf(unusable);
    }

    /** Switches to the usable versions, and returns their files. */
    public List<Path> take() {
      usable.forEach((file, text) -> known.put(file, new Text(text, text)));
      return List.copyOf(usable.keySet());
    }
  }

  private final Map<Path, Text> known = new ConcurrentHashMap<>();
  private final @Nullable Path root;
  private final BiConsumer<Path, String> check;

  private Texts(@Nullable Path root, BiConsumer<Path, String> check) {
    this.root = root;
    this.check = check;
  }

  /** Texts as they are on disk when they are used, for tools. */
  public static Texts onDisk() {
    return new Texts(null, (file, text) -> {});
  }

  /**
   * The texts below a folder, as they are now.
   *
   * @param check of a changed file that is not empty; throws an {@link EffectException} if it is
   *     not usable
   */
  public static Texts below(Path root, BiConsumer<Path, String> check) {
    Texts texts = new Texts(root.toAbsolutePath().normalize(), check);
    texts.read().forEach((file, text) -> texts.known.put(file, new Text(text, text)));
    return texts;
  }

  /**
   * Finds what has changed on disk since. A deleted file stays in use until the next start, since a
   * delivery may still need it.
   */
  public Change look() {
    Change change = new Change();
    read()
        .forEach(
            (file, text) -> {
              Text before = known.get(file);
              if (before != null && before.text.equals(text)) {
                return;
              }
              try {
                if (text.isBlank()) {
                  throw new EffectException("is empty; the text, or no file, would be right");
                }
                check.accept(file, text);
                change.usable.put(file, text);
              } catch (EffectException e) {
                String message = String.valueOf(e.getMessage());
                change.unusable.add(
                    new Unusable(
                        file,
                        message.startsWith(file.toString())
                            ? message.substring(file.toString().length()).replaceFirst("^: ", "")
                            : message));
              }
            });
    return change;
  }

  private SortedMap<Path, String> read() {
    SortedMap<Path, String> texts = new TreeMap<>();
    for (Path file : Tree.of(Objects.requireNonNull(root)).files()) {
      if (isOne(file)) {
        try {
          texts.put(file, TextFile.read(file));
        } catch (IOException e) {
          // Deleted since it was listed, or not ours: whoever uses it reports the problem.
        }
      }
    }
    return texts;
  }

  private static boolean isOne(Path file) {
    String name = String.valueOf(file.getFileName());
    Path folder = file.getParent();
    String in = folder == null ? "" : String.valueOf(folder.getFileName());
    try {
      return KINDS.stream().anyMatch(name::endsWith)
          && !in.equals("samples")
          && !in.equals("schema")
          && Files.size(file) <= LARGEST;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The version in use. Only files below the root are ever read: a template can name others, and
   * the name may come from an event.
   *
   * @throws IOException if there is none
   */
  public Text get(Path file) throws IOException {
    Path whole = file.toAbsolutePath().normalize();
    Text text = known.get(whole);
    if (text == null && root != null && !whole.startsWith(root)) {
      Path real = whole.toRealPath();
      Path base = root.toRealPath();
      text = real.startsWith(base) ? known.get(root.resolve(base.relativize(real))) : null;
    }
    if (text != null) {
      return text;
    }
    if (root == null) {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new Text(List.of(now.lastModifiedTime(), now.size()), TextFile.read(file));
    }
    throw new NoSuchFileException(file.toString());
  }

  /** Whether {@link #get} has it. */
  public boolean has(Path file) {
    return known.containsKey(file.toAbsolutePath().normalize())
        || (root == null && Files.isRegularFile(file));
  }
}

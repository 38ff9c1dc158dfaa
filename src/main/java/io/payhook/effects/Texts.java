package io.payhook.effects;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The SQL files and templates that effects use. A delivery never reads the disk, where a file may
 * be half written just now: it gets the last version that was looked at and found to be usable.
 */
public final class Texts {
  private static final List<String> KINDS = List.of(".sql", ".html", ".txt", ".json");
  private static final long LARGEST = 4 << 20;

  /** The SQLSTATE of what PostgreSQL's parser can't read. */
  private static final String SYNTAX = "42601";

  /**
   * One version of a file.
   *
   * @param version equal for equal versions
   */
  record Text(Object version, String text) {}

  /**
   * Why a file's version on disk is not used.
   *
   * @param text what is wrong
   */
  public record Unusable(Path file, String text) {}

  /** What is on disk and not in use yet. */
  public final class Change {
    private final SortedMap<Path, String> usable = new TreeMap<>();
    private final List<Unusable> unusable = new ArrayList<>();

    private Change() {}

    public List<Unusable> unusable() {
      return List.copyOf(unusable);
    }

    /** Uses from now on what can be used, and gives the files. */
    public List<Path> take() {
      usable.forEach((file, text) -> known.put(file, new Text(text, text)));
      return List.copyOf(usable.keySet());
    }
  }

  private final Map<Path, Text> known = new ConcurrentHashMap<>();
  private final @Nullable Path root;
  private final @Nullable DataSource database;

  private Texts(@Nullable Path root, @Nullable DataSource database) {
    this.root = root;
    this.database = database;
  }

  /** Every text as it is on disk when it is used, for tools. */
  static Texts onDisk() {
    return new Texts(null, null);
  }

  /**
   * The texts below a folder, as they are now.
   *
   * @param database says whether changed SQL can be understood; nothing is run there
   * @throws IOException where it can't be read
   */
  public static Texts below(Path root, DataSource database) throws IOException {
    Texts texts = new Texts(root.toAbsolutePath().normalize(), database);
    texts.read().forEach((file, text) -> texts.known.put(file, new Text(text, text)));
    return texts;
  }

  /**
   * Looks what has changed on disk since. A file that is gone stays in use until the next start: a
   * delivery may still need it.
   *
   * @throws IOException where the folder can't be read
   */
  public Change look() throws IOException {
    Change change = new Change();
    read()
        .forEach(
            (file, text) -> {
              Text before = known.get(file);
              if (before != null && before.text.equals(text)) {
                return;
              }
              try {
                check(file, text);
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

  private void check(Path file, String text) {
    if (text.isBlank()) {
      throw new EffectException("is empty; the text, or no file, would be right");
    }
    if (file.toString().endsWith(".sql")) {
      List<SqlStatement.Piece> pieces = SqlStatement.parse(file.toString(), text).pieces();
      if (pieces.isEmpty()) {
        throw new EffectException("has no statement; a comment alone does nothing");
      }
      for (SqlStatement.Piece piece : pieces) {
        understand(piece);
      }
    } else {
      Templates.check(file, text);
    }
  }

  /** Only the syntax: a table may be made by the statement before, or later. */
  private void understand(SqlStatement.Piece piece) {
    if (database == null) {
      return;
    }
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(piece.sql())) {
      statement.getParameterMetaData();
    } catch (SQLException e) {
      if (SYNTAX.equals(e.getSQLState())) {
        throw new EffectException(OneLine.of(String.valueOf(e.getMessage()), 300), e);
      }
    }
  }

  private SortedMap<Path, String> read() throws IOException {
    SortedMap<Path, String> texts = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Objects.requireNonNull(root))) {
      for (Path file : files.filter(this::isOne).toList()) {
        try {
          texts.put(file, new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (NoSuchFileException e) {
          // Gone since it was listed.
        }
      }
    }
    return texts;
  }

  private boolean isOne(Path file) {
    String name = String.valueOf(file.getFileName());
    Path folder = file.getParent();
    String in = folder == null ? "" : String.valueOf(folder.getFileName());
    try {
      return KINDS.stream().anyMatch(name::endsWith)
          && !name.startsWith(".")
          && !in.equals("samples")
          && !in.equals("schema")
          && Files.isRegularFile(file)
          && Files.size(file) <= LARGEST
          && !leadsOut(file, folder);
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether a file is a link to one elsewhere, such as /etc/passwd; folders may be links. */
  private boolean leadsOut(Path file, @Nullable Path folder) throws IOException {
    if (root == null || folder == null || !Files.isSymbolicLink(file)) {
      return false;
    }
    Path target = file.toRealPath();
    return !target.startsWith(folder.toRealPath()) && !target.startsWith(root.toRealPath());
  }

  /**
   * The version in use. Only what stands below the root is ever read: a template can name others,
   * and the name may come from an event.
   *
   * @throws IOException where there is none
   */
  Text get(Path file) throws IOException {
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
      return new Text(
          List.of(now.lastModifiedTime(), now.size()),
          Files.readString(file, StandardCharsets.UTF_8));
    }
    throw new NoSuchFileException(file.toString());
  }

  boolean has(Path file) {
    return known.containsKey(file.toAbsolutePath().normalize())
        || (root == null && Files.isRegularFile(file));
  }
}

package io.payhook.kit;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A YAML document in which every value knows where it stands: the one reader of YAML. */
public sealed interface Located {

  /** Where it begins. */
  Location location();

  /** Maps, lists and texts as they are written; what is empty or null is the empty text. */
  Object plain();

  /** Maps, lists, texts, {@link BigDecimal}, {@link Boolean} or null, as YAML takes them. */
  @Nullable Object typed();

  /** A member of a mapping. */
  record Entry(Text key, Located value) {}

  /** A file that is no YAML, or YAML that nobody could mean. */
  final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient Location location;
    private final String right;

    Broken(Location location, String what, String right) {
      super(what);
      this.location = location;
      this.right = right;
    }

    public Location location() {
      return location;
    }

    /** What would be right. */
    public String right() {
      return right;
    }
  }

  /**
   * A single value.
   *
   * @param bare whether it stands without quotes
   * @param cut whether a comment follows it in the same line
   */
  record Text(Location location, String value, boolean bare, @Nullable Block block, boolean cut)
      implements Located {
    private static final Pattern NUMBER = Pattern.compile("[-+]?\\d+(\\.\\d+)?([eE][-+]?\\d+)?");

    /** The lines of a block scalar in the file. */
    record Block(int firstLine, int indent) {}

    /** The same place with another value. */
    public Text with(String other) {
      return new Text(location, other, bare, block, cut);
    }

    /** Whether nothing is written there, or null. */
    public boolean isNull() {
      return bare && (value.isEmpty() || value.equals("null") || value.equals("~"));
    }

    /** Where a character of the value stands in the file. */
    public Location at(int offset) {
      Location inside = Location.in(location.file(), value, offset);
      if (block != null) {
        return new Location(
            location.file(), block.firstLine + inside.line() - 1, block.indent + inside.column());
      }
      int column = location.column() + (bare ? 0 : 1) + inside.column() - 1;
      return inside.line() > 1 ? location : new Location(location.file(), location.line(), column);
    }

    @Override
    public Object plain() {
      return isNull() ? "" : value;
    }

    @Override
    public @Nullable Object typed() {
      if (!bare || isNull()) {
        return isNull() ? null : value;
      }
      return switch (value) {
        case "true" -> true;
        case "false" -> false;
        default -> NUMBER.matcher(value).matches() ? new BigDecimal(value) : value;
      };
    }

    @Override
    public String toString() {
      return value;
    }
  }

  /** A mapping, in the order written. */
  record Map(Location location, List<Entry> entries) implements Located {
    public @Nullable Located get(String name) {
      Entry entry = entry(name);
      return entry == null ? null : entry.value;
    }

    public @Nullable Entry entry(String name) {
      return entries.stream().filter(each -> each.key.value.equals(name)).findFirst().orElse(null);
    }

    public @Nullable Text text(String name) {
      return get(name) instanceof Text text ? text : null;
    }

    /** A block inside of blocks. */
    public @Nullable Map map(String... names) {
      Located at = this;
      for (String name : names) {
        at = at instanceof Map map ? map.get(name) : null;
      }
      return at instanceof Map map ? map : null;
    }

    /** The items of a list; none where there is none. */
    public List<Located> items(String name) {
      return get(name) instanceof Items list ? list.items : List.of();
    }

    /** The entry of a dotted name, however it is nested; of its longest part that is there. */
    public @Nullable Entry deepest(String dotted) {
      Entry best = entry(dotted);
      for (Entry entry : best == null ? entries : List.<Entry>of()) {
        String prefix = entry.key.value + ".";
        if (dotted.startsWith(prefix)) {
          Entry inner =
              entry.value instanceof Map map
                  ? map.deepest(dotted.substring(prefix.length()))
                  : null;
          best = inner == null ? entry : inner;
        }
      }
      return best;
    }

    /** Its values by dotted names, those of a list a line each. */
    public java.util.Map<String, String> flat() {
      java.util.Map<String, String> flat = new LinkedHashMap<>();
      for (Entry entry : entries) {
        String name = entry.key.value;
        if (entry.value instanceof Map map) {
          map.flat().forEach((inner, value) -> flat.put(name + "." + inner, value));
        } else if (entry.value instanceof Items list) {
          flat.put(name, String.join("\n", list.items.stream().map(Object::toString).toList()));
        } else {
          flat.put(name, entry.value.toString());
        }
      }
      return flat;
    }

    @Override
    public java.util.Map<String, Object> plain() {
      java.util.Map<String, Object> plain = new LinkedHashMap<>();
      entries.forEach(entry -> plain.put(entry.key.value, entry.value.plain()));
      return plain;
    }

    @Override
    public java.util.Map<String, @Nullable Object> typed() {
      java.util.Map<String, @Nullable Object> typed = new LinkedHashMap<>();
      entries.forEach(entry -> typed.put(entry.key.value, entry.value.typed()));
      return typed;
    }
  }

  /** A sequence. */
  record Items(Location location, List<Located> items) implements Located {
    @Override
    public List<Object> plain() {
      return items.stream().map(Located::plain).toList();
    }

    @Override
    public List<@Nullable Object> typed() {
      List<@Nullable Object> typed = new ArrayList<>();
      items.forEach(item -> typed.add(item.typed()));
      return typed;
    }
  }

  /**
   * Reads a document.
   *
   * @param file names it in locations
   * @return empty when there is nothing in it
   * @throws Broken with the first place where it is no YAML
   */
  static Optional<Located> parse(Path file, String text) {
    LoadSettings settings =
        LoadSettings.builder().setUseMarks(true).setMaxAliasesForCollections(50).build();
    try {
      return new Compose(settings)
          .composeString(text)
          .map(node -> new Reader(file, text).read(node, new ArrayList<>()));
    } catch (MarkedYamlEngineException e) {
      Location location =
          e.getProblemMark()
              .or(e::getContextMark)
              .map(mark -> Reader.location(file, mark))
              .orElse(Location.start(file));
      throw new Broken(location, "not YAML: " + sentence(e), remedy(e, text, location));
    } catch (YamlEngineException e) {
      throw new Broken(
          Location.start(file),
          "not YAML: " + Lines.first(e.getMessage()),
          "one YAML document is right");
    }
  }

  private static String sentence(MarkedYamlEngineException e) {
    String problem = String.valueOf(e.getProblem());
    String context = e.getContext();
    return context == null || context.isBlank() ? problem : problem + " (" + context + ")";
  }

  private static String remedy(MarkedYamlEngineException e, String text, Location location) {
    String line = text.lines().skip(location.line() - 1L).findFirst().orElse("");
    if (String.valueOf(e.getProblem()).contains("'\\t'") || line.startsWith("\t")) {
      return "indent with spaces, not with tabs";
    }
    if (line.contains("{{") && !line.contains("\"{{") && !line.contains("'{{")) {
      return "put a value with {{…}} into double quotes";
    }
    return "look at the indentation and the quotes here and in the line above";
  }

  /** Makes the tree of what the parser composed. */
  final class Reader {
    private final Path file;
    private final String source;

    private Reader(Path file, String source) {
      this.file = file;
      this.source = source;
    }

    private static Location location(Path file, Mark mark) {
      return new Location(file, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private Located read(Node node, List<Node> inside) {
      Location location =
          node.getStartMark().map(mark -> location(file, mark)).orElse(Location.start(file));
      if (inside.contains(node)) {
        throw new Broken(location, "not YAML: an alias inside of what it names", "write it out");
      }
      if (node instanceof ScalarNode scalar) {
        return text(scalar, location);
      }
      inside.add(node);
      Located read =
          node instanceof MappingNode map
              ? map(map, location, inside)
              : new Items(
                  location,
                  ((SequenceNode) node)
                      .getValue().stream().map(item -> read(item, inside)).toList());
      inside.remove(inside.size() - 1);
      return read;
    }

    private Map map(MappingNode node, Location location, List<Node> inside) {
      List<Entry> entries = new ArrayList<>();
      Map map = new Map(location, entries);
      for (NodeTuple tuple : node.getValue()) {
        Located key = read(tuple.getKeyNode(), inside);
        if (!(key instanceof Text name)) {
          throw new Broken(
              key.location(),
              "not YAML that is used here: a key that is no name",
              "a name is right");
        }
        Entry earlier = map.entry(name.value);
        if (earlier != null) {
          throw new Broken(
              name.location,
              "'%s' is already in line %d of the same block"
                  .formatted(name.value, earlier.key.location.line()),
              "keep one of the two");
        }
        entries.add(new Entry(name, read(tuple.getValueNode(), inside)));
      }
      return map;
    }

    private Text text(ScalarNode node, Location location) {
      ScalarStyle style = node.getScalarStyle();
      boolean plain = style == ScalarStyle.PLAIN;
      Text.Block block = null;
      if (style == ScalarStyle.LITERAL || style == ScalarStyle.FOLDED) {
        String first = source.lines().skip(location.line()).findFirst().orElse("");
        block = new Text.Block(location.line() + 1, first.length() - first.stripLeading().length());
      }
      return new Text(location, node.getValue(), plain, block, plain && isCut(node));
    }

    private static boolean isCut(ScalarNode node) {
      Mark end = node.getEndMark().orElse(null);
      int next = end == null ? 0 : end.getPointer();
      while (end != null && next < end.getBuffer().length && end.getBuffer()[next] == ' ') {
        next++;
      }
      return end != null
          && next > end.getPointer()
          && next < end.getBuffer().length
          && end.getBuffer()[next] == '#';
    }
  }
}

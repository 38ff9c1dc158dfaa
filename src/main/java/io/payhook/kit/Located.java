package io.payhook.kit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

/** A YAML document in which every value knows where it stands. */
public sealed interface Located {

  /** Where it begins. */
  Place place();

  /** A place in a file; line and column are counted from 1. */
  record Place(int line, int column) {
    public static final Place START = new Place(1, 1);
  }

  /** A member of a mapping. */
  record Entry(Text key, Located value) {}

  /** A file that is no YAML, or YAML that nobody could mean. */
  final class Broken extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Place place;
    private final String right;

    Broken(Place place, String what, String right) {
      super(what);
      this.place = place;
      this.right = right;
    }

    public Place place() {
      return place;
    }

    public String right() {
      return right;
    }
  }

  /** A single value. */
  record Text(Place place, String value, boolean plain, @Nullable Block block) implements Located {

    /** The lines of a block scalar in the file. */
    record Block(int firstLine, int indent) {}

    /** Whether nothing is written there, or null. */
    public boolean isNull() {
      return plain && (value.isEmpty() || value.equals("null") || value.equals("~"));
    }

    /** Where a character of the value stands in the file. */
    public Place at(int offset) {
      int end = Math.max(0, Math.min(offset, value.length()));
      int lines = 0;
      int start = 0;
      for (int i = 0; i < end; i++) {
        if (value.charAt(i) == '\n') {
          lines++;
          start = i + 1;
        }
      }
      if (block != null) {
        return new Place(block.firstLine + lines, block.indent + 1 + end - start);
      }
      return lines > 0
          ? place
          : new Place(place.line(), place.column() + (plain ? 0 : 1) + end - start);
    }

    @Override
    public String toString() {
      return value;
    }
  }

  /** A mapping, in the order written. */
  record Map(Place place, List<Entry> entries) implements Located {
    public @Nullable Located get(String name) {
      Entry entry = entry(name);
      return entry == null ? null : entry.value;
    }

    public @Nullable Entry entry(String name) {
      for (Entry entry : entries) {
        if (entry.key.value.equals(name)) {
          return entry;
        }
      }
      return null;
    }

    public @Nullable Text text(String name) {
      return get(name) instanceof Text text ? text : null;
    }

    public @Nullable Map map(String name) {
      return get(name) instanceof Map map ? map : null;
    }

    public @Nullable Items items(String name) {
      return get(name) instanceof Items items ? items : null;
    }
  }

  /** A sequence. */
  record Items(Place place, List<Located> items) implements Located {}

  /**
   * Reads a document.
   *
   * @return empty when there is nothing in it
   * @throws Broken with the first place where it is no YAML
   */
  static Optional<Located> parse(String label, String text) throws Broken {
    try {
      LoadSettings settings =
          LoadSettings.builder()
              .setLabel(label)
              .setUseMarks(true)
              .setMaxAliasesForCollections(50)
              .build();
      Optional<Node> node = new Compose(settings).composeString(text);
      return node.isEmpty()
          ? Optional.empty()
          : Optional.of(new Reader(text).read(node.get(), new ArrayList<>()));
    } catch (MarkedYamlEngineException e) {
      Place place =
          e.getProblemMark().or(e::getContextMark).map(Located::place).orElse(Place.START);
      throw new Broken(place, "not YAML: " + sentence(e), remedy(e, text, place));
    } catch (YamlEngineException e) {
      throw new Broken(
          Place.START,
          "not YAML: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
          "one YAML document is right");
    }
  }

  private static String sentence(MarkedYamlEngineException e) {
    String problem = String.valueOf(e.getProblem());
    String context = e.getContext();
    return context == null || context.isBlank() ? problem : problem + " (" + context + ")";
  }

  private static String remedy(MarkedYamlEngineException e, String text, Place place) {
    String line = text.lines().skip(place.line() - 1L).findFirst().orElse("");
    if (String.valueOf(e.getProblem()).contains("'\\t'") || line.startsWith("\t")) {
      return "indent with spaces, not with tabs";
    }
    if (line.contains("{{") && !line.contains("\"{{") && !line.contains("'{{")) {
      return "put a value with {{…}} into double quotes";
    }
    return "look at the indentation and the quotes here and in the line above";
  }

  private static Place place(Mark mark) {
    return new Place(mark.getLine() + 1, mark.getColumn() + 1);
  }

  /** Makes the tree of what the parser composed. */
  final class Reader {
    private final String source;

    Reader(String source) {
      this.source = source;
    }

    Located read(Node node, List<Node> inside) throws Broken {
      Place place = node.getStartMark().map(Located::place).orElse(Place.START);
      if (inside.contains(node)) {
        throw new Broken(place, "not YAML: an alias inside of what it names", "write it out");
      }
      if (node instanceof ScalarNode scalar) {
        return text(scalar, place);
      }
      inside.add(node);
      Located read = node instanceof MappingNode map ? map(map, place, inside) : null;
      if (read == null) {
        List<Located> items = new ArrayList<>();
        for (Node item : ((SequenceNode) node).getValue()) {
          items.add(read(item, inside));
        }
        read = new Items(place, List.copyOf(items));
      }
      inside.remove(inside.size() - 1);
      return read;
    }

    private Map map(MappingNode node, Place place, List<Node> inside) throws Broken {
      List<Entry> entries = new ArrayList<>();
      Map map = new Map(place, entries);
      for (NodeTuple tuple : node.getValue()) {
        Located key = read(tuple.getKeyNode(), inside);
        if (!(key instanceof Text name)) {
          throw new Broken(
              key.place(), "not YAML that is used here: a key that is no name", "a name is right");
        }
        Entry earlier = map.entry(name.value);
        if (earlier != null) {
          throw new Broken(
              name.place,
              "'"
                  + name.value
                  + "' is already in line "
                  + earlier.key.place.line()
                  + " of the same block",
              "keep one of the two");
        }
        entries.add(new Entry(name, read(tuple.getValueNode(), inside)));
      }
      return map;
    }

    private Text text(ScalarNode node, Place place) {
      ScalarStyle style = node.getScalarStyle();
      Text.Block block = null;
      if (style == ScalarStyle.LITERAL || style == ScalarStyle.FOLDED) {
        String first = source.lines().skip(place.line()).findFirst().orElse("");
        block = new Text.Block(place.line() + 1, first.length() - first.stripLeading().length());
      }
      return new Text(place, node.getValue(), style == ScalarStyle.PLAIN, block);
    }
  }
}

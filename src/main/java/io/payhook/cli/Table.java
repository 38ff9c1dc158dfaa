package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * A table of text. If the terminal is too narrow, the least important columns are left out and the
 * longest ones truncated.
 */
final class Table {
  private static final int GAP = 2;

  /**
   * @param least width below which it is rather left out; 0: it is never cut
   * @param rank the higher, the sooner it is left out; 0 never
   * @param cell what it shows of an object
   */
  private record Column(String title, int least, int rank, Function<JsonNode, String> cell) {}

  private final List<Column> columns = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** A column that is shown whole or not at all. */
  Table whole(String title, int rank, Function<JsonNode, String> cell) {
    return cut(title, 0, rank, cell);
  }

  /** A column that may be cut to so many characters. */
  Table cut(String title, int least, int rank, Function<JsonNode, String> cell) {
    columns.add(new Column(title, least, rank, cell));
    return this;
  }

  /** A row for each object. */
  Table rows(Iterable<JsonNode> objects) {
    for (JsonNode object : objects) {
      rows.add(columns.stream().map(column -> oneLine(column.cell().apply(object))).toList());
    }
    return this;
  }

  /** A cell that shows one member of the object. */
  static Function<JsonNode, String> text(String member) {
    return object -> ManagementCommand.text(object.path(member));
  }

  /** A cell that shows a member that is a time, in the time zone of the reader. */
  static Function<JsonNode, String> time(String member) {
    return object -> ManagementCommand.time(object.path(member));
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** Untrusted text must not control the terminal. */
  static String oneLine(String text) {
    return printable(text.replaceAll("\\s+", " "));
  }

  /** Keeps line ends, shows every other control character as a question mark. */
  static String printable(String text) {
    return text.replaceAll(
        "[\\p{Cntrl}\\u0080-\\u009f\\u202a-\\u202e\\u2066-\\u2069&&[^\\n]]", "?");
  }

  List<String> lines(int width) {
    int[] natural = new int[columns.size()];
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < natural.length; i++) {
      natural[i] = columns.get(i).title().length();
      for (List<String> row : rows) {
        natural[i] = Math.max(natural[i], row.get(i).length());
      }
      shown.add(i);
    }
    while (total(shown, natural, true) > width) {
      Integer least =
          shown.stream().max(Comparator.comparingInt(i -> columns.get(i).rank())).orElseThrow();
      if (columns.get(least).rank() == 0) {
        break;
      }
      shown.remove(least);
    }
    int[] widths = natural.clone();
    for (int over = total(shown, widths, false) - width; over > 0; over--) {
      int longest = -1;
      for (int i : shown) {
        if (widths[i] > narrowest(i, natural) && (longest < 0 || widths[i] > widths[longest])) {
          longest = i;
        }
      }
      if (longest < 0) {
        break;
      }
      widths[longest]--;
    }
    List<String> lines = new ArrayList<>();
    lines.add(line(shown, widths, columns.stream().map(Column::title).toList()));
    rows.forEach(row -> lines.add(line(shown, widths, row)));
    return lines;
  }

  private int narrowest(int column, int[] natural) {
    int least = columns.get(column).least();
    return least == 0 ? natural[column] : Math.min(least, natural[column]);
  }

  private int total(List<Integer> shown, int[] widths, boolean narrowest) {
    int total = GAP * (shown.size() - 1);
    for (int i : shown) {
      total += narrowest ? narrowest(i, widths) : widths[i];
    }
    return total;
  }

  private static String line(List<Integer> shown, int[] widths, List<String> cells) {
    StringBuilder line = new StringBuilder();
    for (int i : shown) {
      String cell = cells.get(i);
      int width = widths[i];
      line.append(cell.length() <= width ? cell : cell.substring(0, width - 1) + "…");
      line.append(" ".repeat(Math.max(0, width - cell.length()) + GAP));
    }
    return line.toString().stripTrailing();
  }
}

package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Lists as CSV (RFC 4180). What came from outside must not become a formula in the spreadsheet that
 * opens the file: such a text gets an apostrophe in front, which the spreadsheet takes for "this is
 * text".
 */
final class Csv {
  private static final String LINE_END = "\r\n";
  private static final Pattern QUOTED = Pattern.compile("[\",\\r\\n]|^\\s|\\s$");
  private static final Pattern FORMULA = Pattern.compile("(?s)^[\\p{Cntrl} ]*[=+\\-@＝＋－＠].*");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

  private final List<String> columns;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param columns names of members of the objects that become rows
   */
  Csv(List<String> columns) {
    this.columns = columns;
    line(columns);
  }

  void row(JsonNode object) {
    line(columns.stream().map(column -> ManagementCommand.text(object.path(column))).toList());
  }

  private void line(List<String> cells) {
    text.append(cells.stream().map(Csv::cell).collect(Collectors.joining(","))).append(LINE_END);
  }

  private static String cell(String value) {
    boolean formula = FORMULA.matcher(value).matches() && !NUMBER.matcher(value).matches();
    String safe = formula ? "'" + value : value;
    return QUOTED.matcher(safe).find() ? '"' + safe.replace("\"", "\"\"") + '"' : safe;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}

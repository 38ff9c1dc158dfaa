package io.payhook.tools.check;

import io.payhook.effects.EffectException;
import io.payhook.effects.VariablePath;
import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.kit.Lines;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The text of templates. Pebble's own syntax tree knows the line of an expression but not its
 * column, so places are found in the text.
 */
final class TemplateText {
  static final Pattern TAG = Pattern.compile("(?s)\\{#.*?#}|\\{\\{(.*?)}}|\\{%(.*?)%}");
  static final Pattern NAME =
      Pattern.compile(
          "(?<![\\w.\\]\"'])([A-Za-z_]\\w*)((?:\\.[A-Za-z_]\\w*|\\[\\d+]|\\[\"[^\"]*\"]|\\['[^']*'])*)");
  static final Pattern OTHER_TEMPLATE =
      Pattern.compile("\\{%-?\\s*(?:extends|include|import|from)\\s+(['\"])(.+?)\\1");

  private static final Pattern PLACED = Pattern.compile("(?s)^(.*?):(\\d+)(?::(\\d+))?: (.*)$");
  private static final Pattern STEP =
      Pattern.compile("\\.([A-Za-z_]\\w*)|\\[(\\d+)]|\\[\"([^\"]*)\"]|\\['([^']*)']");
  private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"|'[^']*'");
  private static final Pattern NO_FILTER = Pattern.compile("Filter \\[(\\w+)] does not exist");

  /** The filters of templates that people use. */
  private static final List<String> FILTERS =
      List.of(
          "money",
          "date",
          "json",
          "default",
          "upper",
          "lower",
          "capitalize",
          "title",
          "trim",
          "abbreviate",
          "replace",
          "join",
          "first",
          "last",
          "length",
          "sort",
          "numberformat",
          "escape",
          "raw",
          "urlencode");

  private TemplateText() {}

  /** The text of a file; null where it can't be read, which is told. */
  static @Nullable String read(Findings findings, Path file) {
    try {
      return TextFile.read(file);
    } catch (NoSuchFileException e) {
      findings.problem(new Location(file, 1, 1), "there is no file " + file.getFileName(), "");
    } catch (IOException e) {
      findings.trouble(Trouble.of(file, e));
    }
    return null;
  }

  /** With quoted text blanked, so that nothing in it is taken for a name. */
  static String blanked(String inside) {
    return QUOTED
        .matcher(inside)
        .replaceAll(
            quoted -> {
              int start = quoted.start();
              boolean subscript = start > 0 && inside.charAt(start - 1) == '[';
              return subscript
                  ? Matcher.quoteReplacement(quoted.group())
                  : " ".repeat(quoted.group().length());
            });
  }

  /** The path that a match of {@link #NAME} names. */
  static VariablePath path(String root, String steps) {
    List<String> members = new ArrayList<>();
    Matcher step = STEP.matcher(steps);
    while (step.find()) {
      for (int i = 1; i <= 4; i++) {
        if (step.group(i) != null) {
          members.add(step.group(i));
        }
      }
    }
    return new VariablePath(root, members);
  }

  /** What came of reading or rendering a file, whose message may begin with a place. */
  static void problem(Findings findings, Path file, EffectException e, String right) {
    String message = String.valueOf(e.getMessage());
    Matcher placed = PLACED.matcher(message);
    if (!placed.matches()) {
      findings.problem(Location.start(file), message, right);
      return;
    }
    Path named = Path.of(placed.group(1));
    int line = Integer.parseInt(placed.group(2));
    String rest = Lines.open(placed.group(4));
    Matcher filter = NO_FILTER.matcher(rest);
    if (filter.find()) {
      String name = filter.group(1);
      rest =
          "there is no filter '%s'; %s"
              .formatted(
                  name, Nearest.meant(name, FILTERS, "there are " + String.join(", ", FILTERS)));
    }
    int column = placed.group(3) == null ? column(named, line) : Integer.parseInt(placed.group(3));
    findings.message(new Location(named, line, column), "", rest, right);
  }

  /** Where a line's first tag or word begins. */
  private static int column(Path file, int line) {
    try {
      String text = TextFile.read(file).lines().skip(line - 1L).findFirst().orElse("");
      int tag = Math.min(index(text, "{{"), index(text, "{%"));
      return tag < Integer.MAX_VALUE ? tag + 1 : text.length() - text.stripLeading().length() + 1;
    } catch (IOException e) {
      return 1;
    }
  }

  private static int index(String text, String what) {
    int at = text.indexOf(what);
    return at < 0 ? Integer.MAX_VALUE : at;
  }
}

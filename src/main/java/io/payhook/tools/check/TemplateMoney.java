package io.payhook.tools.check;

import io.payhook.effects.VariablePath;
import io.payhook.tools.check.MoneyUse.Amount;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What templates take for money. */
final class TemplateMoney {
  private static final Pattern LOCAL =
      Pattern.compile(
          "\\{%-?\\s*(?:(?:set|for)\\s+(\\w+)(?:\\s*,\\s*(\\w+))?|macro\\s+\\w+\\(([^)]*)\\))");
  private static final Pattern DIVIDED =
      Pattern.compile("^\\s*\\)*\\s*(?:/\\s*(\\d+)(\\.\\d+)?|\\*\\s*(0\\.\\d+))");
  private static final Pattern FORMATTED = Pattern.compile("^\\s*\\)*\\s*\\|\\s*money\\b");
  private static final Pattern COUNTED =
      Pattern.compile("^[^{]*?\\|\\s*money\\s*\\([^)]*[\"']minor[\"']");
  private static final Pattern ASKED = Pattern.compile("^\\s*(?:is\\b|\\?)");

  private final MoneyUse use;
  private final Set<Path> seen = new HashSet<>();

  TemplateMoney(MoneyUse use) {
    this.use = use;
  }

  void check(Path file) {
    if (seen.add(file)) {
      MoneyUse.read(file).ifPresent(text -> look(file, text));
    }
  }

  private void look(Path file, String text) {
    Set<String> local = local(text);
    Matcher tags = TemplateText.TAG.matcher(text);
    while (tags.find()) {
      int group = tags.group(1) != null ? 1 : 2;
      String inside = tags.group(group);
      String statement = group == 2 && inside != null ? inside.strip() : "";
      boolean condition = statement.startsWith("if") || statement.startsWith("elseif");
      if (inside == null || (group == 2 && !condition && !statement.startsWith("set"))) {
        continue;
      }
      Matcher names = TemplateText.NAME.matcher(TemplateText.blanked(inside));
      while (names.find()) {
        VariablePath path = TemplateText.path(names.group(1), names.group(2));
        String behind = inside.substring(names.end());
        if (local.contains(names.group(1)) || !use.isMoney(path)) {
          continue;
        }
        Said said = said(file, path, names.group(), behind);
        if (said == null
            && (condition
                ? MoneyUse.isCompared(behind)
                : (group == 1 || FORMATTED.matcher(behind).find())
                    && !COUNTED.matcher(behind).find()
                    && !ASKED.matcher(behind).find()
                    && !MoneyUse.namesMinorUnit(
                        text.substring(0, tags.start()), text.substring(tags.end())))) {
          said = raw(file, path, names.group());
        }
        if (said != null) {
          use.warn(file, text, tags.start(group) + names.start(), said.what, said.right);
        }
      }
    }
    Matcher others = TemplateText.OTHER_TEMPLATE.matcher(text);
    while (others.find()) {
      check(file.resolveSibling(others.group(2)).normalize());
    }
  }

  private static Set<String> local(String text) {
    Set<String> local = new HashSet<>();
    Matcher each = LOCAL.matcher(text);
    while (each.find()) {
      for (int i = 1; i <= 3; i++) {
        if (each.group(i) != null) {
          local.addAll(List.of(each.group(i).strip().split("\\s*[,=]\\s*", -1)));
        }
      }
    }
    return local;
  }

  private record Said(String what, String right) {}

  private @Nullable Said said(Path file, VariablePath path, String written, String behind) {
    Matcher divided = DIVIDED.matcher(behind);
    if (!divided.find()) {
      return null;
    }
    String whole = written + " " + divided.group().replaceFirst("^[\\s)]+", "");
    boolean decimals = divided.group(2) != null || divided.group(3) != null;
    String divisor = divided.group(1) == null ? "10" : divided.group(1);
    if (!divisor.matches("10+")) {
      return null;
    }
    if (MoneyUse.isFact(path)) {
      return new Said(MoneyUse.alreadyMajor(whole), fact(file));
    }
    return new Said(
        decimals ? MoneyUse.floating(whole) : MoneyUse.integerDivision(whole),
        right(file, path, written));
  }

  private @Nullable Said raw(Path file, VariablePath path, String written) {
    Amount amount = use.raw(path).orElse(null);
    return amount == null || !amount.minor()
        ? null
        : new Said(MoneyUse.inMinorUnit(written, amount), right(file, path, written));
  }

  private static String fact(Path file) {
    return file.toString().endsWith(".json")
        ? "write {{ amount }}"
        : "write {{ amount | money(currency) }}";
  }

  private String right(Path file, VariablePath path, String written) {
    return use.raw(path).filter(Amount::fact).isPresent()
        ? fact(file)
        : "write {{ " + written + " | money(currency, unit=\"minor\") }}";
  }
}

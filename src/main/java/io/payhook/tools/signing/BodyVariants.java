package io.payhook.tools.signing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What proxies, frameworks and editors make of a body. */
final class BodyVariants {
  private BodyVariants() {}

  /** Each with what is said of it, in words; one that comes about in several ways once. */
  static Map<String, String> of(String text) {
    Map<String, String> variants = new LinkedHashMap<>();
    variants.putIfAbsent(text.replaceAll("[\r\n]+$", ""), "without the line end at its end");
    variants.putIfAbsent(text.strip(), "without the space around it");
    variants.putIfAbsent(text + "\n", "with a line end (\\n) at its end");
    variants.putIfAbsent(text + "\r\n", "with a line end (\\r\\n) at its end");
    variants.putIfAbsent(text.replace("\r\n", "\n"), "with \\n where it has \\r\\n");
    variants.putIfAbsent(text.replace("\n", "\r\n"), "with \\r\\n where it has \\n");
    variants.putIfAbsent(text.replaceFirst("^\uFEFF", ""), "without its byte order mark");
    serialised(text).forEach((how, body) -> variants.putIfAbsent(body, how + " (re-serialised)"));
    return variants;
  }

  private static Map<String, String> serialised(String text) {
    Map<String, String> written = new LinkedHashMap<>();
    try {
      JsonNode json = Json.STRICT.readTree(text);
      String minimal = Json.STRICT.writeValueAsString(json);
      String slashed = minimal.replace("/", "\\/");
      String spaced = spaced(minimal);
      written.put("written without spaces", minimal);
      written.put("written with \\u escapes", escaped(minimal));
      written.put("written with escaped slashes", slashed);
      written.put("written with escaped slashes and \\u escapes", escaped(slashed));
      written.put("written with a space after ',' and ':'", spaced);
      written.put("written with those spaces and \\u escapes", escaped(spaced));
      for (int indent : new int[] {2, 4}) {
        String indented = indented(json, indent);
        written.put("indented by " + indent, indented);
        written.put("indented by " + indent + " and with a line end", indented + "\n");
      }
    } catch (JsonProcessingException e) {
      // Not JSON: nothing that could have been written another way.
    }
    return written;
  }

  private static String escaped(String json) {
    StringBuilder text = new StringBuilder(json.length());
    json.chars()
        .forEach(
            c ->
                text.append(
                    c < 128 ? String.valueOf((char) c) : String.format(Locale.ROOT, "\\u%04x", c)));
    return text.toString();
  }

  private static String spaced(String minimal) {
    StringBuilder text = new StringBuilder(minimal.length() * 2);
    boolean quoted = false;
    for (int i = 0; i < minimal.length(); i++) {
      char c = minimal.charAt(i);
      text.append(c);
      if (quoted && c == '\\') {
        text.append(minimal.charAt(++i));
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ',' || c == ':')) {
        text.append(' ');
      }
    }
    return text.toString();
  }

  private static String indented(JsonNode json, int spaces) throws JsonProcessingException {
    DefaultIndenter indenter = new DefaultIndenter(" ".repeat(spaces), "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter()
            .withSeparators(
                Separators.createDefaultInstance()
                    .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                    .withObjectEmptySeparator("")
                    .withArrayEmptySeparator(""));
    printer.indentArraysWith(indenter);
    printer.indentObjectsWith(indenter);
    return Json.STRICT.writer(printer).writeValueAsString(json);
  }
}

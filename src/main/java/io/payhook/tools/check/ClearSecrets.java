package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import java.util.Locale;
import java.util.regex.Pattern;

/** Finds secrets that are written out in a file. */
final class ClearSecrets {
  private static final Pattern NAME =
      Pattern.compile(
          "(?i).*(password|passwd|passphrase|secret|token|api-?_?key|private-?_?key|credentials?)$|^authorization$");
  private static final Pattern USER_IN_URL = Pattern.compile("://[^/@\\s{}$]+:[^/@\\s{}$]+@");

  private final Findings findings;

  ClearSecrets(Findings findings) {
    this.findings = findings;
  }

  /** Whether a name says that its value is one. */
  static boolean isNamed(String name) {
    return NAME.matcher(name).matches();
  }

  /**
   * In all of a document.
   *
   * @param name what the node stands under
   */
  void in(Located node, String name) {
    if (node instanceof Located.Map map) {
      Text type = map.text("type");
      boolean endpoint = type != null && type.value().endsWith("io.payhook.Endpoint");
      for (Entry entry : map.entries()) {
        // An endpoint's settings are checked as such.
        if (!(endpoint && entry.key().value().equals("properties"))) {
          in(entry.value(), entry.key().value());
        }
      }
    } else if (node instanceof Located.Items list) {
      list.items().forEach(item -> in(item, name));
    } else if (node instanceof Text text
        && (isNamed(name) || USER_IN_URL.matcher(text.value()).find())) {
      check(text, name);
    }
  }

  /** The value of an option that is one, whatever its name. */
  void option(Option option, Text text) {
    if (option.secret() && !isNamed(option.name())) {
      check(text, option.name());
    }
  }

  /** A value that is one, whatever its name. */
  void check(Text text, String name) {
    if (isClear(text)) {
      String words = name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
      tell(text, words.replaceAll("[^A-Z0-9]", "_"));
    }
  }

  /**
   * Says it.
   *
   * @param variable the environment variable that should hold it
   */
  void tell(Text text, String variable) {
    findings.unsound(
        text.location(),
        "a secret written in clear",
        "write \"{{env:%s}}\" and set that environment variable".formatted(variable));
  }

  private static boolean isClear(Text text) {
    String value = text.value();
    return !value.isBlank()
        && !text.isNull()
        && !value.contains("{{")
        && !value.contains("${")
        && !value.startsWith("#")
        && !value.equals("true")
        && !value.equals("false");
  }
}

package io.payhook.signature;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A platform's event types by names of our own. A name may hold for one status alone ({@code
 * charge.completed/failed}), so that one type of the platform becomes several here.
 */
final class Types {
  private static final String ANY = "*";

  private final Map<String, String> aliases;
  private final Map<String, String> folded = new LinkedHashMap<>();

  Types(Map<String, String> aliases) {
    this.aliases = Collections.unmodifiableMap(aliases);
    aliases.forEach((name, own) -> folded.put(folded(name), own));
  }

  /** As written in the settings. */
  Map<String, String> aliases() {
    return aliases;
  }

  /** Whether one of the names holds for a status alone. */
  boolean readStatus() {
    return aliases.keySet().stream().anyMatch(Types::namesStatus);
  }

  private static boolean namesStatus(String name) {
    return name.startsWith(ANY + "/") || name.endsWith("/" + ANY);
  }

  /** Statuses are compared in any case. */
  private static String folded(String name) {
    int slash = name.lastIndexOf('/');
    return name.substring(0, slash + 1) + name.substring(slash + 1).toLowerCase(Locale.ROOT);
  }

  String own(String type, @Nullable String status) {
    String word = status == null ? "" : status.toLowerCase(Locale.ROOT);
    if (!word.isEmpty()) {
      String exact = folded.get(type + "/" + word);
      if (exact != null) {
        return exact;
      }
    }
    String other = folded.get(type + "/" + ANY);
    if (other != null) {
      return other;
    }
    String any = word.isEmpty() ? null : folded.get(ANY + "/" + word);
    if (any != null) {
      return any.replace(ANY, type);
    }
    return aliases.getOrDefault(type, type);
  }

  /** The platform's name of one of our types, or the type itself. */
  String platformName(String own) {
    if (aliases.containsKey(own)) {
      return own;
    }
    for (Map.Entry<String, String> alias : aliases.entrySet()) {
      if (alias.getValue().equals(own)) {
        String name = alias.getKey();
        return readStatus() && name.indexOf('/') > 0
            ? name.substring(0, name.lastIndexOf('/'))
            : name;
      }
    }
    return own;
  }
}

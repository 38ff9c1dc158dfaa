package io.payhook.signature;

import java.util.ArrayList;
import java.util.List;

/** What is wrong with a preset, an override or the secrets: all of it is told at once. */
final class Problems {
  private final List<ProviderException.Problem> found = new ArrayList<>();

  void add(String setting, String text) {
    found.add(new ProviderException.Problem(setting, text));
  }

  /** A rule: where it is broken, what is said of a setting. */
  void when(boolean broken, Setting setting, String text) {
    if (broken) {
      add(setting.key(), text);
    }
  }

  /** Settings that must be there. */
  void whenMissing(SettingTexts settings, Setting... needed) {
    for (Setting each : needed) {
      when(!settings.has(each), each, "is missing; it says " + each.says());
    }
  }

  int count() {
    return found.size();
  }

  /** Throws them, if there are any. */
  void raise(String provider) {
    if (!found.isEmpty()) {
      throw new ProviderException(provider, found);
    }
  }
}

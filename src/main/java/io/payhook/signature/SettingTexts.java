package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A provider's settings as text, read as what each of them is. */
final class SettingTexts {
  private final Map<String, String> texts;

  SettingTexts(Map<String, String> texts) {
    this.texts = texts;
  }

  @Nullable String text(Setting setting) {
    return texts.get(setting.key());
  }

  String word(Setting setting, String otherwise) {
    return texts.getOrDefault(setting.key(), otherwise);
  }

  boolean has(Setting setting) {
    return texts.containsKey(setting.key());
  }

  /** Whether a setting whose name begins so is there. */
  boolean hasAny(String start) {
    return texts.keySet().stream().anyMatch(name -> name.startsWith(start));
  }

  boolean flag(Setting setting, boolean otherwise) {
    String value = text(setting);
    return value == null ? otherwise : value.equals("true");
  }

  @Nullable Duration span(Setting setting) {
    String value = text(setting);
    return value == null ? null : Setting.duration(value);
  }

  @Nullable JsonPointer pointer(Setting setting) {
    String value = text(setting);
    return value == null ? null : JsonPointer.compile(value);
  }

  List<String> lines(Setting setting) {
    return Setting.lines(word(setting, ""));
  }

  @Nullable Template template(Setting setting, Template.Context context) {
    String value = text(setting);
    return value == null ? null : Template.firstOf(Setting.lines(value), context);
  }

  Template required(Setting setting, Template.Context context) {
    Template template = template(setting, context);
    if (template == null) {
      throw new IllegalArgumentException(setting.key() + " is missing");
    }
    return template;
  }

  /** A place in the event, with other places for some types. */
  PerType<Template> perType(Setting general, Setting byType) {
    return new PerType<>(
        template(general, Template.Context.EVENT),
        map(byType),
        text -> Template.firstOf(Setting.lines(text), Template.Context.EVENT));
  }

  /** The entries of a setting that takes names of the writer's own. */
  Map<String, String> map(Setting setting) {
    Map<String, String> entries = new LinkedHashMap<>();
    String start = setting.key() + ".";
    texts.forEach(
        (name, value) -> {
          if (name.startsWith(start)) {
            entries.put(name.substring(start.length()), value);
          }
        });
    return entries;
  }
}

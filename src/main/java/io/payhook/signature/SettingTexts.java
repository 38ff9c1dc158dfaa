package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A provider's settings as text, read as what each of them is. */
record SettingTexts(Map<String, String> texts) {

  @Nullable String text(Setting setting) {
    return texts.get(setting.key());
  }

  String word(Setting setting, String otherwise) {
    return texts.getOrDefault(setting.key(), otherwise);
  }

  /** One of an enum's constants, by its name as settings write it. */
  <E extends Enum<E>> E choice(Class<E> of, Setting setting, String otherwise) {
    return Enum.valueOf(of, word(setting, otherwise).toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  boolean has(Setting setting) {
    return texts.containsKey(setting.key());
  }

  /** Whether a setting whose name begins so is there. */
  boolean hasAny(String start) {
    return texts.keySet().stream().anyMatch(name -> name.startsWith(start));
  }

  boolean flag(Setting setting, boolean otherwise) {
    return word(setting, String.valueOf(otherwise)).equals("true");
  }

  @Nullable Duration span(Setting setting) {
    String value = text(setting);
    return value == null ? null : Setting.duration(value);
  }

  @Nullable JsonPointer pointer(Setting setting) {
    String value = text(setting);
    return value == null
        ? null
        : value.equals(".") ? JsonPointer.empty() : JsonPointer.compile(value);
  }

  List<String> lines(Setting setting) {
    return Setting.lines(word(setting, ""));
  }

  List<String> list(Setting setting) {
    return Setting.list(word(setting, ""));
  }

  @Nullable Template template(Setting setting, Template.Context context) {
    String value = text(setting);
    return value == null ? null : Template.firstOf(Setting.lines(value), context);
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

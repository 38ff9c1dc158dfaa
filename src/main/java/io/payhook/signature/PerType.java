package io.payhook.signature;

import io.payhook.kit.Globs;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A setting that has values of its own for some event types, by Payhook's name of a type or by the
 * platform's, in which an asterisk stands for any text.
 */
final class PerType<T> {
  private final @Nullable T general;
  private final List<Own<T>> own = new ArrayList<>();

  private record Own<T>(String name, Pattern pattern, Optional<T> value) {}

  /**
   * @param general for all other types; null for none
   * @param byType values as they are written; {@code none} takes the general one away
   */
  PerType(@Nullable T general, Map<String, String> byType, Function<String, T> reader) {
    this.general = general;
    byType.forEach(
        (name, value) ->
            own.add(
                new Own<>(
                    name,
                    Globs.pattern(name),
                    value.equals(Setting.NONE)
                        ? Optional.empty()
                        : Optional.of(reader.apply(value)))));
    // A name without an asterisk counts before all patterns, a longer pattern before a shorter one.
    own.sort(
        Comparator.comparing((Own<T> each) -> each.name.contains("*"))
            .thenComparing(each -> -each.name.length()));
  }

  /** Whether one of these names or patterns is the type's. */
  static boolean any(List<String> names, String type, @Nullable String rawType) {
    for (String name : names) {
      if (Globs.matches(name, type) || (rawType != null && Globs.matches(name, rawType))) {
        return true;
      }
    }
    return false;
  }

  @Nullable T of(String type, @Nullable String rawType) {
    for (Own<T> each : own) {
      if (each.pattern.matcher(type).matches()
          || (rawType != null && each.pattern.matcher(rawType).matches())) {
        return each.value.orElse(null);
      }
    }
    return general;
  }

  /** Every value there is. */
  List<T> all() {
    List<T> all = new ArrayList<>();
    if (general != null) {
      all.add(general);
    }
    own.forEach(each -> each.value.ifPresent(all::add));
    return all;
  }
}

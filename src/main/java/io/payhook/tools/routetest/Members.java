package io.payhook.tools.routetest;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a map of a tests file holds; each member may be missing. */
record Members(Map<String, Item> all) {

  @Nullable Item get(String name) {
    return all.get(name);
  }

  boolean has(Collection<String> names) {
    return names.stream().anyMatch(all::containsKey);
  }

  @Nullable String text(String name) {
    return read(name, Item::text);
  }

  /** What a member says, or null. */
  <T> @Nullable T read(String name, Function<Item, ? extends T> reading) {
    Item item = all.get(name);
    return item == null ? null : reading.apply(item);
  }

  /** What a member says, or something else. */
  <T> T read(String name, T otherwise, Function<Item, ? extends T> reading) {
    Item item = all.get(name);
    return item == null ? otherwise : reading.apply(item);
  }

  /** What each item of a list says; none without the list. */
  <T> List<T> list(String name, Function<Item, T> reading) {
    Item item = all.get(name);
    return item == null ? List.of() : item.items().stream().map(reading).toList();
  }

  Map<String, String> texts(String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    Item item = all.get(name);
    if (item != null) {
      item.members().forEach((key, value) -> texts.put(key, value.text()));
    }
    return texts;
  }
}

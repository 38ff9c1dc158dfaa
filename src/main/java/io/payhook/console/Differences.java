package io.payhook.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Where two bodies under one key differ: what a person compares before releasing a conflict. */
final class Differences {
  private static final int MOST = 50;
  private static final int LONGEST = 200;

  private final List<Map<String, @Nullable Object>> found = new ArrayList<>();

  private Differences() {}

  /**
   * Each with its {@code pointer}, and as JSON text the value received {@code first} and the one
   * received {@code then}; null if a member is missing.
   */
  static List<Map<String, @Nullable Object>> between(byte[] first, byte[] then) {
    Differences differences = new Differences();
    try {
      differences.compare("", Json.MAPPER.readTree(first), Json.MAPPER.readTree(then));
    } catch (IOException e) {
      differences.add("", first.length + " bytes", then.length + " bytes");
    }
    return differences.found;
  }

  private void compare(String at, @Nullable JsonNode first, @Nullable JsonNode then) {
    if (found.size() == MOST) {
      return;
    }
    if (first == null || then == null) {
      add(at, text(first), text(then));
    } else if (first.isObject() && then.isObject()) {
      Set<String> names = new TreeSet<>();
      first.fieldNames().forEachRemaining(names::add);
      then.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        String member = at + "/" + name.replace("~", "~0").replace("/", "~1");
        compare(member, first.get(name), then.get(name));
      }
    } else if (first.isArray() && then.isArray()) {
      for (int i = 0; i < Math.max(first.size(), then.size()); i++) {
        compare(at + "/" + i, first.get(i), then.get(i));
      }
    } else if (!first.equals(then)) {
      add(at, text(first), text(then));
    }
  }

  private static @Nullable String text(@Nullable JsonNode node) {
    String text = node == null ? null : node.toString();
    return text == null || text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
  }

  private void add(String at, @Nullable String first, @Nullable String then) {
    Map<String, @Nullable Object> one = new LinkedHashMap<>();
    one.put("pointer", at);
    one.put("first", first);
    one.put("then", then);
    found.add(one);
  }
}

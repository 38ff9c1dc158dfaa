package io.payhook.signature;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Fields of {@code application/x-www-form-urlencoded} text, in the order they came. */
final class Form {
  private static final int MOST_FIELDS = 2_000;

  private final Map<String, List<String>> fields;

  private Form(Map<String, List<String>> fields) {
    this.fields = fields;
  }

  static Form parse(byte[] body) throws Refusal {
    Map<String, List<String>> fields = new LinkedHashMap<>();
    int count = 0;
    int start = 0;
    for (int i = 0; i <= body.length; i++) {
      if (i < body.length && body[i] != '&') {
        continue;
      }
      if (i > start) {
        if (++count > MOST_FIELDS) {
          throw new Refusal("not-a-form", "the form has more than " + MOST_FIELDS + " fields");
        }
        int equals = start;
        while (equals < i && body[equals] != '=') {
          equals++;
        }
        String name = decode(body, start, equals);
        String value = equals < i ? decode(body, equals + 1, i) : "";
        fields.computeIfAbsent(name, any -> new ArrayList<>(1)).add(value);
      }
      start = i + 1;
    }
    return new Form(fields);
  }

  static Form query(String url) throws Refusal {
    int mark = url.indexOf('?');
    int hash = url.indexOf('#', Math.max(mark, 0));
    String query =
        mark < 0 ? "" : hash < 0 ? url.substring(mark + 1) : url.substring(mark + 1, hash);
    return parse(query.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(byte[] body, int from, int to) throws Refusal {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(to - from);
    for (int i = from; i < to; i++) {
      int c = body[i];
      if (c == '+') {
        bytes.write(' ');
      } else if (c == '%') {
        int high = digit(body, i + 1, to);
        int low = digit(body, i + 2, to);
        if (high < 0 || low < 0) {
          throw new Refusal("not-a-form", "the form has a '%' that no two hex digits follow");
        }
        bytes.write(high << 4 | low);
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    try {
      return StrictJson.utf8(bytes.toByteArray());
    } catch (CharacterCodingException e) {
      throw new Refusal("not-a-form", "the form has text that is not UTF-8");
    }
  }

  private static int digit(byte[] body, int at, int to) {
    return at < to ? Character.digit(body[at], 16) : -1;
  }

  /** Every field, in the order they came. */
  void each(BiConsumer<String, String> visitor) {
    fields.forEach((name, values) -> values.forEach(value -> visitor.accept(name, value)));
  }

  /** The first value of a field, or null. */
  @Nullable String first(String name) {
    List<String> values = fields.get(name);
    return values == null ? null : values.get(0);
  }

  List<String> all(String name) {
    return fields.getOrDefault(name, List.of());
  }

  /** Every name with its distinct values, both sorted, names and values run together. */
  String sorted() {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(fields)
        .forEach(
            (name, values) -> {
              for (String value : new TreeSet<>(values)) {
                text.append(name).append(value);
              }
            });
    return text.toString();
  }

  /** The fields as an object; a field that came several times is an array. */
  ObjectNode json() {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    fields.forEach(
        (name, values) -> {
          if (values.size() == 1) {
            object.put(name, values.get(0));
          } else {
            ArrayNode array = object.putArray(name);
            values.forEach(array::add);
          }
        });
    return object;
  }
}

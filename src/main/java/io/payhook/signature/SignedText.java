package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Currencies;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Texts that platforms sign in place of the raw body, each written the way the platform does. */
final class SignedText {
  /** Indexes of arrays end here in ECMAScript; above, a number is a name like any other. */
  private static final long LAST_INDEX = 4_294_967_294L;

  private SignedText() {}

  /**
   * What {@code JSON.stringify(JSON.parse(text))} gives in JavaScript (ECMA-262, 25.5.2): no
   * spaces, numbers as doubles in their shortest form, members that are array indexes first.
   */
  static @Nullable String stringify(@Nullable JsonNode node) {
    if (node == null) {
      return null;
    }
    StringBuilder text = new StringBuilder();
    write(node, text);
    return text.toString();
  }

  private static void write(JsonNode node, StringBuilder text) {
    String comma = "";
    if (node.isObject()) {
      text.append('{');
      for (Map.Entry<String, JsonNode> member : inScriptOrder(node)) {
        text.append(comma);
        quote(member.getKey(), text);
        text.append(':');
        write(member.getValue(), text);
        comma = ",";
      }
      text.append('}');
    } else if (node.isArray()) {
      text.append('[');
      for (JsonNode item : node) {
        text.append(comma);
        write(item, text);
        comma = ",";
      }
      text.append(']');
    } else if (node.isTextual()) {
      quote(node.asText(), text);
    } else if (node.isNumber()) {
      text.append(number(node.doubleValue()));
    } else {
      text.append(node.asText());
    }
  }

  private static List<Map.Entry<String, JsonNode>> inScriptOrder(JsonNode object) {
    List<Map.Entry<String, JsonNode>> indexes = new ArrayList<>();
    List<Map.Entry<String, JsonNode>> names = new ArrayList<>();
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      (isIndex(member.getKey()) ? indexes : names).add(member);
    }
    indexes.sort(Comparator.comparingLong(member -> Long.parseLong(member.getKey())));
    indexes.addAll(names);
    return indexes;
  }

  private static boolean isIndex(String name) {
    return name.matches("0|[1-9][0-9]{0,9}") && Long.parseLong(name) <= LAST_INDEX;
  }

  private static void quote(String value, StringBuilder text) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c < ' ' || isAlone(value, i)) {
            text.append("\\u").append(HexFormat.of().toHexDigits(c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }

  /** Whether a character is half of one that has two, without the other half. */
  static boolean isAlone(String value, int at) {
    char c = value.charAt(at);
    if (Character.isHighSurrogate(c)) {
      return at + 1 == value.length() || !Character.isLowSurrogate(value.charAt(at + 1));
    }
    return Character.isLowSurrogate(c)
        && (at == 0 || !Character.isHighSurrogate(value.charAt(at - 1)));
  }

  /** ECMA-262, Number::toString. Java 17's own shortest form is not always the shortest. */
  static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return "null";
    }
    if (value == 0) {
      return "0";
    }
    BigDecimal exact = new BigDecimal(Math.abs(value));
    BigDecimal shortest = exact;
    for (int precision = 1; precision <= 17; precision++) {
      shortest = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
      if (shortest.doubleValue() == Math.abs(value)) {
        break;
      }
    }
    shortest = shortest.stripTrailingZeros();
    String digits = shortest.unscaledValue().toString();
    int count = digits.length();
    int point = shortest.precision() - shortest.scale();
    String sign = value < 0 ? "-" : "";
    if (count <= point && point <= 21) {
      return sign + digits + "0".repeat(point - count);
    }
    if (0 < point && point <= 21) {
      return sign + digits.substring(0, point) + "." + digits.substring(point);
    }
    if (-6 < point && point <= 0) {
      return sign + "0." + "0".repeat(-point) + digits;
    }
    int exponent = point - 1;
    String fraction = count == 1 ? "" : "." + digits.substring(1);
    return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "" : "+") + exponent;
  }

  /** The number with as many decimals as the event's currency has; other text as it is. */
  static @Nullable String money(Scope scope, @Nullable String text) throws Refusal {
    BigDecimal number = text == null ? null : Currencies.number(text);
    return number == null
        ? text
        : number
            .setScale(Currencies.digits(scope.plan.event.currencyOf(scope)), RoundingMode.HALF_UP)
            .toPlainString();
  }

  /**
   * The members that an array of the body names, of the object that holds the array: sorted by
   * name, as the query of a URL.
   */
  static @Nullable String listed(@Nullable JsonNode here, @Nullable JsonPointer pointer) {
    JsonNode names = here == null || pointer == null ? null : here.at(pointer);
    if (here == null || pointer == null || names == null || !names.isArray() || names.isEmpty()) {
      return null;
    }
    JsonNode holder = here.at(pointer.head());
    TreeSet<String> sorted = new TreeSet<>();
    names.forEach(name -> sorted.add(name.asText()));
    List<String> pairs = new ArrayList<>();
    for (String name : sorted) {
      JsonNode value = holder.path(name);
      if (value.isArray()) {
        value.forEach(each -> pairs.add(pair(name, each)));
      } else if (!value.isMissingNode()) {
        pairs.add(pair(name, value));
      }
    }
    return String.join("&", pairs);
  }

  /** As the npm package query-string writes it: null is the bare name. */
  private static String pair(String name, JsonNode value) {
    return percentEncoded(name) + (value.isNull() ? "" : "=" + percentEncoded(value.asText()));
  }

  /**
   * Every field but the signature's own, in the order they came, as PHP's urlencode writes them.
   */
  static String formFields(Scope scope) throws Refusal {
    List<String> fields = new ArrayList<>();
    scope
        .form()
        .each(
            (name, value) -> {
              if (!name.equals(scope.plan.signature.formField)) {
                fields.add(urlEncoded(name) + "=" + urlEncoded(value));
              }
            });
    return String.join("&", fields);
  }

  static String urlEncoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("*", "%2A");
  }

  static String percentEncoded(String value) {
    return urlEncoded(value).replace("+", "%20");
  }
}

package io.payhook.effects;

import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Limits for values that become text: in SQL, e-mails, calls and messages. Ten characters of an
 * event ({@code 1e99999999}) would otherwise be written as a hundred million digits, and one event
 * would end the process, at every start again. Also makes text acceptable to every remote system:
 * no U+0000, no unpaired surrogates.
 */
public final class Bounds {
  /**
   * Maximum number of digits on either side of the decimal point; JSON that Payhook accepts has no
   * longer numbers.
   */
  public static final int DIGITS = 1_000;

  /** Maximum number of bits of {@link #DIGITS} digits. */
  private static final int BITS = 3_322;

  /** Maximum number of characters of a rendered template. */
  public static final int RENDERED = 2_000_000;

  /** Maximum length of a range in a template. */
  public static final int RANGE = 10_000;

  /** Replaces U+0000 and unpaired surrogates. */
  private static final char REPLACEMENT = '\uFFFD';

  /** Control characters except line ends and tabs, and bidirectional formatting. */
  private static final Pattern UNSEEN =
      Pattern.compile("[\\p{Cc}&&[^\t\n\r]]|[\\x{202A}-\\x{202E}\\x{2066}-\\x{2069}]");

  private Bounds() {}

  /** Whether Payhook writes a number in plain notation. */
  static boolean fits(Number number) {
    return fits(number, DIGITS);
  }

  private static boolean fits(Number number, int digits) {
    if (number instanceof BigDecimal decimal) {
      // The exponent first: counting the digits of a long number takes time.
      return decimal.scale() <= digits
          && decimal.scale() >= -digits
          && decimal.unscaledValue().bitLength() <= BITS
          && decimal.precision() - decimal.scale() <= digits;
    }
    if (number instanceof BigInteger integer) {
      return integer.bitLength() <= BITS;
    }
    double value = number.doubleValue();
    return !Double.isNaN(value) && !Double.isInfinite(value);
  }

  /**
   * Parses a number in a text.
   *
   * @param digits maximum on either side of its decimal point
   * @throws NumberFormatException if it is not a number
   * @throws ArithmeticException if it has more digits
   */
  public static BigDecimal number(String text, int digits) {
    String number = text.strip();
    // Checked before parsing: a million digits take seconds.
    if (number.length() > 2 * digits + 20) {
      throw new ArithmeticException("has " + number.length() + " characters");
    }
    BigDecimal read = new BigDecimal(number);
    if (!fits(read, digits)) {
      throw new ArithmeticException("has more than " + digits + " digits");
    }
    return read;
  }

  /**
   * A value as it is sent, at any depth.
   *
   * @param place names it in errors
   * @throws EffectException if a number in it is too large
   */
  public static @Nullable Object checked(@Nullable Object value, String place) {
    return new Walk(true, Bounds::text).of(value, place);
  }

  /**
   * Variables for a template: a number that is too large fails where the template uses it, and
   * nowhere else.
   *
   * @param prose whether people read the rendered text
   */
  public static Map<String, Object> printable(Map<String, Object> variables, boolean prose) {
    Map<String, Object> printable = new HashMap<>(variables);
    Walk walk = new Walk(false, prose ? Bounds::prose : Bounds::text);
    printable.replaceAll((name, value) -> walk.of(value, name));
    return printable;
  }

  /** Text without U+0000 and unpaired surrogates; the same object if it has none. */
  public static String text(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || Character.isSurrogate(c)) {
        return replaced(text, i);
      }
    }
    return text;
  }

  private static String replaced(String text, int from) {
    StringBuilder clean = new StringBuilder(text.length()).append(text, 0, from);
    for (int i = from; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
      clean.appendCodePoint(c == 0 || half ? REPLACEMENT : c);
    }
    return clean.toString();
  }

  /** {@link #text} without bidirectional formatting and invisible characters. */
  static String prose(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c >= '\u007F') {
        return UNSEEN.matcher(text(text)).replaceAll("");
      }
    }
    return text;
  }

  /** Whether a character changes the direction of the text around it. */
  static boolean turns(int c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  }

  private static EffectException tooLarge(Object number, String place) {
    return new EffectException(
        "%s is %s in this event; a number of at most %s digits would be right"
            .formatted(place, told(number), DIGITS));
  }

  private static String told(Object number) {
    if (number instanceof BigDecimal decimal && decimal.unscaledValue().bitLength() > BITS) {
      return "a longer number";
    }
    return number instanceof BigInteger ? "a longer number" : number.toString();
  }

  /** A number that is too large, in a template's variables. */
  static final class TooLarge {
    private final String place;
    private final Object number;

    private TooLarge(Object number, String place) {
      this.number = number;
      this.place = place;
    }

    @Override
    @JsonValue
    public String toString() {
      throw tooLarge(number, place);
    }
  }

  /** Copies only what must change, which in nearly every event is nothing. */
  private record Walk(boolean strict, UnaryOperator<String> clean) {
    @Nullable Object of(@Nullable Object value, String place) {
      if (value instanceof String text) {
        return clean.apply(text);
      }
      if (value instanceof Number number) {
        if (fits(number)) {
          return number;
        }
        if (strict) {
          throw tooLarge(number, place);
        }
        return new TooLarge(number, place);
      }
      if (value instanceof Map<?, ?> map) {
        return map(map, place);
      }
      return value instanceof List<?> list ? list(list, place) : value;
    }

    private Object map(Map<?, ?> map, String place) {
      Map<Object, @Nullable Object> copy = null;
      for (Map.Entry<?, ?> member : map.entrySet()) {
        Object name = member.getKey() instanceof String text ? text(text) : member.getKey();
        Object value = member.getValue();
        Object clean = simple(value) ? value : of(value, place + '.' + member.getKey());
        if (copy == null && (clean != value || name != member.getKey())) {
          copy = new LinkedHashMap<>(map);
        }
        if (copy != null && name != member.getKey()) {
          copy.remove(member.getKey());
        }
        if (copy != null) {
          copy.put(name, clean);
        }
      }
      return copy == null ? map : copy;
    }

    private Object list(Collection<?> list, String place) {
      List<@Nullable Object> copy = null;
      int at = 0;
      for (Object value : list) {
        Object clean = simple(value) ? value : of(value, place + '.' + at);
        if (copy == null && clean != value) {
          copy = new ArrayList<>(list);
        }
        if (copy != null) {
          copy.set(at, clean);
        }
        at++;
      }
      return copy == null ? list : copy;
    }

    /** Values that need no check, and hence no place that names them. */
    private static boolean simple(@Nullable Object value) {
      return value == null
          || value instanceof Boolean
          || value instanceof Integer
          || value instanceof Long;
    }
  }
}

package io.payhook.effects;

import jakarta.mail.internet.InternetAddress;
import java.io.UnsupportedEncodingException;
import java.net.IDN;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * One address of an e-mail as a route gives it: {@code ada@example.com} or {@code Ada <ada@…>},
 * either part with values of the event in it. Whatever the values are, it becomes exactly one
 * address or an error.
 */
record Mailbox(@Nullable RouteText name, RouteText address) {

  private static final int LONGEST = 254;
  private static final int LONGEST_LOCAL = 64;
  private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
  private static final Pattern ADDRESS =
      Pattern.compile(ATOM + "(?:\\." + ATOM + ")*@" + LABEL + "(?:\\." + LABEL + ")*");

  /** The addresses between the commas that the route wrote. */
  static List<Mailbox> list(RouteText text) {
    return text.splitAtCommas().stream().filter(part -> !part.isBlank()).map(Mailbox::of).toList();
  }

  static Mailbox of(RouteText text) {
    RouteText inside = text.after('<');
    RouteText address = inside == null ? null : inside.before('>');
    return address == null ? new Mailbox(null, text) : new Mailbox(text.before('<'), address);
  }

  /**
   * The address for one event.
   *
   * @param parameter names it in errors
   * @throws EffectException where the values don't make it exactly one address
   */
  InternetAddress in(Exchange exchange, String parameter) {
    String text = address.in(exchange).strip();
    String ascii = ascii(text);
    if (ascii == null) {
      throw new EffectException(
          "the e-mail's "
              + parameter
              + ", "
              + address.source().strip()
              + ", is "
              + (text.isEmpty() ? "empty" : "'" + OneLine.of(text, LONGEST) + "'")
              + " for this event; exactly one e-mail address would be right");
    }
    InternetAddress result = new InternetAddress();
    result.setAddress(ascii);
    String personal = name == null ? "" : unquoted(OneLine.of(name.in(exchange), 128));
    if (!personal.isEmpty()) {
      try {
        result.setPersonal(personal, StandardCharsets.UTF_8.name());
      } catch (UnsupportedEncodingException e) {
        throw new IllegalStateException(e);
      }
    }
    return result;
  }

  private static String unquoted(String name) {
    return name.length() > 1 && name.startsWith("\"") && name.endsWith("\"")
        ? name.substring(1, name.length() - 1)
        : name;
  }

  /** The address with its domain in ASCII, or null if it isn't one address. */
  private static @Nullable String ascii(String address) {
    int at = address.lastIndexOf('@');
    if (at < 1 || at > LONGEST_LOCAL || address.length() > LONGEST) {
      return null;
    }
    String ascii;
    try {
      ascii = address.substring(0, at + 1) + IDN.toASCII(address.substring(at + 1));
    } catch (IllegalArgumentException e) {
      return null;
    }
    return ascii.length() <= LONGEST && ADDRESS.matcher(ascii).matches() ? ascii : null;
  }
}

package io.payhook.effects.mail;

import io.payhook.effects.OneLine;
import io.payhook.effects.RouteText;
import jakarta.mail.internet.InternetAddress;
import java.io.UnsupportedEncodingException;
import java.net.IDN;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * An address of an e-mail as a route gives it: {@code ada@example.com} or {@code Ada <ada@…>},
 * either part with values of the event in it. Whatever the values are, the result is exactly one
 * address or an error.
 */
record Mailbox(@Nullable RouteText name, RouteText address) {

  /** The values of an event do not form an address. */
  static final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    private UnusableException(String text) {
      super(text);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  private static final int LONGEST = 254;
  private static final int LONGEST_LOCAL = 64;
  private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
  private static final Pattern PLAIN = Pattern.compile(ATOM + "(?:\\." + ATOM + ")*");

  /** Dots in places that require quoting. */
  private static final Pattern DOTTED = Pattern.compile("(?=.*[^.])(?:\\.|" + ATOM + ")+");

  /**
   * Content that can be quoted: no quote, backslash or control character that could end the quotes
   * or mean something else.
   */
  private static final String QUOTED = "\"[A-Za-z0-9!#$%&'*+/=?^_`{|}~. -]+\"";

  private static final Pattern ADDRESS =
      Pattern.compile(
          "(?:" + PLAIN.pattern() + "|" + QUOTED + ")@" + LABEL + "(?:\\." + LABEL + ")*");

  /** The addresses between the commas in the route's own text. */
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
   * @throws UnusableException if the values do not form exactly one address
   */
  InternetAddress in(Exchange exchange, String parameter) throws UnusableException {
    String text = address.in(exchange).strip();
    String ascii = ascii(text);
    if (ascii == null) {
      String is = text.isEmpty() ? "empty" : "'" + OneLine.of(text, LONGEST) + "'";
      throw new UnusableException(
          "the e-mail's %s, %s, is %s for this event; exactly one e-mail address would be right"
              .formatted(parameter, address.source().strip(), is));
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

  /** Whether it depends on the event, so that it may be usable for another event. */
  boolean isOfTheEvent() {
    return address.pieces().stream().anyMatch(RouteText.Value.class::isInstance);
  }

  private static String unquoted(String name) {
    return name.length() > 1 && name.startsWith("\"") && name.endsWith("\"")
        ? name.substring(1, name.length() - 1)
        : name;
  }

  /**
   * The address with its domain in ASCII, or null if it is not one address. A local part that the
   * standard requires to be quoted is quoted: {@code ada..b@docomo.ne.jp} is a real mailbox, and no
   * other one.
   */
  private static @Nullable String ascii(String address) {
    String whole = address.endsWith(".") ? address.substring(0, address.length() - 1) : address;
    int at = whole.lastIndexOf('@');
    if (at < 1 || at > LONGEST_LOCAL || whole.length() > LONGEST) {
      return null;
    }
    String local = whole.substring(0, at);
    String ascii;
    try {
      ascii = '@' + IDN.toASCII(whole.substring(at + 1));
    } catch (IllegalArgumentException e) {
      return null;
    }
    if (DOTTED.matcher(local).matches() && !PLAIN.matcher(local).matches()) {
      local = '"' + local + '"';
    }
    ascii = local + ascii;
    return ascii.length() <= LONGEST && ADDRESS.matcher(ascii).matches() ? ascii : null;
  }
}

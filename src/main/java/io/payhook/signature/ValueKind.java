package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import io.payhook.signature.Template.Context;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What one value of a setting looks like. */
enum ValueKind {
  TEXT(value -> {}),
  WORD(value -> {}),
  BOOLEAN(like("true|false", "should be true or false")),
  DURATION(Setting::duration),
  STATUS(like("[2-5][0-9][0-9]", "is not a status code; one is 200, for example")),
  DIGITS(like("[0-4]", "should be a number from 0 to 4")),
  HEADER(like("[!#$%&'*+.^_`|~0-9A-Za-z-]+", "can't be the name of a header")),
  HOST(ValueKind::host),
  POINTER(ValueKind::pointer),
  POINTER_OR_DOT(
      value -> {
        if (!value.equals(".")) {
          pointer(value);
        }
      }),
  SIGNED(template(Context.SIGNED)),
  WIRE(template(Context.WIRE)),
  TYPE(template(Context.TYPE)),
  EVENT(template(Context.EVENT)),
  ANSWER(template(Context.ANSWER)),
  REPLY(template(Context.REPLY)),
  FILLED(Template::filled),
  FILLED_URL(
      value -> {
        Template unused = Template.filled(value);
        like(
                "https?://[^{}/?#\\s@]+([/?].*)?",
                "is not an absolute URL whose host is written out; write"
                    + " https://api.example.com/payments/{/data/id}")
            .accept(value);
      }),
  URL(ValueKind::url),
  REGEX(ValueKind::regex),
  ZONE(ValueKind::zone),
  DATE_FORMAT(ValueKind::dateFormat);

  @SuppressWarnings("ImmutableEnumChecker") // functions without a state
  private final Consumer<String> rule;

  ValueKind(Consumer<String> rule) {
    this.rule = rule;
  }

  /**
   * @throws IllegalArgumentException whose message says what is wrong and what would be right
   */
  void check(String value) {
    rule.accept(value);
  }

  private static IllegalArgumentException wrong(String value, String text) {
    return new IllegalArgumentException("'" + value + "' " + text);
  }

  private static Consumer<String> like(String pattern, String otherwise) {
    return value -> {
      if (!value.matches(pattern)) {
        throw wrong(value, otherwise);
      }
    };
  }

  private static Consumer<String> template(Context context) {
    return value -> Template.parse(value, context);
  }

  private static void host(String value) {
    if (!CertificateUrl.isHost(value)) {
      throw wrong(value, "is not the name of a host; write paypal.com, for example");
    }
  }

  private static void pointer(String value) {
    if (!value.startsWith("/")) {
      throw wrong(value, "is not a JSON Pointer; one begins with '/', as /data/id");
    }
    JsonPointer.compile(value);
  }

  private static void url(String value) {
    try {
      URI uri = new URI(value);
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return;
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    throw wrong(value, "is not an absolute URL; write https://shop.example/webhooks/payments");
  }

  private static void regex(String value) {
    try {
      Pattern.compile(value);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("not a pattern: " + e.getDescription(), e);
    }
  }

  private static void zone(String value) {
    try {
      ZoneId.of(value);
    } catch (DateTimeException e) {
      throw wrong(value, "is not a time zone; one is Africa/Lagos, for example");
    }
  }

  private static void dateFormat(String value) {
    try {
      Object unused = DateTimeFormatter.ofPattern(value, Locale.ENGLISH);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("not a date pattern: " + e.getMessage(), e);
    }
  }
}

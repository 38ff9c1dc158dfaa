package io.payhook.service;

import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.payhook.kit.PlainText;
import java.nio.charset.StandardCharsets;

/**
 * Log lines that cannot be forged: terminal control characters are escaped, and whatever follows a
 * line break is indented, so that it never looks like a line of its own.
 */
public final class PlainLog {
  private PlainLog() {}

  private static String plain(String text) {
    String plain = PlainText.lines(text);
    return plain.indexOf('\n') < 0 && plain.indexOf('\r') < 0
        ? plain
        : plain.strip().replaceAll("\\R", "\n    ");
  }

  /** The message of a text log line. */
  public static final class Message extends MessageConverter {
    @Override
    public String convert(ILoggingEvent event) {
      return plain(String.valueOf(super.convert(event)));
    }
  }

  /** The stack trace below a text log line. */
  public static final class Thrown extends ThrowableProxyConverter {
    @Override
    public String convert(ILoggingEvent event) {
      String text = super.convert(event);
      return text.isEmpty() ? text : "    " + plain(text) + "\n";
    }
  }

  /** A JSON log line; characters are escaped as JSON prescribes, so values are preserved. */
  public static final class Json extends JsonEncoder {
    @Override
    public byte[] encode(ILoggingEvent event) {
      String line = new String(super.encode(event), StandardCharsets.UTF_8);
      return PlainText.lines(line).getBytes(StandardCharsets.UTF_8);
    }
  }
}

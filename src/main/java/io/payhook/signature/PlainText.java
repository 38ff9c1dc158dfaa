package io.payhook.signature;

/**
 * Text of a stranger, made fit to be read in a terminal, a log or a page: whatever steers these, or
 * hides or turns other text, is written out ({@code \u001b}).
 */
public final class PlainText {
  private PlainText() {}

  /** The text on one line, without a character that can't be seen. */
  public static String of(String text) {
    return of(text, "");
  }

  /** As {@link #of(String)}, with line breaks and tabs left as they are. */
  public static String lines(String text) {
    return of(text, "\n\r\t");
  }

  private static String of(String text, String kept) {
    StringBuilder plain = null;
    int length;
    for (int i = 0; i < text.length(); i += length) {
      int code = text.codePointAt(i);
      length = Character.charCount(code);
      boolean bad = steers(code) && (code > ' ' || kept.indexOf(code) < 0);
      if (bad && plain == null) {
        plain = new StringBuilder(text.length() + 16).append(text, 0, i);
      }
      if (bad) {
        for (char unit : Character.toChars(code)) {
          plain.append(String.format("\\u%04x", (int) unit));
        }
      } else if (plain != null) {
        plain.appendCodePoint(code);
      }
    }
    return plain == null ? text : plain.toString();
  }

  private static boolean steers(int code) {
    if (code >= ' ' && code < 0x7f) {
      return false;
    }
    return switch (Character.getType(code)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }
}

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
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1));
      int code = pair ? Character.toCodePoint(c, text.charAt(i + 1)) : c;
      boolean bad = steers(code) && (c > ' ' || kept.indexOf(c) < 0);
      if (bad && plain == null) {
        plain = new StringBuilder(text.length() + 16).append(text, 0, i);
      }
      if (plain != null) {
        if (bad) {
          plain.append(
              pair ? String.format("\\u{%x}", code) : String.format("\\u%04x", code));
        } else {
          plain.appendCodePoint(code);
        }
      }
      i += pair ? 1 : 0;
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

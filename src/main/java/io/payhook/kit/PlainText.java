package io.payhook.kit;

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
    if (text.codePoints().noneMatch(code -> isWrittenOut(code, kept))) {
      return text;
    }
    StringBuilder plain = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            code -> {
              if (isWrittenOut(code, kept)) {
                for (char unit : Character.toChars(code)) {
                  plain.append(String.format("\\u%04x", (int) unit));
                }
              } else {
                plain.appendCodePoint(code);
              }
            });
    return plain.toString();
  }

  private static boolean isWrittenOut(int code, String kept) {
    return steers(code) && (code > ' ' || kept.indexOf(code) < 0);
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

package io.payhook.effects;

/**
 * Text that is safe in a mail header, as the source of a file name, or in a message: one line of
 * limited length.
 */
public final class OneLine {
  private OneLine() {}

  /**
   * The text with each run of spaces and control characters replaced by a space, without
   * bidirectional formatting, truncated to a length.
   */
  public static String of(String text, int longest) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), longest));
    boolean gap = false;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (Bounds.turns(c)) {
        continue;
      }
      if (Character.isWhitespace(c)
          || Character.isSpaceChar(c)
          || Character.isISOControl(c)
          || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
        gap = !line.isEmpty();
        continue;
      }
      if (line.length() + 2 > longest) {
        return line.append('…').toString();
      }
      if (gap) {
        line.append(' ');
        gap = false;
      }
      line.appendCodePoint(c);
    }
    return line.toString();
  }
}

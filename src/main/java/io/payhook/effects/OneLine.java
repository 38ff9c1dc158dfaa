package io.payhook.effects;

/** Text that is safe in a mail header, a file name's source or a message: one line, bounded. */
final class OneLine {
  private OneLine() {}

  /**
   * The text with every run of spaces and control characters made one space, without what turns its
   * direction, cut at a length.
   */
  static String of(String text, int longest) {
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

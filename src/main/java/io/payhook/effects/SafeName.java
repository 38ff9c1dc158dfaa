package io.payhook.effects;

/** Untrusted text as a part of a file name: no separators, no leading dots, limited length. */
public final class SafeName {
  private SafeName() {}

  public static String of(String text, int longest) {
    StringBuilder name = new StringBuilder(Math.min(text.length(), longest));
    for (int i = 0; i < text.length() && name.length() < longest; i++) {
      char c = text.charAt(i);
      boolean kept =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '-'
              || (c == '.' && !name.isEmpty());
      name.append(kept ? c : '_');
    }
    return name.isEmpty() ? "_" : name.toString();
  }
}

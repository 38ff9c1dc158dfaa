package io.payhook.kit;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Text in which {@code *} stands for any text, as in {@code payment.*}. */
public final class Globs {
  private Globs() {}

  /** Whether a text is one of those that the glob stands for. */
  public static boolean matches(String glob, String text) {
    return glob.indexOf('*') < 0 ? glob.equals(text) : pattern(glob).matcher(text).matches();
  }

  /** The glob for repeated use; {@code *} stands for line ends too. */
  public static Pattern pattern(String glob) {
    return Pattern.compile(
        Stream.of(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
        Pattern.DOTALL);
  }
}

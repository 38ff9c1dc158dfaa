package io.payhook.effects.sql;

import io.payhook.effects.EffectException;
import io.payhook.effects.Texts;
import io.payhook.files.Trouble;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/**
 * Caches values derived from text files, one per version of a file: an edited file is read again at
 * the next use, without a restart. A version is identified by modification time and size.
 */
final class FileCache<T> {
  private record Entry<T>(Object version, T value) {}

  private final ConcurrentHashMap<Path, Entry<T>> entries = new ConcurrentHashMap<>();
  private final Texts texts;
  private final BiFunction<Path, String, T> parse;

  /**
   * @param parse derives the value from path and text
   */
  FileCache(Texts texts, BiFunction<Path, String, T> parse) {
    this.texts = texts;
    this.parse = parse;
  }

  /**
   * The value of the file as it is now.
   *
   * @throws EffectException if the file does not exist, cannot be read or is not UTF-8
   */
  T get(Path file) {
    try {
      Texts.Text now = texts.get(file);
      Entry<T> known = entries.get(file);
      if (known == null || !known.version.equals(now.version())) {
        known = new Entry<>(now.version(), parse.apply(file, now.text()));
        entries.put(file, known);
      }
      return known.value;
    } catch (NoSuchFileException e) {
      entries.remove(file);
      throw new EffectException(
          file + ": there is no such file; the path is relative to the route file's folder", e);
    } catch (IOException e) {
      throw new EffectException(Trouble.of(file, e).toString(), e);
    }
  }
}

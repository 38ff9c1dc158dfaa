package io.payhook.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextFileTest {
  @TempDir Path folder;

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("a.yaml"), bytes);
  }

  private Trouble trouble(byte[] bytes) throws IOException {
    Path file = file(bytes);
    return Trouble.of(file, catchThrowableOfType(IOException.class, () -> TextFile.read(file)));
  }

  @Test
  void a_byte_order_mark_and_the_ends_of_lines_mean_nothing() throws IOException {
    assertThat(TextFile.read(file("\uFEFFa: 1\r\nb: 2\r\n".getBytes(UTF_8))))
        .isEqualTo("a: 1\nb: 2\n");
    assertThat(TextFile.read(file("a: \u00e9\n".getBytes(UTF_8)))).isEqualTo("a: \u00e9\n");
    assertThat(TextFile.read(file(new byte[0]))).isEmpty();
  }

  @Test
  void a_mark_elsewhere_than_at_the_beginning_stays() throws IOException {
    assertThat(TextFile.read(file("a\uFEFFb".getBytes(UTF_8)))).isEqualTo("a\uFEFFb");
  }

  @Test
  void what_is_not_utf_8_is_told_by_what_it_is() throws IOException {
    assertThat(trouble("\u00e9t\u00e9".getBytes(ISO_8859_1)).what())
        .isEqualTo("the file is not UTF-8 text");
    assertThat(trouble("\uFEFFa: 1".getBytes(UTF_16LE)))
        .satisfies(
            told -> {
              assertThat(told.what()).isEqualTo("the file is UTF-16 text");
              assertThat(told.right()).isEqualTo("save it as UTF-8");
            });
  }

  @Test
  void bytes_that_are_sent_as_they_are_lose_the_mark_alone() {
    byte[] marked = "\uFEFF{}\r\n".getBytes(UTF_8);
    assertThat(TextFile.withoutMark(marked)).isEqualTo("{}\r\n".getBytes(UTF_8));
    assertThat(TextFile.withoutMark(new byte[] {1})).isEqualTo(new byte[] {1});
  }

  @Test
  void who_may_not_read_is_told_the_mode_and_the_owner() throws IOException {
    Path file = file(new byte[0]);
    Trouble told = Trouble.of(file, new AccessDeniedException(file.toString()));
    assertThat(told.what())
        .startsWith("can't be read: permission denied (mode rw-")
        .contains(", owner ", ", read as ");
    assertThat(Trouble.of(folder.resolve("b"), new NoSuchFileException("b")).what())
        .isEqualTo("is gone while it is read");
  }

  @Test
  void a_message_shows_what_nobody_would_see() {
    assertThat(Visible.of("near \"\uFEFF\"")).isEqualTo("near \"U+FEFF\"");
    assertThat(Visible.of("a\u200Bb\u00A0c\u0000d\u202E"))
        .isEqualTo("aU+200BbU+00A0cU+0000dU+202E");
    assertThat(Visible.of("\u00e9 \u6f22 \ud83d\ude00\n\t"))
        .isEqualTo("\u00e9 \u6f22 \ud83d\ude00\n\t");
  }
}

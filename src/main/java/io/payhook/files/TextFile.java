package io.payhook.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The one reader of text that people write. Some editors begin a file with a byte order mark and
 * end its lines with CR and LF; neither means anything here, and both would be taken for part of
 * the first key or the last value.
 */
public final class TextFile {
  private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private TextFile() {}

  /** A file that is no UTF-8 text; the message says what it is. */
  static final class NotTextException extends CharacterCodingException {
    private static final long serialVersionUID = 1;
    private final String what;

    NotTextException(String what) {
      this.what = what;
    }

    @Override
    public String getMessage() {
      return what;
    }
  }

  /**
   * The text of a file: without a byte order mark, its lines ended by a line feed alone.
   *
   * @throws CharacterCodingException for a file that is not UTF-8
   */
  public static String read(Path file) throws IOException {
    return text(Files.readAllBytes(file));
  }

  /**
   * The text that bytes are, as of {@link #read}.
   *
   * @throws CharacterCodingException for bytes that are not UTF-8
   */
  public static String text(byte[] bytes) throws CharacterCodingException {
    if (bytes.length > 1 && (bytes[0] & 0xFF) + (bytes[1] & 0xFF) == 0xFE + 0xFF) {
      throw new NotTextException("is UTF-16 text");
    }
    byte[] content = withoutMark(bytes);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
      return text.indexOf('\r') < 0 ? text : text.replace("\r\n", "\n");
    } catch (CharacterCodingException e) {
      throw new NotTextException("is not UTF-8 text");
    }
  }

  /** The bytes without a byte order mark, for what is sent as it is. */
  public static byte[] withoutMark(byte[] bytes) {
    boolean marked = bytes.length >= 3 && Arrays.equals(bytes, 0, 3, MARK, 0, 3);
    return marked ? Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
  }
}

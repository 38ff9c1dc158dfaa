package io.payhook.signature;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How bytes are written as text. Decoding is strict: one text for one value, but for the case of
 * hex digits and the padding of base64, so a signature with any other character changed never
 * passes.
 */
enum Encoding {
  HEX,
  BASE64,
  BASE64URL;

  private static final Base64.Encoder PLAIN = Base64.getEncoder().withoutPadding();
  private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

  String encode(byte[] bytes) {
    return switch (this) {
      case HEX -> HexFormat.of().formatHex(bytes);
      case BASE64 -> Base64.getEncoder().encodeToString(bytes);
      case BASE64URL -> URL.encodeToString(bytes);
    };
  }

  /** The bytes, or null when the text is not of this encoding; no text is of any. */
  byte @Nullable [] decode(String text) {
    byte[] bytes;
    try {
      bytes =
          switch (this) {
            case HEX -> HexFormat.of().parseHex(text);
            case BASE64 -> Base64.getDecoder().decode(text);
            case BASE64URL -> Base64.getUrlDecoder().decode(text);
          };
    } catch (IllegalArgumentException e) {
      return null;
    }
    return bytes.length == 0 || (this != HEX && !endsAsEncoded(text, bytes)) ? null : bytes;
  }

  /** Bits that encode nothing must be zero, or two texts would mean the same signature. */
  private boolean endsAsEncoded(String text, byte[] bytes) {
    int whole = bytes.length / 3;
    byte[] rest = Arrays.copyOfRange(bytes, 3 * whole, bytes.length);
    return text.startsWith((this == BASE64URL ? URL : PLAIN).encodeToString(rest), 4 * whole);
  }

  /** As it is written in a setting. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}

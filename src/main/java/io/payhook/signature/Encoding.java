package io.payhook.signature;

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
  HEX {
    @Override
    byte[] read(String text) {
      return HexFormat.of().parseHex(text);
    }

    @Override
    String encode(byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }
  },
  BASE64 {
    @Override
    byte[] read(String text) {
      return strictly(text, Base64.getDecoder(), Base64.getEncoder());
    }

    @Override
    String encode(byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
  },
  BASE64URL {
    @Override
    byte[] read(String text) {
      return strictly(text, Base64.getUrlDecoder(), Base64.getUrlEncoder());
    }

    @Override
    String encode(byte[] bytes) {
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
  };

  /**
   * @throws IllegalArgumentException when the text is not of this encoding
   */
  abstract byte[] read(String text);

  abstract String encode(byte[] bytes);

  /** The bytes, or null when the text is not of this encoding; no text is of any. */
  byte @Nullable [] decode(String text) {
    try {
      byte[] bytes = read(text);
      return bytes.length == 0 ? null : bytes;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** As it is written in a setting. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static byte[] strictly(String text, Base64.Decoder decoder, Base64.Encoder encoder) {
    byte[] bytes = decoder.decode(text);
    // Bits that encode nothing must be zero, or two texts would mean the same signature.
    if (!text.startsWith(encoder.withoutPadding().encodeToString(bytes))) {
      throw new IllegalArgumentException("not the one text for its bytes");
    }
    return bytes;
  }
}

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
  HEX {
    @Override
    byte @Nullable [] decode(String text) {
      int length = text.length();
      if (length == 0 || length % 2 != 0) {
        return null;
      }
      byte[] bytes = new byte[length / 2];
      for (int i = 0; i < bytes.length; i++) {
        int high = digit(text.charAt(2 * i));
        int low = digit(text.charAt(2 * i + 1));
        if ((high | low) < 0) {
          return null;
        }
        bytes[i] = (byte) (high << 4 | low);
      }
      return bytes;
    }

    @Override
    String encode(byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }

    private int digit(char c) {
      if (c >= '0' && c <= '9') {
        return c - '0';
      }
      if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
      }
      return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }
  },
  BASE64 {
    @Override
    byte @Nullable [] decode(String text) {
      return decodeStrictly(text, STANDARD);
    }

    @Override
    String encode(byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
  },
  BASE64URL {
    @Override
    byte @Nullable [] decode(String text) {
      return decodeStrictly(text, URL);
    }

    @Override
    String encode(byte[] bytes) {
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
  };

  private static final byte[] STANDARD =
      alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  private static final byte[] URL =
      alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

  /** The bytes, or null when the text is not of this encoding. */
  abstract byte @Nullable [] decode(String text);

  abstract String encode(byte[] bytes);

  /** As it is written in a setting. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static byte[] alphabet(String letters) {
    byte[] values = new byte[128];
    Arrays.fill(values, (byte) -1);
    for (int i = 0; i < letters.length(); i++) {
      values[letters.charAt(i)] = (byte) i;
    }
    return values;
  }

  private static byte @Nullable [] decodeStrictly(String text, byte[] values) {
    int length = text.length();
    int padding = 0;
    while (padding < 2 && length > 0 && text.charAt(length - 1) == '=') {
      length--;
      padding++;
    }
    int rest = length % 4;
    if (length == 0 || rest == 1 || (padding > 0 && (length + padding) % 4 != 0)) {
      return null;
    }
    byte[] bytes = new byte[length * 6 / 8];
    int held = 0;
    int bits = 0;
    int at = 0;
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      int value = c < 128 ? values[c] : -1;
      if (value < 0) {
        return null;
      }
      held = (held << 6 | value) & 0xFFFFFF;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes[at++] = (byte) (held >> bits);
      }
    }
    // Bits that encode nothing must be zero, or two texts would mean the same signature.
    return (held & ((1 << bits) - 1)) == 0 ? bytes : null;
  }
}

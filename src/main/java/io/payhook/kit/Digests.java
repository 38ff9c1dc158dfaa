package io.payhook.kit;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256, which every Java platform has. */
public final class Digests {
  private Digests() {}

  /** A digest that is fed piece by piece. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The whole digest in small hexadecimal digits. */
  public static String sha256Hex(byte[] content) {
    return HexFormat.of().formatHex(sha256().digest(content));
  }

  /**
   * The beginning of the digest in small hexadecimal digits.
   *
   * @param bytes how many of its 32 bytes, two digits each
   */
  public static String sha256Hex(byte[] content, int bytes) {
    return HexFormat.of().formatHex(sha256().digest(content), 0, bytes);
  }
}

package io.payhook.signature;

import java.util.Locale;

/** How a sender proves itself. */
enum Algorithm {
  HMAC_SHA256("HmacSHA256", 32),
  HMAC_SHA512("HmacSHA512", 64),
  HMAC_SHA1("HmacSHA1", 20),
  HMAC_SHA3_512("HmacSHA3-512", 64),
  SHA256("SHA-256", 32),
  SHA512("SHA-512", 64),
  MD5("MD5", 16),
  ED25519("Ed25519", 64),
  RSA_SHA256("SHA256withRSA", 0),
  TOKEN("", 0),
  BASIC("", 0),
  NONE("", 0);

  /** Its name in the Java Cryptography Architecture. */
  final String jca;

  /** How many bytes a signature has; 0: it depends on the key. */
  final int length;

  Algorithm(String jca, int length) {
    this.jca = jca;
    this.length = length;
  }

  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean isHmac() {
    return jca.startsWith("Hmac");
  }

  /** Whether it is a plain digest, which proves something only where the secret is part of it. */
  boolean isDigest() {
    return this == SHA256 || this == SHA512 || this == MD5;
  }

  /** Whether what is compared is a signature over content, not a credential. */
  boolean signs() {
    return !jca.isEmpty();
  }
}

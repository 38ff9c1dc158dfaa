package io.payhook.signature;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** One secret, made ready to check and, where it can, to make signatures. Safe for many threads. */
abstract class SigningKey {
  /** What stands before an Ed25519 key in DER (RFC 8410). */
  private static final String ED25519_PUBLIC = "302a300506032b6570032100";

  private static final String ED25519_PRIVATE = "302e020100300506032b657004220420";

  /** Whether one of the signatures is that of the content. */
  boolean holds(byte[] content, List<byte[]> signatures) {
    return anyEquals(sign(content), signatures);
  }

  /**
   * The signature of the content.
   *
   * @throws IllegalStateException when the secret is only a public key
   */
  abstract byte[] sign(byte[] content);

  /**
   * @throws IllegalArgumentException whose message says what is wrong with the secret, without it
   */
  static SigningKey of(Algorithm algorithm, String keyForm, List<String> prefixes, Secret secret) {
    String text = secret.value();
    if (text.isBlank()) {
      throw new IllegalArgumentException("is empty");
    }
    return switch (algorithm) {
      case HMAC_SHA1, HMAC_SHA256, HMAC_SHA512, HMAC_SHA3_512 ->
          new Hmac(algorithm.jca, keyBytes(stripped(text, prefixes), keyForm));
      case SHA256, SHA512, MD5 -> new Digest(algorithm.jca);
      case TOKEN, BASIC -> new Token(text.getBytes(StandardCharsets.UTF_8));
      case ED25519 -> ed25519(text, stripped(text, prefixes), keyForm);
      case RSA_SHA256 -> rsa(text);
      case NONE -> throw new IllegalArgumentException("has no use: the provider does not sign");
    };
  }

  /** A certificate's public key. */
  static SigningKey of(PublicKey key) {
    return new Asymmetric(Algorithm.RSA_SHA256.jca, key, null);
  }

  private static byte[] keyBytes(String text, String form) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    byte[] key =
        switch (form) {
          case "base64" -> base64(text);
          case "hex" -> hex(text);
          case "sha1" -> digest("SHA-1", bytes);
          case "sha256-hex" ->
              HexFormat.of().formatHex(digest("SHA-256", bytes)).getBytes(StandardCharsets.UTF_8);
          default -> bytes;
        };
    if (key.length == 0) {
      throw new IllegalArgumentException("is empty after its prefix");
    }
    return key;
  }

  private static String stripped(String secret, List<String> prefixes) {
    for (String prefix : prefixes) {
      if (secret.startsWith(prefix)) {
        return secret.substring(prefix.length());
      }
    }
    return secret;
  }

  private static byte[] base64(String text) {
    try {
      boolean url = text.indexOf('-') >= 0 || text.indexOf('_') >= 0;
      return (url ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(text);
    } catch (IllegalArgumentException e) {
      // The decoder's own message quotes a character of the secret.
      throw new IllegalArgumentException("is not base64, as signature.key says it is");
    }
  }

  private static byte[] hex(String text) {
    byte[] bytes = Encoding.HEX.decode(text);
    if (bytes == null) {
      throw new IllegalArgumentException("is not hex, as signature.key says it is");
    }
    return bytes;
  }

  private static byte[] digest(String algorithm, byte[] content) {
    try {
      return MessageDigest.getInstance(algorithm).digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }

  /**
   * Looks at every signature to its end. {@code isEqual} takes the time of its first argument's
   * length, which is ours; what a sender gives changes nothing about it.
   */
  private static boolean anyEquals(byte[] expected, List<byte[]> signatures) {
    boolean equal = false;
    for (int i = 0; i < signatures.size(); i++) {
      equal |= MessageDigest.isEqual(expected, signatures.get(i));
    }
    return equal;
  }

  private static final class Hmac extends SigningKey {
    private final SecretKeySpec key;
    private final ThreadLocal<Mac> macs = ThreadLocal.withInitial(this::newMac);

    Hmac(String algorithm, byte[] key) {
      this.key = new SecretKeySpec(key, algorithm);
    }

    private Mac newMac() {
      try {
        Mac mac = Mac.getInstance(key.getAlgorithm());
        mac.init(key);
        return mac;
      } catch (NoSuchAlgorithmException | InvalidKeyException e) {
        throw new IllegalStateException("this Java can't do " + key.getAlgorithm(), e);
      }
    }

    @Override
    byte[] sign(byte[] content) {
      return macs.get().doFinal(content);
    }
  }

  /** A digest over content that holds the secret itself. */
  private static final class Digest extends SigningKey {
    private final String algorithm;

    Digest(String algorithm) {
      this.algorithm = algorithm;
    }

    @Override
    byte[] sign(byte[] content) {
      return digest(algorithm, content);
    }
  }

  private static final class Token extends SigningKey {
    private final byte[] token;

    Token(byte[] token) {
      this.token = token;
    }

    @Override
    byte[] sign(byte[] content) {
      return token.clone();
    }
  }

  private static final class Asymmetric extends SigningKey {
    private final String algorithm;
    private final PublicKey publicKey;
    private final @Nullable PrivateKey privateKey;

    Asymmetric(String algorithm, PublicKey publicKey, @Nullable PrivateKey privateKey) {
      this.algorithm = algorithm;
      this.publicKey = publicKey;
      this.privateKey = privateKey;
    }

    @Override
    boolean holds(byte[] content, List<byte[]> signatures) {
      for (byte[] candidate : signatures) {
        try {
          Signature signature = Signature.getInstance(algorithm);
          signature.initVerify(publicKey);
          signature.update(content);
          if (signature.verify(candidate)) {
            return true;
          }
        } catch (GeneralSecurityException e) {
          // Not a signature of this kind at all.
        }
      }
      return false;
    }

    @Override
    byte[] sign(byte[] content) {
      if (privateKey == null) {
        throw new IllegalStateException("is a public key; signing needs the private one");
      }
      try {
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(privateKey);
        signature.update(content);
        return signature.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("can't sign: " + e.getMessage(), e);
      }
    }
  }

  private static SigningKey ed25519(String secret, String stripped, String keyForm) {
    try {
      byte[] publicDer = pem(secret, "PUBLIC KEY");
      byte[] privateDer = publicDer == null ? null : pem(secret, "PRIVATE KEY");
      if (publicDer == null) {
        boolean hex =
            keyForm.equals("hex")
                || (stripped.length() == 64 && Encoding.HEX.decode(stripped) != null);
        byte[] raw = hex ? hex(stripped) : base64(stripped);
        // The private half comes first, where there is one.
        publicDer =
            switch (raw.length) {
              case 32 -> der(ED25519_PUBLIC, raw);
              case 64 -> der(ED25519_PUBLIC, Arrays.copyOfRange(raw, 32, 64));
              default -> raw;
            };
        privateDer = raw.length == 64 ? der(ED25519_PRIVATE, Arrays.copyOf(raw, 32)) : null;
      }
      KeyFactory keys = KeyFactory.getInstance("Ed25519");
      return new Asymmetric(
          "Ed25519",
          keys.generatePublic(new X509EncodedKeySpec(publicDer)),
          privateDer == null ? null : keys.generatePrivate(new PKCS8EncodedKeySpec(privateDer)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("is not an Ed25519 public key");
    }
  }

  private static byte[] der(String head, byte[] key) {
    return HexFormat.of().parseHex(head + HexFormat.of().formatHex(key));
  }

  private static SigningKey rsa(String secret) {
    try {
      KeyFactory keys = KeyFactory.getInstance("RSA");
      byte[] privateDer = pem(secret, "PRIVATE KEY");
      if (privateDer != null) {
        PrivateKey privateKey = keys.generatePrivate(new PKCS8EncodedKeySpec(privateDer));
        if (!(privateKey instanceof RSAPrivateCrtKey whole)) {
          throw new IllegalArgumentException("is a private key; the public one is needed");
        }
        PublicKey publicKey =
            keys.generatePublic(
                new RSAPublicKeySpec(whole.getModulus(), whole.getPublicExponent()));
        return new Asymmetric(Algorithm.RSA_SHA256.jca, publicKey, privateKey);
      }
      byte[] publicDer = pem(secret, "PUBLIC KEY");
      byte[] certificate = pem(secret, "CERTIFICATE");
      return of(
          certificate != null
              ? CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(certificate))
                  .getPublicKey()
              : keys.generatePublic(
                  new X509EncodedKeySpec(publicDer != null ? publicDer : base64(secret))));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "is neither an RSA public key nor a certificate; give it as PEM");
    }
  }

  /** The bytes of a PEM block, or null; line breaks may be real, written \n, or spaces. */
  private static byte @Nullable [] pem(String text, String type) {
    String begin = "-----BEGIN " + type + "-----";
    int start = text.indexOf(begin);
    int end = text.indexOf("-----END " + type + "-----");
    if (start < 0 || end < start) {
      return null;
    }
    String inside =
        text.substring(start + begin.length(), end).replace("\\n", "").replaceAll("\\s", "");
    try {
      return Base64.getDecoder().decode(inside);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "has a PEM block '" + type.toLowerCase(Locale.ROOT) + "' that is not base64");
    }
  }
}
